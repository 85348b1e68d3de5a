"""Junction trees and the models on them, against the whole joint table."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from cohortium.numerics.graphical_model import GraphicalModel, calibrated, spread
from cohortium.numerics.junction_tree import Clique, junction_tree, tree_cells


def random_case(seed: int) -> tuple[GraphicalModel, np.ndarray, list[Clique]]:
    """A model over six small attributes, its unnormalised joint table, and the cliques that it was asked to hold."""
    rng = np.random.default_rng(seed)
    d = 6
    sizes = rng.integers(1, 4, d).tolist()
    wanted = [tuple(sorted(rng.choice(d, rng.integers(1, 4), replace=False).tolist())) for _ in range(seed % 7)]
    tree = junction_tree(sizes, wanted)
    potentials = [rng.normal(0, 3, [sizes[a] for a in clique]) for clique in tree.cliques]
    joint = np.zeros(sizes)
    for potential, clique in zip(potentials, tree.cliques, strict=True):
        joint = joint + spread(potential, clique, tuple(range(d)))
    return calibrated(sizes, tree, potentials), np.exp(joint), wanted


def summed(joint: np.ndarray, attributes: Clique) -> np.ndarray:
    return np.einsum(joint, list(range(joint.ndim)), list(attributes))


@pytest.mark.parametrize("seed", range(40))
def test_marginals_are_those_of_the_joint_table(seed: int) -> None:
    model, joint, _ = random_case(seed)
    assert model.log_partition == pytest.approx(math.log(joint.sum()), abs=1e-9)
    for count in (0, 1, 2, 3):
        for attributes in itertools.permutations(range(6), count):
            np.testing.assert_allclose(model.marginal(attributes), summed(joint / joint.sum(), attributes), atol=1e-12)


@pytest.mark.parametrize("seed", range(40))
def test_tree_holds_what_was_wanted_and_runs_together(seed: int) -> None:
    model, _, wanted = random_case(seed)
    tree = model.tree
    assert all(tree.host(clique) is not None for clique in wanted)
    assert {attribute for clique in tree.cliques for attribute in clique} == set(range(6))
    for place, (clique, parent, separator) in enumerate(zip(tree.cliques, tree.parents, tree.separators, strict=True)):
        assert parent < place
        before = {attribute for other in tree.cliques[:place] for attribute in other}
        assert set(separator) == set(clique) & before, "cliques of one attribute must be connected"
    assert tree_cells(model.sizes, wanted) == sum(belief.size for belief in model.beliefs)


def test_cycle_is_triangulated() -> None:
    tree = junction_tree([2] * 4, [(0, 1), (1, 2), (2, 3), (0, 3)])
    assert sorted(len(clique) for clique in tree.cliques) == [3, 3]


@pytest.mark.parametrize("seed", range(10))
def test_evidence_conditions_the_joint_table(seed: int) -> None:
    model, joint, _ = random_case(seed)
    weights = {0: np.arange(model.sizes[0]) + 0.5, 3: (np.arange(model.sizes[3]) == 0).astype(float)}
    weighed = joint * spread(weights[0], (0,), tuple(range(6))) * spread(weights[3], (3,), tuple(range(6)))
    given = model.given(weights)
    assert given.log_partition == pytest.approx(math.log(weighed.sum() / joint.sum()), abs=1e-9)
    np.testing.assert_allclose(given.marginal((0, 3, 5)), summed(weighed / weighed.sum(), (0, 3, 5)), atol=1e-12)


def test_impossible_evidence_leaves_nothing() -> None:
    model, _, _ = random_case(3)
    assert model.given({1: np.zeros(model.sizes[1])}).log_partition == -math.inf


def test_far_states_do_not_spoil_the_likely_ones() -> None:
    tree = junction_tree([2, 2], [(0, 1)])
    model = calibrated([2, 2], tree, [np.array([[900.0, -900.0], [-900.0, 900.0]])])
    np.testing.assert_allclose(model.beliefs[0], [[0.5, 0], [0, 0.5]])
    assert model.log_partition == pytest.approx(900 + math.log(2))


@pytest.mark.parametrize("seed", [2, 5, 13])
def test_rows_follow_the_joint_table(seed: int, rng: np.random.Generator) -> None:
    model, joint, _ = random_case(seed)
    rows = model.sample(40_000, rng)
    counts = np.bincount(np.ravel_multi_index(tuple(rows.T), joint.shape), minlength=joint.size)
    expected = joint.ravel() / joint.sum() * len(rows)
    common = expected > 5
    assert (
        stats.chisquare(counts[common], expected[common] * counts[common].sum() / expected[common].sum()).pvalue > 1e-4
    )
    assert counts[~common].sum() == pytest.approx(expected[~common].sum(), abs=60)
