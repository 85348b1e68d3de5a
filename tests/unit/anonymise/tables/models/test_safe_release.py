"""What differential privacy promises, computed outcome by outcome."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.lattices import halving, made

from cohortium.anonymise.tables.lattice import Lattice
from cohortium.anonymise.tables.models.safe_release import SafeRelease, delta_of, fewest_rows
from cohortium.anonymise.tables.models.safepub import (
    choose_scheme,
    release_safely,
    rows_kept,
    scheme_scores,
    search_and_release_safely,
)
from cohortium.anonymise.tables.tuples import Tuples, distinct
from cohortium.errors import InvalidRequest
from cohortium.privacy.secure_noise import InsecureNoise, SecureNoise


def taken(rows: int, beta: float) -> np.ndarray:  # type: ignore[type-arg]
    """Chance of 0 ... rows being taken, of a class of so many."""
    return np.array([math.comb(rows, j) * beta**j * (1 - beta) ** (rows - j) for j in range(rows + 1)])


def seen(rows: int, beta: float, k: int, width: int) -> np.ndarray:  # type: ignore[type-arg]
    """Chances of what is seen of the class: nothing (0), or how many rows."""
    chances = np.zeros(width)
    for count, chance in enumerate(taken(rows, beta)):
        chances[count if count >= k else 0] += chance
    return chances


def worst_delta(k: int, beta: float, epsilon: float, rows: int) -> float:
    """The least delta with which one person more or less stays hidden, over classes of up to so many rows."""
    worst = 0.0
    for without in range(rows):
        one, other = seen(without, beta, k, rows + 2), seen(without + 1, beta, k, rows + 2)
        for first, second in ((one, other), (other, one)):
            worst = max(worst, float(np.maximum(first - math.exp(epsilon) * second, 0).sum()))
    return worst


@pytest.mark.parametrize("epsilon", [0.3, 0.7, 1.0, 2.0])
@pytest.mark.parametrize("delta", [1e-2, 1e-4])
def test_no_class_tells_more_of_a_person_than_is_promised(epsilon: float, delta: float) -> None:
    model = SafeRelease(epsilon, delta)
    assert worst_delta(model.k, model.beta, epsilon, 4 * model.k) <= delta


@pytest.mark.parametrize("epsilon", [0.7, 1.0])
def test_with_smaller_classes_or_more_rows_taken_the_promise_breaks(epsilon: float) -> None:
    model = SafeRelease(epsilon, 1e-4)
    assert worst_delta(model.k // 2, model.beta, epsilon, 3 * model.k) > 1e-4
    assert worst_delta(model.k, min(0.99, 1.3 * model.beta), epsilon, 3 * model.k) > 1e-4


@pytest.mark.parametrize("epsilon", [0.1, 0.5, 1.0, 3.0])
@pytest.mark.parametrize("k", [1, 5, 20])
def test_delta_is_the_greatest_over_all_sizes(epsilon: float, k: int) -> None:
    beta = 1 - math.exp(-epsilon)
    gamma = (math.exp(epsilon) - 1 + beta) / math.exp(epsilon)
    sizes = range(max(math.ceil(k / gamma - 1), 0), math.ceil(k / gamma) + 150)
    expected = max(float(taken(n, beta)[math.floor(gamma * n) + 1 :].sum()) for n in sizes)
    assert delta_of(k, epsilon) == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize(("epsilon", "delta"), [(0.1, 1e-5), (1.0, 1e-6), (2.0, 1e-9)])
def test_k_is_the_least_that_suffices(epsilon: float, delta: float) -> None:
    k = fewest_rows(epsilon, delta)
    assert delta_of(k, epsilon) <= delta < delta_of(k - 1, epsilon)


def plain(seed: int = 1, rows: int = 600) -> tuple[Tuples, tuple]:  # type: ignore[type-arg]
    tuples, hierarchies = made(seed, rows=rows)
    columns = [tuples.codes[tuples.of_row, place] for place in range(tuples.codes.shape[1])]
    return distinct(columns), hierarchies


def test_only_large_classes_of_rows_that_were_taken_leave() -> None:
    tuples, hierarchies = plain()
    model = SafeRelease(1.0, 1e-3)
    found = release_safely(tuples, hierarchies, (1, 1, 1), model, SecureNoise())
    told = np.stack([one.groups[1, tuples.codes[tuples.of_row, place]] for place, one in enumerate(hierarchies)])
    _, rows = np.unique(told[:, found.leaves], axis=1, return_counts=True)
    assert len(rows)
    assert rows.min() >= model.k
    assert found.leaves.mean() < model.beta + 0.1


def test_a_person_like_nobody_never_leaves_and_changes_no_one_else() -> None:
    columns = [np.array([0] * 200 + [7], dtype=np.int32)]
    hierarchies = (halving("age", 8),)
    for seed in range(30):
        noise = InsecureNoise(np.random.default_rng(seed))
        found = release_safely(distinct(columns), hierarchies, (0,), SafeRelease(1.0, 1e-4), noise)
        assert not found.leaves[-1]
        assert found.leaves[:-1].sum() in range(90, 165)


def test_two_releases_take_other_rows() -> None:
    tuples, hierarchies = plain()
    one, other = (
        release_safely(tuples, hierarchies, (3, 2, 2), SafeRelease(1.0, 1e-3), SecureNoise()).leaves for _ in range(2)
    )
    assert (one != other).any()


@pytest.mark.parametrize("epsilon", [0.5, 1.5])
def test_rows_kept_are_those_that_are_expected(epsilon: float) -> None:
    model = SafeRelease(epsilon, 1e-2)
    kept, most = rows_kept(model, 90)
    for rows in (0, 1, model.k - 1, model.k, model.k + 1, 80):
        chances = taken(rows, model.beta)
        assert kept[rows] == pytest.approx(sum(j * p for j, p in enumerate(chances) if j >= model.k), abs=1e-9)
    assert np.diff(rows_kept(model, 2_000)[0]).max() <= most


@pytest.mark.parametrize("seed", range(5))
def test_one_row_changes_no_score_by_more_than_is_said(seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns = [rng.integers(0, 4, 150).astype(np.int32) for _ in range(2)]
    hierarchies = (halving("a", 4), halving("b", 4))
    model, lattice = SafeRelease(1.0, 1e-2), Lattice.of((3, 3))
    scores, most = scheme_scores(distinct(columns), hierarchies, model, lattice)
    for row in range(0, 150, 10):
        fewer = distinct([np.delete(column, row) for column in columns])
        assert np.abs(scheme_scores(fewer, hierarchies, model, lattice)[0] - scores).max() <= most


def test_schemes_are_drawn_as_the_exponential_mechanism_says() -> None:
    columns = [np.repeat([0, 1, 2, 3], [60, 30, 20, 40]).astype(np.int32)]
    hierarchies = (halving("a", 4),)
    model, lattice, epsilon = SafeRelease(1.0, 1e-2), Lattice.of((3,)), 0.25
    scores, most = scheme_scores(distinct(columns), hierarchies, model, lattice)
    weights = np.exp(epsilon * (scores - scores.max()) / (2 * most))
    expected = 2_000 * weights / weights.sum()
    noise = InsecureNoise(np.random.default_rng(8))
    drawn = [
        int(choose_scheme(distinct(columns), hierarchies, model, epsilon, noise, lattice)[0]) for _ in range(2_000)
    ]
    found = np.bincount(drawn, minlength=3)
    assert expected.min() > 20
    assert ((found - expected) ** 2 / expected).sum() < 13.8  # 0.1 % of chi-square with 2 degrees of freedom


def test_a_search_costs_a_part_of_the_promise() -> None:
    tuples, hierarchies = plain()
    noise = InsecureNoise(np.random.default_rng(2))
    found = search_and_release_safely(tuples, hierarchies, SafeRelease(2.0, 1e-3), noise, search_share=0.5)
    assert (found.epsilon, found.delta) == (2.0, 1e-3)
    assert found.leaves.any()
    levels = list(zip(hierarchies, found.node, strict=True))
    codes = tuples.codes[tuples.of_row].T
    told = np.stack([one.groups[level, column] for (one, level), column in zip(levels, codes, strict=True)])
    assert np.unique(told[:, found.leaves], axis=1, return_counts=True)[1].min() >= fewest_rows(1.0, 1e-3)


def test_what_it_does_not_protect_is_refused() -> None:
    with_illness, hierarchies = made(1)
    model = SafeRelease(1.0, 1e-3)
    with pytest.raises(InvalidRequest, match="illness"):
        release_safely(with_illness, hierarchies, (0, 0, 0), model, SecureNoise())
    several = distinct([np.zeros(4, dtype=np.int32)], persons=np.array([1, 1, 2, 3]))
    with pytest.raises(InvalidRequest, match="one row per person"):
        release_safely(several, (halving("a", 2),), (0,), model, SecureNoise())
    tuples, hierarchies = plain()
    wide = Lattice((0,) * 3, (99, 99, 99))
    with pytest.raises(InvalidRequest, match="schemes"):
        choose_scheme(tuples, hierarchies, model, 0.1, SecureNoise(), wide)
    with pytest.raises(InvalidRequest, match="share of epsilon"):
        search_and_release_safely(tuples, hierarchies, model, SecureNoise(), search_share=1.0)


@pytest.mark.parametrize(("epsilon", "delta"), [(0.0, 1e-5), (11.0, 1e-5), (1.0, 0.0), (1.0, 1.0)])
def test_settings_that_make_no_sense(epsilon: float, delta: float) -> None:
    with pytest.raises(InvalidRequest):
        SafeRelease(epsilon, delta)


def test_no_recipe_can_claim_it_without_its_sampling() -> None:
    from cohortium.registry import entries

    assert "safe_release" not in {entry.name for entry in entries("privacy_model")}
