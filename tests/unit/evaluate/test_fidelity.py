"""Marginal and joint structure on tables whose distance is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from cohortium.errors import NotApplicable, TooFewRecords
from cohortium.evaluate import Comparison
from cohortium.evaluate.fidelity import (
    c2st,
    category_coverage,
    column_shapes,
    correlation_difference,
    coverage,
    hellinger_distance,
    information_difference,
    missing_rate_error,
    pair_trends,
    precision,
    range_coverage,
    trivariate_accuracy,
    wasserstein_distance,
)
from cohortium.evaluate.fidelity.codes import combinations
from cohortium.evaluate.fidelity.detection import detection
from cohortium.records import Kind, Role, Score, Table

Make = Callable[..., Table]


def ask(metric: Callable[..., Score], *tables: Table) -> Score:
    return metric(Comparison(*tables), rng=np.random.default_rng(0))


def test_shapes_by_hand(make_table: Make) -> None:
    real = make_table({"x": [1, 2, 3, 4], "s": ["a", "a", "b", "b"], "m": [np.nan] * 4})
    other = make_table({"x": [3, 4, 5, 6], "s": ["a", "a", "a", "c"], "m": [np.nan] * 4})
    score = ask(column_shapes, real, other)
    assert score.detail["columns"] == {"x": 0.5, "s": 0.5}
    assert ask(wasserstein_distance, real, other).value == pytest.approx(2 / np.std([1, 2, 3, 4]))


def test_a_column_that_vanished_is_as_far_as_can_be(make_table: Make) -> None:
    real = make_table({"x": [1.0, 2.0], "y": [1.0, 2.0]})
    gone = make_table({"x": [np.nan, np.nan], "y": [1.0, 2.0]})
    assert ask(column_shapes, real, gone).detail["columns"]["x"] == 0.0
    assert ask(missing_rate_error, real, gone).detail["columns"] == {"x": 1.0, "y": 0.0}
    assert ask(hellinger_distance, real, gone).detail["columns"]["x"] == 1.0


def test_coverage_of_levels_and_ranges(make_table: Make) -> None:
    real = make_table({"s": ["a"] * 12 + ["b"] * 12 + ["c"] * 3, "x": np.linspace(0, 100, 27)})
    other = make_table({"s": ["a"] * 27, "x": np.linspace(25, 50, 27)})
    assert ask(category_coverage, real, other).value == 0.5, "the level of three persons need not survive"
    assert ask(range_coverage, real, other).value == pytest.approx(25 / 98, abs=0.01)
    assert ask(range_coverage, real, real).value == 1.0


def test_correlation_that_changed_sign(make_table: Make, rng: np.random.Generator) -> None:
    x, noise = rng.normal(size=(2, 3_000))
    up, down = ({"x": x, "y": sign * x + 0.5 * noise} for sign in (1, -1))
    score = ask(correlation_difference, make_table(up), make_table(down))
    rho = 1 / np.sqrt(1.25)
    assert score.value == pytest.approx(2 * rho, abs=0.05)
    matrices = score.detail["matrices"]
    assert matrices["names"] == ["x", "y"]
    assert matrices["real"][0][1] == pytest.approx(-matrices["synthetic"][0][1], abs=0.05)
    assert ask(pair_trends, make_table(up), make_table(down)).value == pytest.approx(1 - rho, abs=0.03)


def test_pairs_that_hang_together_are_not_hidden_by_those_that_do_not(
    make_table: Make, rng: np.random.Generator
) -> None:
    columns = {f"noise{i}": rng.normal(size=500) for i in range(8)}
    x = rng.normal(size=500)
    real = make_table(columns | {"x": x, "y": x + 0.3 * rng.normal(size=500)})
    broken = make_table(columns | {"x": x, "y": rng.permutation(x)})
    score = ask(pair_trends, real, broken)
    assert score.detail["strong_pairs"] == 1
    assert score.value == pytest.approx(0.52, abs=0.05)
    assert score.detail["all_pairs"] > 0.97
    with pytest.raises(NotApplicable, match="hangs together"):
        ask(pair_trends, make_table(columns), make_table(columns))


def test_three_way_structure_that_no_pair_shows(make_table: Make, rng: np.random.Generator) -> None:
    a, b = rng.integers(0, 2, (2, 4_000))
    parity = make_table({"a": np.array(list("xy"))[a], "b": np.array(list("xy"))[b], "c": np.array(list("xy"))[a ^ b]})
    free = make_table(
        {
            "a": np.array(list("xy"))[a],
            "b": np.array(list("xy"))[b],
            "c": np.array(list("xy"))[rng.integers(0, 2, 4_000)],
        }
    )
    assert ask(trivariate_accuracy, parity, free).value == pytest.approx(0.5, abs=0.03)
    assert ask(information_difference, parity, free).value < 0.01
    assert ask(c2st, parity, free).value == pytest.approx(0.75, abs=0.03)
    with pytest.raises(NotApplicable):
        ask(trivariate_accuracy, parity.select(["a", "b"]), free.select(["a", "b"]))


def test_information_that_is_gone(make_table: Make, rng: np.random.Generator) -> None:
    codes = rng.integers(0, 4, 3_000)
    real = make_table({"a": np.array(list("pqrs"))[codes], "b": np.array(list("wxyz"))[codes]})
    lost = make_table({"a": np.array(list("pqrs"))[codes], "b": np.array(list("wxyz"))[rng.permutation(codes)]})
    assert ask(information_difference, real, lost).value == pytest.approx(1.0, abs=0.01)


def test_the_classifier_names_what_gives_the_table_away(make_patients: Make, rng: np.random.Generator) -> None:
    real, held, fresh = make_patients(600, 1), make_patients(600, 2), make_patients(600, 3)
    assert ask(c2st, real, fresh, held).value < 0.56
    arrow = fresh.arrow
    place = arrow.column_names.index("marker")
    shifted = Table(arrow.set_column(place, "marker", [np.round(fresh.numeric("marker"))]), fresh.schema)
    score = ask(c2st, real, shifted, held)
    assert score.value > 0.95
    assert score.detail["gives_away"][0]["column"] == "marker"
    assert score.detail["gives_away"][0]["gain"] > 0.9
    assert score.detail["against"] == "holdout"
    assert ask(c2st, real, shifted).detail["against"] == "real"


def test_a_copy_is_not_rewarded(make_patients: Make) -> None:
    """Against the source a copy is perfect; against held-out persons it is no better than a fresh draw."""
    real, held = make_patients(600, 1), make_patients(600, 2)
    copied, fresh = ask(c2st, real, real, held).value, ask(c2st, real, make_patients(600, 3), held).value
    assert abs(copied - fresh) < 0.06


def test_all_rows_of_a_person_are_scored_by_trees_that_never_saw_her(
    make_table: Make, rng: np.random.Generator
) -> None:
    """Persons with a signature of their own: with rows split at random, the classifier would only learn signatures."""

    def visits(seed: int) -> Table:
        own = np.random.default_rng(seed)
        signature = np.repeat(own.normal(size=(100, 3)), 10, axis=0)
        person = [f"{seed}-{i // 10}" for i in range(1_000)]
        return make_table(
            {"id": person, "a": signature[:, 0], "b": signature[:, 1], "c": signature[:, 2]},
            roles={"id": Role.PERSON_KEY}, kinds={"id": Kind.IDENTIFIER},
        )  # fmt: skip

    assert ask(c2st, visits(1), visits(2)).value < 0.62
    found = detection(Comparison(visits(1), visits(2)), rng)
    assert len(found.scores) == 2_000


def test_ordered_rows_do_not_fool_the_folds(make_patients: Make) -> None:
    real, fresh = make_patients(500, 1), make_patients(500, 2)
    ordered = fresh.take(np.argsort(fresh.numeric("marker")))
    assert abs(ask(c2st, real, fresh).value - ask(c2st, real, ordered).value) < 0.05


def test_forgotten_and_invented_kinds_of_persons(make_table: Make, rng: np.random.Generator) -> None:
    def cloud(*centres: int) -> Table:
        at = rng.choice(centres, 900)
        return make_table({"x": at + rng.normal(0, 0.3, 900), "y": at * 2 + rng.normal(0, 0.3, 900)})

    both, half, more = cloud(0, 10), cloud(0), cloud(0, 10, 20)
    assert ask(coverage, both, half).value == pytest.approx(0.5, abs=0.06)
    assert ask(precision, both, half).value > 0.75
    assert ask(coverage, both, more).value > 0.85
    assert ask(precision, both, more).value < 0.7
    assert ask(coverage, both, cloud(0, 10)).value > 0.93


def test_too_few_rows(make_patients: Make) -> None:
    few = make_patients(9, 1)
    for metric in (c2st, coverage, precision):
        with pytest.raises(TooFewRecords):
            ask(metric, few, few)


def test_combinations_are_all_or_a_sample(rng: np.random.Generator) -> None:
    assert combinations(4, 2, 6, rng).tolist() == [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]
    some = combinations(100, 3, 50, rng)
    assert some.shape == (50, 3)
    assert (np.diff(some, axis=1) > 0).all()
    assert len(np.unique(some, axis=0)) == 50
    assert combinations(1, 2, 10, rng).shape == (0, 2)
