"""Grids, horizons and records out of the ordinary, and the restricted mean against its closed form."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.conformance.examples.example import patients

from cohortium.analyse import KaplanMeier, over_sites, pooled
from cohortium.errors import InvalidRecords, InvalidRequest, TooFewRecords
from cohortium.records import Column, Kind, Result, Schema, Table


def followed(times: list[float], events: list[Any], unit: str | None = "days", **more: list[Any]) -> Table:
    columns = {"time": times, "event": events} | more
    kinds = {"time": Kind.CONTINUOUS, "entry": Kind.CONTINUOUS, "group": Kind.CATEGORICAL}
    schema = [
        Column(name, kinds.get(name, Kind.BOOLEAN), unit=unit if name in ("time", "entry") else None)
        for name in columns
    ]
    return Table(pa.table({name: pa.array(values) for name, values in columns.items()}), Schema(tuple(schema)))


def curve(answer: Result) -> list[tuple[float, int, float]]:
    table = answer.tables["curve"]
    return list(zip(table["time"], table["at_risk"], np.round(table["survival"], 12).tolist(), strict=True))


def test_by_hand() -> None:
    answer = pooled(KaplanMeier("time", "event"), followed([0, 2, 2, 3, 5], [True, True, False, True, False]))
    assert curve(answer) == [(0, 5, 0.8), (2, 4, 0.6), (3, 2, 0.3)]
    assert answer.tables["groups"]["median"] == [3.0]
    # The area under 0.8 until 2, 0.6 until 3, 0.3 until 5.
    assert answer.tables["groups"]["restricted_mean"] == pytest.approx([0.8 * 2 + 0.6 + 0.3 * 2])


def test_restricted_mean_without_censoring_is_a_mean() -> None:
    """Without censoring it is the mean of min(T, tau), and its variance that of the mean, with n below."""
    times = np.random.default_rng(0).integers(1, 90, 60)
    answer = pooled(KaplanMeier("time", "event", restrict_days=50), followed(times.tolist(), [True] * 60))
    cut = np.minimum(times, 50)
    row = answer.frame("groups").iloc[0]
    assert row.restricted_mean == pytest.approx(cut.mean())
    assert row.restricted_mean_high - row.restricted_mean == pytest.approx(1.959964 * cut.std() / math.sqrt(60))


def test_difference_of_restricted_means() -> None:
    rng = np.random.default_rng(1)
    times, group = rng.integers(1, 90, 80), np.repeat(["a", "b"], 40)
    table = followed(times.tolist(), [True] * 80, group=group.tolist())
    found = pooled(KaplanMeier("time", "event", ("group",), restrict_days=50), table).frame(
        "restricted_mean_differences"
    )
    one, other = (np.minimum(times[group == name], 50) for name in "ab")
    error = math.sqrt(one.var() / 40 + other.var() / 40)
    assert found.difference[0] == pytest.approx(other.mean() - one.mean())
    assert found.p[0] == pytest.approx(math.erfc(abs(other.mean() - one.mean()) / error / math.sqrt(2)))


def test_late_entry_counts_from_after_the_entry() -> None:
    table = followed([4, 6, 6], [True, True, True], entry=[0.0, 3.0, 4.0])
    assert curve(pooled(KaplanMeier("time", "event", entry="entry"), table)) == [(4, 2, 0.5), (6, 2, 0)]


def test_units_are_turned_into_days() -> None:
    answer = pooled(KaplanMeier("time", "event"), followed([1, 2, 3], [True] * 3, unit="weeks"))
    assert answer.tables["curve"]["time"] == [7.0, 14.0, 21.0]
    assert answer.facts["time_unit"] == "days"


def test_a_coarser_step_rounds_and_says_so() -> None:
    answer = pooled(KaplanMeier("time", "event", step_days=30), followed([14, 16, 60, 100], [True] * 4))
    assert answer.tables["curve"]["time"] == [0.0, 30.0, 60.0, 90.0]
    assert "3 times were rounded to the nearest step of 30" in answer.facts["notes"][0]


@pytest.mark.parametrize("horizon", [30.0, 100.0, None])
def test_a_horizon_changes_nothing_before_it(horizon: float | None) -> None:
    table = patients()
    whole = pooled(KaplanMeier("time_days", "died", at_days=(29.0,)), table)
    cut = pooled(KaplanMeier("time_days", "died", at_days=(29.0,), horizon_days=horizon), table)
    assert cut.tables["at_times"] == whole.tables["at_times"]
    assert max(cut.tables["curve"]["time"]) <= (horizon or math.inf)
    assert (horizon is None) == (cut.facts["horizon"] >= 1_000)


def test_survival_beyond_the_follow_up_is_not_told() -> None:
    answer = pooled(KaplanMeier("time", "event", at_days=(4.0, 5.0, 6.0)), followed([2, 5], [True, False]))
    assert answer.tables["at_times"]["survival"] == [0.5, 0.5, None]
    ended = pooled(KaplanMeier("time", "event", at_days=(6.0,)), followed([2, 5], [True, True]))
    assert ended.tables["at_times"]["survival"] == [0.0]


def test_a_site_without_events_adds_those_at_risk() -> None:
    with_events, without = followed([2, 4], [True, True]), followed([3, 3], [False, False])
    assert curve(over_sites(KaplanMeier("time", "event"), [with_events, without])) == [(2, 4, 0.75), (4, 1, 0.0)]


def test_negative_times_are_refused() -> None:
    with pytest.raises(InvalidRecords, match="1 times in 'time' are negative"):
        pooled(KaplanMeier("time", "event"), followed([-1, 3], [True, True]))


def test_an_entry_after_the_end_is_refused() -> None:
    with pytest.raises(InvalidRecords, match="'entry' are not before 'time'"):
        pooled(KaplanMeier("time", "event", entry="entry"), followed([3, 3], [True, True], entry=[0.0, 3.0]))


def test_no_events_at_all() -> None:
    with pytest.raises(TooFewRecords, match="No event was seen in 'event' among 2 rows"):
        pooled(KaplanMeier("time", "event"), followed([1, 3], [False, False]))


def test_missing_values_are_left_out_and_counted() -> None:
    answer = pooled(KaplanMeier("time", "event"), followed([1, None, 3], [True, True, None]))  # type: ignore[list-item]
    assert answer.persons == 1
    assert answer.facts["left_out"] == 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"step_days": 0.0}, "positive number of days"),
        ({"horizon_days": 1e9}, "Choose another horizon"),
        ({"event": "stage"}, "has 3 levels; two were expected"),
        ({"event": "stage", "event_levels": ("IV",)}, "has no level"),
        ({"time": "stage"}, "a length of time was expected"),
        ({"time": "age", "entry": "stage"}, "a length of time was expected"),
        ({"level": 95.0}, "between 0 and 1"),
    ],
)
def test_settings_that_do_not_fit(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        pooled(KaplanMeier(**({"time": "time_days", "event": "died"} | settings)), patients(50))


def test_levels_that_count_as_the_event() -> None:
    table = patients()
    both = pooled(KaplanMeier("time_days", "cause", event_levels=("disease", "other")), table)
    assert both.tables == pooled(KaplanMeier("time_days", "died"), table).tables
