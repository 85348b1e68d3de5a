"""Studies in mode "dp" that compare groups, follow persons over time, and foretell: from submission to the answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from tests.unit.federate.conftest import study

from cohortium.analyse import Anova, ExplainableBoosting, KaplanMeier, LogRank, TableOne, TTest, pooled
from cohortium.analyse.trees import predict
from cohortium.errors import CohortiumError
from cohortium.federate import Analysis, simulate
from cohortium.records import Column, Kind, Result, Schema, Table

SCHEMA = Schema(
    (
        Column("age", Kind.INTEGER, minimum=18, maximum=100),
        Column("arm", Kind.CATEGORICAL, levels=("a", "b", "c")),
        Column("smoker", Kind.BOOLEAN),
        Column("days", Kind.DURATION, unit="days", minimum=0, maximum=1000),
        Column("died", Kind.BOOLEAN),
    )
)
ASKED = study(
    mode="dp",
    epsilon=12.0,
    delta=1e-5,
    analyses=(
        Analysis("t", TTest("age", "arm", between=("c", "a"))),
        Analysis("anova", Anova("age", "arm")),
        Analysis("one", TableOne(("age", "smoker"), "arm")),
        Analysis("curve", KaplanMeier("days", "died", ("arm",), at_days=(300.0,))),
        Analysis("rank", LogRank("days", "died", ("arm",))),
        Analysis("model", ExplainableBoosting("died", ("age", "smoker", "arm"), rounds=4)),
    ),
)


@pytest.fixture(scope="module")
def table() -> Table:
    rng = np.random.default_rng(0)
    n = 3_000
    arm = rng.integers(0, 3, n)
    time, leaves = rng.exponential(400 + 300 * arm), np.minimum(rng.exponential(1500, n), 900)
    columns = {
        "age": np.clip(np.rint(rng.normal(55 + 4 * arm, 12)), 18, 100).astype(np.int64),
        "arm": np.array(["a", "b", "c"])[arm],
        "smoker": pa.array(rng.random(n) < 0.2 + 0.1 * arm),
        "days": np.ceil(np.minimum(time, leaves)),
        "died": pa.array(time <= leaves),
    }
    return Table(pa.table(columns), SCHEMA)


@pytest.fixture(scope="module")
def found(table: Table) -> dict[str, Result]:
    return simulate(ASKED, {name: table.take(np.arange(place, len(table), 3)) for place, name in enumerate("abc")})


def test_every_answer_carries_the_noise_that_it_says(found: dict[str, Result]) -> None:
    for analysis in ASKED.analyses:
        noise = found[analysis.name].facts["noise_sd"]
        assert all(deviation > 0 for deviation in noise.values())
        assert noise["persons"] == max(noise.values()) or analysis.name in ("t", "anova", "one")


def test_answers_lie_around_the_pooled_ones(found: dict[str, Result], table: Table) -> None:
    exact = {analysis.name: pooled(analysis.algorithm, table) for analysis in ASKED.analyses}
    assert found["t"].facts["low"] - 1 < exact["t"].facts["estimate"] < found["t"].facts["high"] + 1
    assert max(found["t"].facts["p"], found["anova"].facts["welch_p"], found["rank"].facts["p"]) < 1e-3
    assert max(found["one"].tables["tests"]["p"]) < 1e-3
    for name in ("t", "anova"):
        means = found[name].tables["groups"]["mean"]
        np.testing.assert_allclose(means, exact[name].tables["groups"]["mean"], atol=2.0)
    survival = found["curve"].tables["at_times"]["survival"]
    np.testing.assert_allclose(survival, exact["curve"].tables["at_times"]["survival"], atol=0.12)
    chances = predict(found["model"], table)[:, 1], predict(exact["model"], table)[:, 1]
    assert np.corrcoef(*chances)[0, 1] > 0.8


def test_a_column_without_a_plausible_range_is_refused_before_any_record_is_read(table: Table) -> None:
    unknown = Table(table.arrow, Schema((replace(SCHEMA["age"], minimum=None), *SCHEMA.columns[1:])))
    asked = replace(ASKED, analyses=ASKED.analyses[:1])
    with pytest.raises(CohortiumError, match="plausible range of 'age'"):
        simulate(asked, {name: unknown.take(np.arange(place, 3_000, 3)) for place, name in enumerate("abc")})
