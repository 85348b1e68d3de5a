"""Rows that no hospital could have recorded are counted, one kind of fault at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from cohortium.errors import NotApplicable
from cohortium.evaluate import Comparison
from cohortium.evaluate.validity import (
    category_adherence,
    constraint_adherence,
    format_adherence,
    key_uniqueness,
    missing_together,
    plausible_ranges,
    range_adherence,
)
from cohortium.records import Inequality, Kind, Role, Score, Table

Make = Callable[..., Table]
RNG = np.random.default_rng(0)


def ask(metric: Callable[..., Score], real: Table, synthetic: Table) -> Score:
    return metric(Comparison(real, synthetic), rng=RNG)


def test_numbers_beyond_the_real_range(make_table: Make) -> None:
    real = make_table({"age": [20, 90, 50, 40], "dose": [0.5, 1.0, np.nan, 2.0]})
    synthetic = make_table({"age": [20, 90, 91, 19], "dose": [0.5, 2.1, np.nan, 1.0]})
    score = ask(range_adherence, real, synthetic)
    assert score.value == pytest.approx(4 / 7)
    assert score.detail["columns"] == {"age": 0.5, "dose": pytest.approx(2 / 3, abs=1e-6)}
    assert list(score.detail["columns"]) == ["age", "dose"], "the worst column first"
    assert "90" not in str(score.detail), "no real extreme is shown"


def test_levels_that_nobody_has(make_table: Make) -> None:
    facts = {"stage": {"levels": ("I", "II", "III")}}
    real = make_table({"sex": ["f", "m", "f", "f"], "stage": ["I", "II", "I", "I"]}, facts=facts)
    synthetic = make_table({"sex": ["f", "x", None, "m"], "stage": ["III", "I", "I", "I"]}, facts=facts)
    score = ask(category_adherence, real, synthetic)
    assert score.detail["columns"] == {"sex": pytest.approx(2 / 3, abs=1e-6), "stage": 1.0}
    assert score.value == pytest.approx(6 / 7)
    with pytest.raises(NotApplicable):
        ask(category_adherence, make_table({"age": [1, 2]}), make_table({"age": [1, 2]}))


def test_plausible_ranges_are_the_schema_s(make_table: Make) -> None:
    facts = {"age": {"minimum": 0.0, "maximum": 110.0}, "dose": {"minimum": 0.1}}
    real = make_table({"age": [20, 150], "dose": [0.5, 1.0]}, facts=facts)
    synthetic = make_table({"age": [20, 111], "dose": [0.05, 99.0]}, facts=facts)
    assert ask(plausible_ranges, real, synthetic).value == pytest.approx(0.5)
    with pytest.raises(NotApplicable, match="minimum"):
        ask(plausible_ranges, make_table({"age": [1, 2]}), make_table({"age": [1, 2]}))


def test_broken_rules(make_table: Make) -> None:
    rules = (Inequality("low", "<=", "high"), Inequality("low", "<=", "top"))
    real = make_table({"low": [1, 2], "high": [1, 3], "top": [5, 5]}, constraints=rules)
    synthetic = make_table({"low": [1, 4, 9, 2], "high": [1, 3, 9, 3], "top": [5, 5, 5, 5]}, constraints=rules)
    score = ask(constraint_adherence, real, synthetic)
    assert score.value == pytest.approx(0.5)
    assert score.detail["rules"] == {"low <= high": 0.75, "low <= top": 0.75}
    with pytest.raises(NotApplicable):
        ask(constraint_adherence, make_table({"a": [1]}), make_table({"a": [1]}))


def test_too_many_decimals(make_table: Make) -> None:
    real = make_table({"bmi": [21.5, 30.1, 25.0], "free": [1 / 3, 2 / 7, 0.123456]})
    synthetic = make_table({"bmi": [21.5, 30.123, np.nan], "free": [1 / 9, 0.5, 1.0]})
    score = ask(format_adherence, real, synthetic)
    assert score.detail["columns"] == {"bmi": 0.5, "free": 1.0}
    stated = make_table({"bmi": [21.5, 30.123, 25.0]}, facts={"bmi": {"decimals": 0}})
    assert ask(format_adherence, stated, make_table({"bmi": [21.0, 30.5, 1e9 + 1]})).value == pytest.approx(2 / 3)


def test_a_column_of_another_kind_is_wrong_in_every_cell(make_table: Make) -> None:
    real = make_table({"a": [1, 2], "b": [1.5, 2.5]})
    assert ask(format_adherence, real, make_table({"a": [1.0, 2.0], "b": [1.5, 2.5]})).detail["columns"]["a"] == 0.0


def test_keys(make_table: Make) -> None:
    roles, kinds = {"id": Role.PERSON_KEY}, {"id": Kind.IDENTIFIER}
    real = make_table({"id": ["1", "2", "3", "4"], "age": [1, 2, 3, 4]}, roles=roles, kinds=kinds)
    synthetic = make_table({"id": ["a", "a", None, "b"], "age": [1, 2, 3, 4]}, roles=roles, kinds=kinds)
    assert ask(key_uniqueness, real, synthetic).value == pytest.approx(0.5)
    visits = make_table({"id": ["1", "1", "2", "2"], "age": [1, 1, 2, 2]}, roles=roles, kinds=kinds)
    assert ask(key_uniqueness, visits, synthetic).value == pytest.approx(0.75), "real persons return too"
    with pytest.raises(NotApplicable, match="safest"):
        ask(key_uniqueness, real, make_table({"age": [1, 2]}))


def test_panels_that_are_missing_as_a_whole(make_table: Make, rng: np.random.Generator) -> None:
    gone = rng.random(4_000) < 0.25
    real = make_table(
        {"sodium": np.where(gone, np.nan, 1.0), "potassium": np.where(gone, np.nan, 1.0), "age": np.ones(4_000)}
    )
    scattered = [np.where(rng.random(4_000) < 0.25, np.nan, 1.0) for _ in range(2)]
    synthetic = make_table({"sodium": scattered[0], "potassium": scattered[1], "age": np.ones(4_000)})
    score = ask(missing_together, real, synthetic)
    assert score.value == pytest.approx(0.25 - 0.25**2, abs=0.02)
    assert score.detail["pairs"][0][:2] == ["sodium", "potassium"]
    assert ask(missing_together, real, real).value == 0.0
    with pytest.raises(NotApplicable):
        ask(missing_together, make_table({"a": [1.0, 2.0]}), make_table({"a": [1.0, 2.0]}))
