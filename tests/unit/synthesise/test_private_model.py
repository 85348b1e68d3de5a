"""The model behind noisy marginals: what it agrees with, what it leaves open, and how marginals are chosen."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy import optimize

from cohortium.privacy.accounting import Budget
from cohortium.privacy.mechanisms import Curator
from cohortium.privacy.secure_noise import InsecureNoise
from cohortium.synthesise.protocol import silent
from cohortium.synthesise.tables.private import estimation
from cohortium.synthesise.tables.private.estimation import MarginalFit, Measurement
from cohortium.synthesise.tables.private.selection import FULL_WEIGHT, PAIR_WEIGHT, Plan, Selection, candidates


def correlated(n: int, rng: np.random.Generator) -> np.ndarray:
    """Five columns: 0 -> 1 -> 2 strongly, 3 with 0 and 2 together, 4 alone."""
    first = rng.integers(0, 4, n)
    second = np.where(rng.random(n) < 0.8, first, rng.integers(0, 4, n))
    third = np.where(rng.random(n) < 0.8, second % 3, rng.integers(0, 3, n))
    fourth = np.where(rng.random(n) < 0.9, (first + third) % 2, rng.integers(0, 2, n))
    return np.stack([first, second, third, fourth, rng.integers(0, 3, n)], axis=1).astype(np.int32)


SIZES = (4, 4, 3, 2, 3)


def test_fit_is_the_minimum_that_it_says_it_is(rng: np.random.Generator) -> None:
    total, sizes = 500.0, (3, 2)
    truth = rng.dirichlet(np.ones(6)).reshape(sizes) * total
    fit = MarginalFit(sizes, total)
    both = truth + rng.normal(0, 12, sizes)
    rows = truth.sum(axis=1) + rng.normal(0, 6, 3)
    both, rows = both + (total - both.sum()) / 6, rows + (total - rows.sum()) / 3
    fit.add(Measurement((0, 1), both, np.full(sizes, 144.0)))
    fit.add(Measurement((0,), rows, np.full(3, 36.0)))
    model = fit.fit(steps=500, tolerance=1e-12)

    def objective(logits: np.ndarray) -> float:
        p = np.exp(logits - np.logaddexp.reduce(logits))
        fitted = p.reshape(sizes) * total
        noise = ((fitted - both) ** 2).sum() / 144 + ((fitted.sum(axis=1) - rows) ** 2).sum() / 36
        return float(total * (p * np.log(p * 6)).sum() + noise / (2 * estimation.SHRINKAGE))

    best = optimize.minimize(objective, np.zeros(6), method="BFGS", options={"gtol": 1e-7})
    p = np.exp(best.x - np.logaddexp.reduce(best.x)).reshape(sizes)
    np.testing.assert_allclose(model.marginal((0, 1)), p, atol=2e-5)


def test_exact_counts_are_reproduced(rng: np.random.Generator) -> None:
    codes = correlated(20_000, rng)
    fit = MarginalFit(SIZES, len(codes))
    selection = Selection(codes, fit, Plan(1, 1, 10_000), _curator(), Fraction(1), Fraction(1))
    measured = [(0, 1), (1, 2), (0, 2, 3)]
    for clique in measured:
        counts = selection.table(clique)
        fit.add(Measurement(clique, counts.astype(float), np.full(counts.shape, 1e-6)))
    model = fit.fit(steps=300, tolerance=1e-9)
    for clique in measured:
        np.testing.assert_allclose(model.marginal(clique) * len(codes), selection.table(clique), atol=2)
    np.testing.assert_allclose(model.marginal((4,)), 1 / 3, atol=1e-9)


def test_cells_below_their_noise_lean_on_the_coarser_marginals(rng: np.random.Generator) -> None:
    total, noise = 2_000.0, 60.0
    rows, columns = rng.dirichlet(np.full(12, 0.5)) * total, rng.dirichlet(np.full(12, 0.5)) * total
    truth = np.outer(rows, columns) / total
    fit = MarginalFit((12, 12), total)
    fit.add(Measurement((0,), rows, np.full(12, 1.0)))
    fit.add(Measurement((1,), columns, np.full(12, 1.0)))
    noisy = truth + rng.normal(0, noise, truth.shape)
    fit.add(Measurement((0, 1), noisy, np.full(truth.shape, noise**2)))
    error = np.abs(fit.fit().marginal((0, 1)) * total - truth).sum()
    clipped = noisy.clip(0) * total / noisy.clip(0).sum()
    assert error < 0.5 * np.abs(clipped - truth).sum()


def test_candidates_are_pairs_and_triples_with_the_target(rng: np.random.Generator) -> None:
    found = candidates((4, 4, 1, 2), [3], [0, 1, 2, 3], 30, rng)
    assert found == {(0, 3): FULL_WEIGHT, (1, 3): FULL_WEIGHT, (0, 1): PAIR_WEIGHT}
    assert (0, 1, 3) in candidates((4, 4, 1, 2), [3], [0, 1, 2, 3], 32, rng)
    assert set(candidates((4, 4, 1, 2), [], [0, 1, 3], 32, rng).values()) == {FULL_WEIGHT}


def test_wide_tables_keep_every_pair_with_the_target(rng: np.random.Generator) -> None:
    found = candidates([2] * 120, [7], range(120), 100, rng)
    assert len(found) < 3_000
    assert all(tuple(sorted((7, other))) in found for other in range(120) if other != 7)


def test_choice_finds_what_belongs_together(rng: np.random.Generator) -> None:
    codes = correlated(5_000, rng)
    curator = _curator(rho=2)
    fit = MarginalFit(SIZES, len(codes))
    for place, size in enumerate(SIZES):
        counts = np.bincount(codes[:, place], minlength=size).astype(float)
        fit.add(Measurement((place,), counts, np.full(size, 4.0)))
    wanted = candidates(SIZES, [], range(5), 1_000, rng)
    selection = Selection(codes, fit, Plan(5, 5, 1_000), curator, Fraction(1), Fraction(1))
    model = selection.run(wanted, silent)
    chosen = {measurement.clique for measurement in fit.measurements if len(measurement.clique) > 1}
    assert {(0, 1), (1, 2)} <= chosen
    truth = selection.table((0, 1)) / len(codes)
    assert np.abs(model.marginal((0, 1)) - truth).sum() < 0.03
    assert curator.budget.left < Fraction(1, 50)


def test_tree_stays_within_its_size_and_the_budget_is_used(rng: np.random.Generator) -> None:
    codes = rng.integers(0, 6, (2_000, 8)).astype(np.int32)
    curator = _curator(rho=2)
    fit = MarginalFit([6] * 8, len(codes))
    for place in range(8):
        fit.add(Measurement((place,), np.bincount(codes[:, place], minlength=6) * 1.0, np.full(6, 1.0)))
    selection = Selection(codes, fit, Plan(20, 4, 260), curator, Fraction(1), Fraction(1))
    model = selection.run(candidates([6] * 8, [], range(8), 1_000, rng), silent)
    assert sum(belief.size for belief in model.beliefs) <= 260
    assert curator.budget.left < Fraction(1, 50), "what is not spent on choices is spent on counts"


def _curator(rho: int = 10) -> Curator:
    return Curator(Budget(Fraction(rho)), InsecureNoise(np.random.default_rng(5)))


@pytest.mark.parametrize("person", [[0, 0, 0, 0, 0], [3, 1, 2, 1, 2]])
def test_scores_change_by_at_most_one_with_a_person(person: list[int], rng: np.random.Generator) -> None:
    codes = correlated(300, rng)
    more = np.vstack([codes, np.array([person], dtype=np.int32)])
    wanted = candidates(SIZES, [3], range(5), 1_000, rng)
    model = MarginalFit(SIZES, 310.0)
    model.add(Measurement((0, 1), rng.normal(20, 5, (4, 4)), np.full((4, 4), 9.0)))
    fitted = model.fit()
    scores = []
    for rows in (codes, more):
        selection = Selection(rows, model, Plan(3, 1, 1_000), _curator(), Fraction(1), Fraction(1))
        scores.append(selection.scores(wanted, {clique: selection.table(clique) for clique in wanted}, fitted, 50.0))
    gaps = [abs(scores[0][clique] - scores[1][clique]) for clique in wanted]
    assert max(gaps) == 1
