"""Propensity weighting: settings that do not fit, records that cannot be weighted, and a known effect."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.conformance.examples.example import patients

from cohortium.analyse import IPTW, pooled
from cohortium.errors import InvalidRequest, NotConverged, TooFewRecords
from cohortium.numerics.treatment_weights import Weights, treatment_weights, truncated
from cohortium.records import Column, Kind, Schema, Table

TABLE = patients()


def confounded(n: int, seed: int, separates: bool = False) -> Table:
    """Treatment adds 1 to the outcome; ill patients are treated more often, and do worse by 2."""
    rng = np.random.default_rng(seed)
    ill = rng.normal(size=n)
    treated = ill > 0 if separates else rng.random(n) < 1 / (1 + np.exp(-ill))
    score = treated - 2 * ill + rng.normal(size=n)
    arrays = {"ill": pa.array(ill), "treated": pa.array(treated), "score": pa.array(score)}
    kinds = {"ill": Kind.CONTINUOUS, "treated": Kind.BOOLEAN, "score": Kind.CONTINUOUS}
    return Table(pa.table(arrays), Schema(tuple(Column(name, kind) for name, kind in kinds.items())))


@pytest.mark.parametrize("estimand", ["ATE", "ATT"])
def test_a_known_effect_is_found_where_the_plain_difference_misleads(estimand: str) -> None:
    table = confounded(4000, 1)
    score, treated = table.numeric("score"), table.numeric("treated") == 1
    assert score[treated].mean() - score[~treated].mean() < 0
    answer = pooled(IPTW("treated", "score", ("ill",), estimand=estimand), table)
    row = answer.frame("effects").iloc[0]
    assert row.low < 1 < row.high and row.standard_error < 0.15
    assert answer.facts["is_balanced"]


def test_intervals_cover_as_often_as_they_say() -> None:
    """Of 200 studies 95 % cover: between 90 % and 99 % but for one chance in a thousand. Known weights are wider."""
    settings = {name: IPTW("treated", "score", ("ill",), variance=name) for name in ("estimated", "robust")}
    covered, widths = 0, dict.fromkeys(settings, 0.0)
    for seed in range(200):
        table = confounded(300, seed)
        for name, one in settings.items():
            row = pooled(one, table).frame("effects").iloc[0]
            widths[name] += row.high - row.low
            covered += int(name == "estimated" and row.low < 1 < row.high)
    assert 180 <= covered <= 198
    assert widths["robust"] > 1.1 * widths["estimated"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"estimand": "ATU"}, "'estimand' is 'ATU'"),
        ({"variance": "bootstrap"}, "'variance' is 'bootstrap'"),
        ({"level": 1.0}, "between 0 and 1"),
        ({"covariates": ()}, "needs covariates"),
        ({"covariates": ("age", "relapse")}, "'relapse' is the outcome"),
        ({"covariates": ("age", "treated")}, "'treated' is the outcome and a covariate"),
        ({"outcome": "treated"}, "'treated' is the outcome"),
        ({"outcome": "stage"}, "a numeric column was expected"),
        ({"treatment": "stage"}, "in the setting 'treated'"),
        ({"treatment": "age"}, "in the setting 'treated'"),
        ({"treatment": "stage", "treated": "IV"}, "has no level 'IV'"),
        ({"quantiles": (0.01, 0.99), "largest": 10.0}, "set one of them"),
        ({"quantiles": (0.99, 0.01)}, "a lowest and a highest share"),
        ({"quantiles": (0.99,)}, "a lowest and a highest share"),
        ({"largest": 0.0}, "above 0"),
    ],
)
def test_settings_that_do_not_fit(settings: dict[str, Any], message: str) -> None:
    plain: dict[str, Any] = {"treatment": "treated", "outcome": "relapse", "covariates": ("age",)}
    with pytest.raises(InvalidRequest, match=message):
        pooled(IPTW(**plain | settings), TABLE)


def test_a_level_can_be_the_treatment() -> None:
    answer = pooled(IPTW("stage", "visits", ("age", "smoker"), treated="III"), TABLE)
    assert answer.tables["means"]["n"][1] == int((TABLE.to_pandas().stage == "III").sum())


def test_rows_with_missing_values_are_left_out_and_counted() -> None:
    answer = pooled(IPTW("treated", "marker", ("age",)), TABLE)
    missing = int(TABLE.missing("marker").sum())
    assert answer.facts["rows_left_out"] == missing > 0
    assert answer.facts["n"] == answer.persons == len(TABLE) - missing


def test_covariates_that_decide_the_treatment_are_named() -> None:
    with pytest.raises(NotConverged, match="ill"):
        pooled(IPTW("treated", "score", ("ill",)), confounded(200, 0, separates=True))


@pytest.mark.parametrize("is_treated", [0.0, 1.0])
def test_one_arm_alone_has_no_effect(is_treated: float) -> None:
    with pytest.raises(TooFewRecords, match="needs treated and untreated patients"):
        pooled(IPTW("treated", "visits", ("age",)), TABLE.take(TABLE.numeric("treated") == is_treated))


def test_no_complete_row() -> None:
    with pytest.raises(TooFewRecords):
        pooled(IPTW("treated", "marker", ("age",)), TABLE.take(TABLE.missing("marker")))


def test_an_outcome_that_nobody_or_everybody_of_an_arm_has_gets_no_ratios() -> None:
    kept = (TABLE.numeric("relapse") == 0) | (TABLE.numeric("treated") == 0)
    answer = pooled(IPTW("treated", "relapse", ("age",)), TABLE.take(kept))
    assert answer.tables["effects"]["effect"] == ["risk difference"]


def test_uneven_weights_are_told() -> None:
    rng = np.random.default_rng(0)
    table = confounded(2000, 3)
    ill = table.numeric("ill")
    steep = rng.random(2000) < 1 / (1 + np.exp(-4 * ill))
    arrow = table.arrow.set_column(1, "treated", pa.array(steep))
    answer = pooled(IPTW("treated", "score", ("ill",)), Table(arrow, table.schema))
    assert any("less than half" in note for note in answer.facts["notes"])


def test_weights_by_hand() -> None:
    treated, predictor = np.array([1.0, 0.0]), np.log(np.array([0.25, 0.25]))  # a chance of 0.2
    found = treatment_weights(treated, predictor, "ATE", (0.5, 0.5))
    np.testing.assert_allclose(found.weight, [2.5, 0.625])
    np.testing.assert_allclose(found.slope, [-2.0, 0.125])
    np.testing.assert_allclose(treatment_weights(treated, predictor, "ATT").weight, [1.0, 0.25])
    moved = truncated(Weights(np.array([0.5, 1.0, 2.0, 3.0]), np.ones(4)), 1.0, 2.5)
    np.testing.assert_allclose(moved.weight, [1.0, 1.0, 2.0, 2.5])
    np.testing.assert_allclose(moved.slope, [0.0, 0.0, 1.0, 0.0])


def test_a_covariate_that_says_nothing_new_is_left_out() -> None:
    arrow = TABLE.arrow.append_column("months", pa.array(TABLE.numeric("age") * 12))
    table = Table(arrow, Schema((*TABLE.schema.columns, Column("months", Kind.CONTINUOUS))))
    twice = pooled(IPTW("treated", "visits", ("age", "months", "stage")), table)
    once = pooled(IPTW("treated", "visits", ("age", "stage")), table)
    np.testing.assert_allclose(twice.arrays["covariance"], once.arrays["covariance"], rtol=1e-9)
    assert any("months" in note for note in twice.facts["notes"])
