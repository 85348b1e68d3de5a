"""Meta-analysis where sites have too few persons, empty cells, or stand alone."""

from __future__ import annotations

import numpy as np
import pytest
from tests.conformance.examples.example import patients

from cohortium.analyse import MetaAnalysis, pooled
from cohortium.errors import InvalidRequest, TooFewRecords

TABLE = patients(200)
HOSPITAL = TABLE.codes("hospital")[0]


def test_a_site_alone_is_its_own_average() -> None:
    answer = pooled(MetaAnalysis("hospital", "age"), TABLE.take(HOSPITAL == 0))
    pooled_rows = answer.frame("pooled").set_index("model")
    assert pooled_rows.estimate["fixed"] == pytest.approx(TABLE.numeric("age")[HOSPITAL == 0].mean())
    assert pooled_rows.estimate["random"] == pooled_rows.estimate["fixed"]
    assert answer.facts["tau_squared"] is None
    assert answer.facts["estimates"] == 1


def test_a_site_with_one_person_is_left_out_by_name() -> None:
    rows = np.concatenate([np.flatnonzero(HOSPITAL > 0), np.flatnonzero(HOSPITAL == 0)[:1]])
    answer = pooled(MetaAnalysis("hospital", "age"), TABLE.take(rows))
    sites = answer.frame("sites").set_index("site")
    assert np.isnan(sites.se["north"])
    assert sites.weight_fixed["north"] == 0
    assert sites.weight_fixed.sum() == pytest.approx(1)
    assert "north" in answer.facts["notes"][0]


def test_an_empty_cell_gets_half_a_person() -> None:
    relapse, treated = TABLE.codes("relapse")[0], TABLE.codes("treated")[0]
    rows = TABLE.take(~((HOSPITAL == 1) & (relapse == 1) & (treated == 1)))
    answer = pooled(MetaAnalysis("hospital", "relapse", "log odds ratio", "treated", ("true", "false")), rows)
    kept = HOSPITAL == 1
    n = [int((kept & (treated == side)).sum()) for side in (0, 1)]
    n[1] = int((kept & (treated == 1) & (relapse == 0)).sum())
    events = int((kept & (treated == 0) & (relapse == 1)).sum())
    expected = np.log(0.5 / (n[1] + 0.5)) - np.log((events + 0.5) / (n[0] - events + 0.5))
    assert answer.frame("sites").estimate[1] == pytest.approx(expected)
    assert "south" in answer.facts["notes"][0]


def test_hedges_corrects_for_few_persons() -> None:
    answer = pooled(MetaAnalysis("hospital", "age", "standardised mean difference", "treated"), TABLE)
    rows = TABLE.take(HOSPITAL == 2)
    age, treated = rows.numeric("age"), rows.codes("treated")[0]
    old, new = age[treated == 0], age[treated == 1]
    df = len(age) - 2
    spread = np.sqrt(((len(old) - 1) * old.var(ddof=1) + (len(new) - 1) * new.var(ddof=1)) / df)
    expected = (1 - 3 / (4 * df - 1)) * (old.mean() - new.mean()) / spread
    assert answer.frame("sites").estimate[2] == pytest.approx(expected)


def test_no_site_with_an_estimate_is_an_error() -> None:
    with pytest.raises(TooFewRecords, match="No site"):
        pooled(MetaAnalysis("hospital", "age"), TABLE.take([0]))


@pytest.mark.parametrize(
    ("algorithm", "told"),
    [
        (MetaAnalysis("hospital", "age", "log odds ratio", "treated"), "boolean"),
        (MetaAnalysis("hospital", "relapse", "risk difference"), "compares two groups"),
        (MetaAnalysis("hospital", "age", "mean difference", "stage"), "between"),
        (MetaAnalysis("hospital", "age", "median"), "one of"),
        (MetaAnalysis("hospital", "age", "mean", "treated"), "no use"),
    ],
)
def test_settings_that_do_not_fit_are_refused(algorithm: MetaAnalysis, told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        pooled(algorithm, TABLE)
