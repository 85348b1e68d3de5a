"""The profile says what is true of the table, and nothing of fewer than ten persons."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from cohortium.quality import Profile, profile
from cohortium.quality.summaries import Levels, Numbers, Texts

PERSON = {"roles": ["person_key"]}


def _column(found: Profile, name: str) -> Any:
    return next(column for column in found.columns if column.name == name)


def test_counts_are_those_of_the_table(make: Callable[..., Any]) -> None:
    table = make(
        {
            "pid": ("identifier", [f"p{row // 2}" for row in range(100)], PERSON),
            "age": ("integer", [None if row % 4 == 0 else row for row in range(100)], {"unit": "years"}),
            "note": ("text", [f"note {row % 7}" for row in range(100)]),
        },
        title="clinic",
    )
    found = profile(table)
    assert (found.title, found.rows, found.persons, found.has_person_key) == ("clinic", 100, 50, True)
    assert (found.missing_cells, found.complete_rows) == (25, 75)
    age, note = _column(found, "age"), _column(found, "note")
    assert (age.missing, age.missing_share, age.distinct, age.unit) == (25, 0.25, 75, "years")
    assert note.distinct == 7
    assert note.summary == Texts(6.0)
    assert found.rows_per_person is not None and found.rows_per_person.mean == 2.0


def test_quantiles_of_many_persons_are_close_to_the_true_ones(make: Callable[..., Any]) -> None:
    values = np.random.default_rng(3).normal(50, 10, 20_000)
    summary = _column(profile(make({"x": ("continuous", values)})), "x").summary
    assert isinstance(summary, Numbers)
    shown = summary.quantiles
    true = np.quantile(values, (0.05, 0.25, 0.5, 0.75, 0.95))
    assert (shown.p05, shown.p25, shown.p50, shown.p75, shown.p95) == pytest.approx(true, abs=0.05)
    assert shown.low == pytest.approx(np.sort(values)[:10].mean())
    assert shown.high == pytest.approx(np.sort(values)[-10:].mean())
    assert summary.mean == pytest.approx(values.mean())


def test_histogram_counts_every_row_once_and_ten_persons_per_bar(make: Callable[..., Any]) -> None:
    rng = np.random.default_rng(5)
    for values in (
        rng.lognormal(3, 1, 3000),
        rng.normal(0, 1, 47),
        rng.integers(0, 4, 500),
        np.r_[rng.normal(size=99), 1e9],
    ):
        summary = _column(profile(make({"x": ("continuous", values.astype(float))})), "x").summary
        bars = summary.histogram.bars
        assert sum(bar.rows for bar in bars) == len(values)
        assert min(bar.rows for bar in bars) >= 10
        assert all(one.high <= other.low for one, other in pairwise(bars))


def test_bars_of_one_busy_person_are_not_drawn_apart(make: Callable[..., Any]) -> None:
    # 40 persons near 0; one of them alone has 60 rows near 100, which would make a bar of 60 rows of one person.
    persons = [f"p{row}" for row in range(40)] + ["p0"] * 60
    values = np.r_[np.linspace(0, 1, 40), np.linspace(99, 101, 60)]
    table = make({"pid": ("identifier", persons, PERSON), "x": ("continuous", values)})
    summary = _column(profile(table), "x").summary
    assert isinstance(summary, Numbers)
    for bar in summary.histogram.bars:
        inside = {p for p, v in zip(persons, values, strict=True) if bar.low <= v < bar.high}
        edge = bar in (summary.histogram.bars[0], summary.histogram.bars[-1])
        assert len(inside) >= 10 or edge
    assert summary.histogram.bars[-1].low < 90, "the busy person would stand alone"


@pytest.mark.parametrize("persons", [1, 5, 9])
def test_below_ten_persons_no_number_is_shown(persons: int, make: Callable[..., Any]) -> None:
    summary = _column(profile(make({"x": ("continuous", [float(row) for row in range(persons)])})), "x").summary
    assert summary.mean is None and not summary.histogram.bars
    assert all(getattr(summary.quantiles, name) is None for name in ("low", "p05", "p25", "p50", "p75", "p95", "high"))


def test_rare_levels_are_pooled_and_common_ones_shown(make: Callable[..., Any]) -> None:
    levels = ["a"] * 60 + ["b"] * 20 + ["Smith"] * 9 + ["Jones"] * 4
    summary = _column(profile(make({"x": ("categorical", levels)})), "x").summary
    assert isinstance(summary, Levels)
    assert [level.level for level in summary.shown] == ["a", "b"]
    assert summary.rare_levels == 2
    assert summary.rare_share == pytest.approx(13 / 93)
    one_rare = _column(profile(make({"x": ("categorical", ["a"] * 60 + ["Smith"] * 3)})), "x").summary
    assert (one_rare.rare_levels, one_rare.rare_share) == (1, None)


def test_a_level_of_one_person_with_many_rows_is_rare(make: Callable[..., Any]) -> None:
    persons = [f"p{row}" for row in range(50)] + ["p0"] * 30
    table = make(
        {"pid": ("identifier", persons, PERSON), "x": ("categorical", ["a"] * 50 + ["Smith"] * 30)},
    )
    summary = _column(profile(table), "x").summary
    assert [level.level for level in summary.shown] == ["a"]


def test_a_thousand_levels_show_fifty(make: Callable[..., Any]) -> None:
    levels = [f"code {row % 1000:04d}" for row in range(20_000)]
    summary = _column(profile(make({"x": ("categorical", levels)})), "x").summary
    assert len(summary.shown) == 50
    assert summary.other_levels == 950
    assert summary.other_share == pytest.approx(0.95)


def test_dates_fall_into_months_and_years(make: Callable[..., Any]) -> None:
    short = [date(2019, 1, 1) + timedelta(days=row % 700) for row in range(2000)]
    long = [date(1930, 1, 1) + timedelta(days=13 * row) for row in range(2000)]
    found = profile(make({"seen": ("date", short), "born": ("date", long)}))
    seen, born = _column(found, "seen").summary, _column(found, "born").summary
    assert (seen.grain, born.grain) == ("month", "five years")
    assert len(seen.histogram.bars) == 23
    first_days = (np.datetime64("1970-01-01") + np.array([int(bar.low) for bar in seen.histogram.bars])).astype(str)
    assert all(day.endswith("-01") for day in first_days)


def test_associated_columns_are_found(make: Callable[..., Any]) -> None:
    x = np.random.default_rng(7).normal(size=400)
    noise = np.random.default_rng(8).normal(size=400)
    table = make(
        {
            "x": ("continuous", x),
            "minus": ("continuous", -(x**3)),
            "half": ("categorical", np.where(x > 0, "high", "low")),
            "noise": ("continuous", noise),
        }
    )
    found = profile(table)
    partners = {partner.column: partner.strength for partner in _column(found, "x").partners}
    assert partners["minus"] == pytest.approx(-1.0)
    assert partners["half"] > 0.8
    assert "noise" not in partners
    assert not _column(found, "noise").partners


def test_many_columns_are_capped_and_it_is_said(make: Callable[..., Any]) -> None:
    rng = np.random.default_rng(9)
    found = profile(make({f"gene{place}": ("continuous", rng.normal(size=60)) for place in range(130)}))
    assert len(found.columns) == 130
    assert any("first 100 of 130" in note for note in found.notes)


@pytest.mark.parametrize("rows", [0, 1])
def test_tables_of_no_and_of_one_row(rows: int, make: Callable[..., Any]) -> None:
    import pyarrow as pa

    table = make(
        {
            "pid": ("identifier", pa.array(["p0"][:rows], pa.string()), PERSON),
            "x": ("continuous", pa.array([1.5][:rows], pa.float64())),
            "level": ("categorical", pa.array(["a"][:rows], pa.string())),
            "seen": ("date", pa.array([date(2020, 1, 1)][:rows], pa.date32())),
            "note": ("text", pa.array(["hello"][:rows], pa.string())),
        }
    )
    found = profile(table)
    assert (found.rows, found.persons) == (rows, rows)
    assert all(column.missing_share == 0 for column in found.columns)
    assert not any(getattr(column.summary, "shown", ()) for column in found.columns)
