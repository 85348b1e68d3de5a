"""Cox regression where records are difficult: constant, collinear and separating covariates, sites without events."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.conformance.examples.example import patients

from cohortium.analyse import Cox, drive, over_sites, pooled
from cohortium.analyse.survival.cox_steps import likelihood_at
from cohortium.analyse.survival.event_points import EventPoints
from cohortium.errors import InvalidRequest, NotApplicable, NotConverged, TooFewRecords
from cohortium.records import Column, Kind, Role, Schema, State, Sums, Table, agreed_schema, as_agreed

COX = Cox("time_days", "died", ("age", "treated"))


def with_column(table: Table, name: str, values: np.ndarray) -> Table:
    arrow = table.arrow.append_column(name, pa.array(values.astype(float)))
    return Table(arrow, Schema((*table.schema.columns, Column(name, Kind.CONTINUOUS))))


def coefficients(answer: Any) -> np.ndarray:
    return np.array(answer.tables["coefficients"]["coefficient"], dtype=float)


def test_a_site_without_events_and_an_empty_site_change_nothing() -> None:
    table = patients()
    died = table.numeric("died") == 1
    parts = [table.take(died), table.take(~died), table.take(died & ~died)]
    np.testing.assert_allclose(coefficients(over_sites(COX, parts)), coefficients(pooled(COX, table)), rtol=1e-10)


def test_scale_and_shift_of_a_covariate_do_not_matter() -> None:
    table = with_column(patients(), "days", 20_000 + 365.25 * patients().numeric("age"))
    answer = pooled(Cox("time_days", "died", ("days",)), table)
    plain = pooled(Cox("time_days", "died", ("age",)), table)
    np.testing.assert_allclose(coefficients(answer) * 365.25, coefficients(plain), rtol=1e-8)


def test_a_constant_covariate_is_left_out_and_said() -> None:
    table = with_column(patients(), "one", np.full(400, 7.1))
    answer = pooled(Cox("time_days", "died", ("age", "one")), table)
    assert answer.tables["coefficients"]["coefficient"][1] is None
    assert any("'one'" in note for note in answer.facts["notes"])
    with pytest.raises(NotApplicable, match="one and the same value"):
        pooled(Cox("time_days", "died", ("one",)), table)


def test_collinear_covariates_are_named() -> None:
    table = with_column(patients(), "twice", 2 * patients().numeric("age") + 3)
    with pytest.raises(InvalidRequest, match="'age', 'twice'"):
        pooled(Cox("time_days", "died", ("age", "treated", "twice")), table)


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_covariate_that_separates_is_named(sign: int) -> None:
    """Nobody with the mark has the event, or all of them have it before anyone else."""
    table = patients()
    survivors, first = table.numeric("died") == 0, table.numeric("time_days") < 10
    mark = survivors & (table.numeric("age") > 60) if sign < 0 else first & (table.numeric("died") == 1)
    marked = with_column(table, "mark", mark)
    with pytest.raises(NotConverged, match=r"'mark'.*grows without end"):
        pooled(Cox("time_days", "died", ("age", "mark")), marked)
    kept = coefficients(pooled(Cox("time_days", "died", ("age", "mark"), ridge=1.0), marked))
    assert np.sign(kept[1]) == sign


def test_no_events_and_no_complete_rows() -> None:
    table = patients()
    with pytest.raises(TooFewRecords, match="at least one event"):
        pooled(COX, table.take(table.numeric("died") == 0))
    with pytest.raises(TooFewRecords, match="there are none"):
        pooled(Cox("time_days", "died", ("marker",)), table.take(table.missing("marker")))


def test_rows_that_miss_a_covariate_are_left_out() -> None:
    table = patients()
    algorithm = Cox("time_days", "died", ("age", "marker"))
    answer = pooled(algorithm, table)
    known = table.take(~table.missing("marker"))
    assert answer.persons == len(known)
    assert answer.facts["left_out"] == len(table) - len(known)
    np.testing.assert_allclose(coefficients(answer), coefficients(pooled(algorithm, known)), rtol=1e-12)


def test_strata_have_baselines_of_their_own() -> None:
    table = patients()
    answer = pooled(Cox("time_days", "died", ("age",), strata=("hospital",)), table).frame("baseline")
    assert set(answer.stratum) == {"north", "south", "west"}
    assert (answer.groupby("stratum").cumulative_hazard.diff().dropna() > 0).all()
    assert answer.events.sum() == table.numeric("died").sum()


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_robust_errors_follow_a_person_over_several_rows(ties: str) -> None:
    """Each person twice: the model's errors shrink as if there were twice as many, the robust ones do not."""
    table = patients(150)
    arrow = pa.concat_tables([table.arrow, table.arrow]).append_column(
        "person", pa.array([str(place % 150) for place in range(300)])
    )
    key = Column("person", Kind.IDENTIFIER, frozenset({Role.PERSON_KEY}))
    twice = Table(arrow, Schema((*table.schema.columns, key)))
    algorithm = Cox("time_days", "died", ("age", "treated"), ties=ties, robust=True, step_days=30)
    once, doubled = (pooled(algorithm, one).frame("coefficients") for one in (table, twice))
    assert (doubled.model_se / once.model_se).mean() == pytest.approx(2**-0.5, rel=0.02)
    assert (doubled.se / once.se).mean() == pytest.approx(1.0, rel=0.02)


def test_merged_points_hold_enough_events_and_answer_alike() -> None:
    points = EventPoints.of(np.array([[1, 0, 1, 2, 0, 1], [0, 0, 0, 1, 0, 0]]), 2)
    np.testing.assert_array_equal(points.first, [0, 2, 3])
    np.testing.assert_array_equal(points.time, [0, 3, 3])
    np.testing.assert_array_equal(points.until, [2, 5, 3])
    np.testing.assert_array_equal(points.deaths, [2, 3, 1])


def test_merged_points_answer_as_if_events_were_recorded_at_them() -> None:
    table = patients()
    merged = pooled(Cox("time_days", "died", ("age", "treated"), events_per_point=5), table)
    counts = np.bincount(table.numeric("time_days").astype(int), weights=table.numeric("died")).astype(int)
    points = EventPoints.of(counts[None, :], 5)
    np.testing.assert_array_equal(merged.tables["baseline"]["time"], points.time)
    assert min(merged.tables["baseline"]["events"]) >= 5
    times, died = table.numeric("time_days"), table.numeric("died") == 1
    place = np.minimum(np.searchsorted(points.until, times), len(points.until) - 1)
    moved = np.where(died, points.time[place], times)
    regrouped = pooled(Cox("moved", "died", ("age", "treated")), with_column(table, "moved", moved))
    np.testing.assert_allclose(coefficients(merged), coefficients(regrouped), rtol=1e-9)
    error = np.array(merged.tables["coefficients"]["se"])
    exact = coefficients(pooled(Cox("time_days", "died", ("age", "treated")), table))
    assert 0 < np.abs((coefficients(merged) - exact) / error).max() < 0.3


def test_skewed_covariates_take_halved_or_bounded_steps() -> None:
    rng = np.random.default_rng(0)
    table = with_column(patients(), "skewed", np.exp(rng.normal(0, 3, 400)))
    answer = pooled(Cox("time_days", "died", ("skewed", "age")), table)
    found = coefficients(answer)
    assert np.isfinite(found).all()
    assert answer.facts["tests"]["likelihood_ratio"]["statistic"] >= 0


def test_slope_vanishes_at_the_answer() -> None:
    """Whatever path led there, the score at the final coefficients is zero to rounding."""
    table = patients()
    schema = agreed_schema([table.schema], COX.columns(), [table])
    seen: list[tuple[State, Sums]] = []

    def total_of(state: State) -> Sums:
        seen.append((state, COX.local(as_agreed(table, schema), state)))
        return seen[-1][1]

    drive(COX, schema, total_of)
    state, total = seen[-1]
    assert state.step == "final"
    assert np.abs(likelihood_at(total, state, efron=True).slope).max() < 1e-7


def test_late_entry_leaves_concordance_out() -> None:
    table = with_column(patients(), "entry", np.zeros(400))
    late = pooled(Cox("time_days", "died", ("age",), entry="entry"), table)
    assert late.facts["concordance"] is None
    np.testing.assert_allclose(
        coefficients(late), coefficients(pooled(Cox("time_days", "died", ("age",)), table)), rtol=1e-10
    )


@pytest.mark.parametrize("settings", [{"ties": "exact"}, {"covariates": ()}, {"time_transform": "km"}, {"ridge": -1.0}])
def test_settings_that_do_not_fit(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        pooled(Cox(**({"time": "time_days", "event": "died", "covariates": ("age",)} | settings)), patients(30))
