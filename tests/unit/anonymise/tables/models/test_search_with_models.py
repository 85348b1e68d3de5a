"""The search, asked with each model and with several at once, finds what counting every node by definition finds."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest
from tests.lattices import made

from cohortium.anonymise.tables.models import (
    AverageRisk,
    BetaLikeness,
    Classes,
    ClassModel,
    DeltaDisclosure,
    DeltaPresence,
    DistinctLDiversity,
    EntropyLDiversity,
    HighestRisk,
    KAnonymity,
    KmAnonymity,
    KMap,
    PopulationUniqueness,
    RecursiveCLDiversity,
    ReleaseModel,
    TCloseness,
    WholeColumn,
    beside_whole,
)
from cohortium.anonymise.tables.search import Question, search_exactly
from cohortium.anonymise.tables.tuples import Tuples
from cohortium.errors import NotApplicable

TEXTS = ("10", "2", "33", "4")
MODELS: list[tuple[ClassModel | ReleaseModel, ...]] = [
    (DistinctLDiversity("illness", 3),),
    (EntropyLDiversity("illness", 2.0),),
    (RecursiveCLDiversity("illness", 3.0, 2),),
    (TCloseness("illness", 0.15),),
    (TCloseness("illness", 0.12, "ordered"),),
    (BetaLikeness("illness", 1.0),),
    (BetaLikeness("illness", 0.5, enhanced=False),),
    (DeltaDisclosure("illness", 1.5),),
    (DeltaPresence(0.0, 0.4),),
    (KMap(10),),
    (KmAnonymity(12, 2),),
    (KMap(10, population=900),),
    (KmAnonymity(12, 2), DistinctLDiversity("illness", 3)),
    (KmAnonymity(12, 2), TCloseness("illness", 0.2)),
    (KmAnonymity(25, 1), KmAnonymity(9, 2)),
    (KAnonymity(3), TCloseness("illness", 0.2), DistinctLDiversity("illness", 3)),
    (KAnonymity(2), EntropyLDiversity("illness", 1.8), AverageRisk(0.08)),
    (AverageRisk(0.05),),
    (HighestRisk(0.2),),
    (KAnonymity(2), HighestRisk(0.1)),
    (PopulationUniqueness(0.005, 5_000),),
    (DistinctLDiversity("illness", 2), PopulationUniqueness(0.01, 1_000, "zayatz")),
]


def asked(models: tuple[ClassModel | ReleaseModel, ...], seed: int, suppression: float) -> Question:
    tuples, hierarchies = made(seed)
    extra = np.random.default_rng(seed).integers(0, 20, len(tuples))
    tuples = Tuples(tuples.codes, tuples.counts, tuples.of_row, tuples.sensitive, population=tuples.counts + extra)
    whole = {"illness": WholeColumn.of(np.repeat(tuples.sensitive["illness"], tuples.counts), TEXTS)}
    bound = beside_whole(models, whole, Path())
    return Question(
        tuples,
        hierarchies,
        tuple(one for one in bound if isinstance(one, ClassModel)),
        tuple(one for one in bound if isinstance(one, ReleaseModel)),
        suppression,
    )


def least_loss(question: Question) -> float:
    """The least loss by way of every node, each counted without the search's own code."""
    tuples, hierarchies = question.tuples, question.hierarchies
    shares = [one.shares() for one in hierarchies]
    best = np.inf
    for node in product(*(range(one.levels) for one in hierarchies)):
        levels = list(zip(hierarchies, node, strict=True))
        told = np.stack([one.groups[level, tuples.codes[:, place]] for place, (one, level) in enumerate(levels)])
        of_tuple = np.unique(told, axis=1, return_inverse=True)[1].reshape(-1)
        plain = Classes.of(of_tuple, tuples)
        classes = Classes(plain.of_tuple, plain.rows, tuples, told)
        fails = np.zeros(len(classes), dtype=bool)
        for model in question.classes:
            fails |= model.fails(classes)
        while True:
            kept = np.flatnonzero(~fails[of_tuple])
            more = _refused_by_pairs(question, tuples, of_tuple, told, kept) & ~fails
            if not more.any():
                break
            fails |= more
        out = fails[of_tuple]
        if tuples.counts[out].sum() > question.suppression * tuples.rows + 1e-9:
            continue
        if not all(model.holds(classes.rows[~fails]) for model in question.release):
            continue
        losses = np.mean(
            [one[level, tuples.codes[:, place]] for place, (one, level) in enumerate(zip(shares, node, strict=True))],
            axis=0,
        )
        best = min(best, float(tuples.counts @ np.where(out, 1.0, losses)) / tuples.rows)
    return best


def _refused_by_pairs(
    question: Question,
    tuples: Tuples,
    of_tuple: np.ndarray,
    told: np.ndarray,
    kept: np.ndarray,  # type: ignore[type-arg]
) -> np.ndarray:  # type: ignore[type-arg]
    """Classes that show m values which too few of the rows that are left show, for every k^m-anonymity asked."""
    fails = np.zeros(int(of_tuple.max()) + 1, dtype=bool)
    for model in question.classes:
        if isinstance(model, KmAnonymity):
            for chosen in combinations(range(len(told)), model.m):
                shown = [tuple(told[list(chosen), place]) for place in kept]
                rows: Counter[tuple[int, ...]] = Counter()
                for place, values in zip(kept, shown, strict=True):
                    rows[values] += int(tuples.counts[place])
                for place, values in zip(kept, shown, strict=True):
                    fails[of_tuple[place]] |= rows[values] < model.k
    return fails


@pytest.mark.parametrize("suppression", [0.0, 0.05, 0.4])
@pytest.mark.parametrize("models", MODELS, ids=lambda models: "+".join(type(one).__name__ for one in models))
def test_it_finds_the_least_loss_of_all_nodes(
    models: tuple[ClassModel | ReleaseModel, ...], suppression: float
) -> None:
    for seed in range(2):
        question = asked(models, seed, suppression)
        expected = least_loss(question)
        if np.isinf(expected):
            with pytest.raises(NotApplicable):
                search_exactly(question)
            continue
        found = search_exactly(question)
        assert found.is_optimal
        assert found.loss == pytest.approx(expected, abs=1e-12)


def test_a_stricter_model_never_loses_less() -> None:
    losses = [search_exactly(asked((TCloseness("illness", t),), 1, 0.1)).loss for t in (0.5, 0.3, 0.2, 0.15, 0.1, 0.0)]
    assert losses == sorted(losses)
    assert losses[0] < losses[-1]
