"""What is drawn is aggregate: counts in tens, round edges, no level of a few persons."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cohortium.evaluate import Comparison
from cohortium.evaluate.disclosure import round_step, rounded_counts, rounded_down
from cohortium.evaluate.plots import marginals, plots, principal_components, round_edges, survival_curves
from cohortium.records import Table

Make = Callable[..., Table]


def numbers(plain: Any) -> list[float]:
    if isinstance(plain, dict):
        return [number for part in plain.values() for number in numbers(part)]
    if isinstance(plain, list):
        return [number for part in plain for number in numbers(part)]
    return [plain] if isinstance(plain, float) else []


def test_counts_of_persons_are_multiples_of_ten(make_patients: Make, rng: np.random.Generator) -> None:
    pair = Comparison(make_patients(437, 1), make_patients(300, 2))
    cloud = principal_components(pair, rng)
    assert cloud is not None
    counts = np.array([cloud["real"], cloud["synthetic"]])
    assert set((counts % 10).ravel().tolist()) == {0.0}
    assert counts[0].sum() == pytest.approx(437, rel=0.15)
    assert counts.shape == (2, len(cloud["x"]) - 1, len(cloud["y"]) - 1)
    for panel in marginals(pair, {}).values():
        total = 1 / min(share for share in panel["real"] if share > 0)
        assert sum(panel["real"]) == pytest.approx(1.0, abs=1e-4)
        assert total <= 437 / 10 * 1.2, "no share of less than ten persons"


def test_no_rare_level_and_no_extreme_value_is_shown(make_table: Make, rng: np.random.Generator) -> None:
    weight = rng.normal(70, 10, 500).round(2)
    weight[0], weight[1] = 31.37, 212.86
    level = np.where(np.arange(500) < 4, "Stoneman disease", np.where(rng.random(500) < 0.5, "none", "other cause"))
    table = make_table({"weight": weight, "diagnosis": level})
    shown = json.dumps(plots(Comparison(table, table), (), rng))
    assert "Stoneman" not in shown
    edges = marginals(Comparison(table, table), {})["weight"]["edges"]
    assert edges[0] > 35
    assert edges[-1] < 150
    assert not set(edges) - set(np.round(edges, 1))


def test_real_and_synthetic_are_drawn_on_the_same_axes(make_table: Make) -> None:
    real = make_table({"x": np.repeat([1, 2, 3], 40), "s": np.repeat(["a", "b", "c"], 40)})
    synthetic = make_table({"x": np.repeat([1, 2, 9], [40, 60, 20]), "s": np.repeat(["a", "b", "z"], [40, 60, 20])})
    panels = marginals(Comparison(real, synthetic), {"x": 0.9})
    assert panels["s"]["labels"] == ["a", "b", "c", "(other)"]
    assert panels["s"]["real"] == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0], abs=1e-6)
    assert panels["s"]["synthetic"] == pytest.approx([1 / 3, 0.5, 0, 1 / 6], abs=1e-6)
    assert panels["x"]["edges"] == [1, 2, 3]
    assert panels["x"]["synthetic"] == pytest.approx([1 / 3, 2 / 3], abs=1e-6), "what lies beyond counts at the border"
    assert panels["x"]["score"] == 0.9


def test_missing_and_constant_columns(make_table: Make) -> None:
    table = make_table({
        "gone": [np.nan] * 50, "rare": [1.0] * 8 + [np.nan] * 42, "same": [7.25] * 50, "half": [1.0, np.nan] * 25,
    })  # fmt: skip
    panels = marginals(Comparison(table, table), {})
    assert set(panels) == {"same", "half"}
    assert panels["same"]["real"] == [1.0]
    low, high = panels["same"]["edges"]
    assert low <= 7.25 <= high
    assert panels["half"]["missing"] == pytest.approx([0.6, 0.6]), "25 of 50, in tens"


def test_survival_curves_stop_while_ten_are_left(make_patients: Make) -> None:
    pair = Comparison(make_patients(300, 1), make_patients(300, 2), make_patients(300, 3))
    drawn = survival_curves(pair)
    assert drawn["unit"] == "years"
    for name, part in zip(("real", "synthetic", "holdout"), pair.survival, strict=True):
        assert part is not None
        curve = drawn[name]
        assert (part.durations >= curve["time"][-1]).sum() >= 10
        assert curve["time"][-1] not in part.durations
        assert curve["survival"][0] == 1.0
        assert (np.diff(curve["survival"]) <= 0).all()
        assert (np.array(curve["low"]) <= curve["survival"]).all()
        assert (np.array(curve["high"]) >= curve["survival"]).all()


def test_identical_tables_draw_identical_pictures(make_patients: Make, rng: np.random.Generator) -> None:
    table = make_patients(200, 1)
    cloud = principal_components(Comparison(table, table), rng)
    assert cloud is not None
    assert cloud["real"] == cloud["synthetic"]
    assert principal_components(Comparison(table.take(range(15)), table), rng) is None


@given(st.lists(st.floats(-1e12, 1e12, allow_nan=False), min_size=10, max_size=60), st.booleans())
@example([0.0] * 9 + [5e-324], False)
def test_round_edges_enclose_the_middle(values: list[float], whole: bool) -> None:
    known = np.array(values)
    edges = round_edges(known, whole)
    assert 2 <= len(edges) <= 80
    assert (np.diff(edges) > 0).all()
    low, high = np.quantile(known, [0.01, 0.99])
    slack = 1e-9 * max(abs(low), abs(high))
    assert edges[0] <= low + slack
    assert edges[-1] >= high - slack


@given(st.floats(1e-200, 1e200))
def test_round_steps_are_near_and_round(width: float) -> None:
    step = round_step(width)
    assert 0.6 < step / width < 1.6
    digits = f"{step:.6e}".split("e")[0]
    assert float(digits) in (1.0, 2.0, 2.5, 5.0)


def test_rounded_down() -> None:
    assert [rounded_down(value) for value in (0.0, 5215.0, 99.9, 1.05)] == pytest.approx([0.0, 5200.0, 99.0, 1.0])
    assert rounded_down(0.01234) == pytest.approx(0.012)


def test_rounded_counts() -> None:
    assert rounded_counts(np.array([0, 4, 5, 14, 15, 26])).tolist() == [0, 0, 10, 10, 20, 30]
