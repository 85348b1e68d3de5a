"""Whether failures only spread towards finer nodes, as each model claims; and what a search relies on where not."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from tests.lattices import made

from cohortium.anonymise.tables.models import (
    BetaLikeness,
    Classes,
    ClassModel,
    DeltaDisclosure,
    DeltaPresence,
    DistinctLDiversity,
    EntropyLDiversity,
    KAnonymity,
    KmAnonymity,
    KMap,
    RecursiveCLDiversity,
    TCloseness,
    WholeColumn,
    beside_whole,
)
from cohortium.anonymise.tables.search import Question
from cohortium.anonymise.tables.search.question import Checker
from cohortium.anonymise.tables.tuples import Tuples

NESTED: list[ClassModel] = [
    KAnonymity(5),
    DistinctLDiversity("illness", 3),
    KMap(12),
    KMap(8, population=600),
    KMap(8, population=600, estimator="poisson"),
    KmAnonymity(15, 1),
    KmAnonymity(6, 2),
]
NOT_NESTED: list[ClassModel] = [
    EntropyLDiversity("illness", 2.5),
    RecursiveCLDiversity("illness", 1.2, 2),
    TCloseness("illness", 0.1),
    TCloseness("illness", 0.1, "ordered"),
    BetaLikeness("illness", 0.3),
    BetaLikeness("illness", 0.3, enhanced=False),
    DeltaDisclosure("illness", 0.6),
    DeltaPresence(0.2, 0.6),
]

Node = tuple[int, ...]


def failing_rows(model: ClassModel, seed: int, rows: int) -> dict[Node, np.ndarray]:  # type: ignore[type-arg]
    """By node, which tuples are in classes that fail."""
    tuples, hierarchies = made(seed, rows=rows)
    extra = np.random.default_rng(seed).integers(0, 8, len(tuples))
    tuples = Tuples(tuples.codes, tuples.counts, tuples.of_row, tuples.sensitive, population=tuples.counts + extra)
    whole = WholeColumn.of(np.repeat(tuples.sensitive["illness"], tuples.counts), ("1", "2", "3", "4"))
    (bound,) = beside_whole([model], {"illness": whole}, None)  # type: ignore[arg-type]
    assert isinstance(bound, ClassModel)
    assert bound.nested == model.nested
    checker = Checker(Question(tuples, hierarchies, (KAnonymity(2),)))
    found = {}
    for node in product(*(range(one.levels) for one in hierarchies)):
        plain = checker.classes(np.array(node))
        shown = [
            one.groups[level, tuples.codes[:, place]]
            for place, (one, level) in enumerate(zip(hierarchies, node, strict=True))
        ]
        classes = Classes(plain.of_tuple, plain.rows, tuples, np.array(shown))
        found[node] = bound.fails(classes)[classes.of_tuple]
    return found


def finer(node: Node, found: dict[Node, np.ndarray]) -> list[np.ndarray]:  # type: ignore[type-arg]
    """What fails at the nodes one level below."""
    below = [(*node[:place], level - 1, *node[place + 1 :]) for place, level in enumerate(node) if level]
    return [found[one] for one in below]


@pytest.mark.parametrize(("seed", "rows"), [(0, 40), (1, 200)])
@pytest.mark.parametrize("model", NESTED, ids=repr)
def test_who_fails_at_a_node_fails_at_every_finer_one(model: ClassModel, seed: int, rows: int) -> None:
    assert model.nested
    found = failing_rows(model, seed, rows)
    assert any(fails.any() for fails in found.values())
    for node, fails in found.items():
        for below in finer(node, found):
            assert (below >= fails).all()


@pytest.mark.parametrize("model", NOT_NESTED, ids=repr)
def test_the_others_can_fail_for_what_was_merged(model: ClassModel) -> None:
    assert not model.nested
    assert any(
        (fails > below).any()
        for seed in range(4)
        for found in [failing_rows(model, seed, 200)]
        for node, fails in found.items()
        for below in finer(node, found)
    )


@pytest.mark.parametrize(("seed", "rows"), [(0, 40), (1, 200)])
@pytest.mark.parametrize("model", [*NESTED, *NOT_NESTED], ids=repr)
def test_where_all_finer_classes_pass_all_coarser_ones_do(model: ClassModel, seed: int, rows: int) -> None:
    """A search that may leave nothing out rules out all finer nodes once any class fails."""
    found = failing_rows(model, seed, rows)
    for node, fails in found.items():
        if fails.any():
            assert all(below.any() for below in finer(node, found))
