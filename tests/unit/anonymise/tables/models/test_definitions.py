"""Every class model against its definition, spelt out over rows, and against examples of the papers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

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
    RecursiveCLDiversity,
    TCloseness,
)
from cohortium.anonymise.tables.models.protocol import ClassModel as Protocol
from cohortium.anonymise.tables.search import Question
from cohortium.anonymise.tables.search.question import Checker
from cohortium.anonymise.tables.tuples import Tuples, distinct

Shares = dict[int, float]
Definition = Callable[[Counter[int], Shares], bool]


def of_class(values: Counter[int]) -> Shares:
    return {value: count / values.total() for value, count in values.items()}


def recursive(values: Counter[int], c: float, least: int) -> bool:
    counts = sorted(values.values(), reverse=True)
    return len(counts) >= least and counts[0] < c * sum(counts[least - 1 :])


def enhanced(mine: Shares, whole: Shares, beta: float) -> bool:
    return all((mine.get(v, 0) - p) / p <= min(beta, -math.log(p)) + 1e-12 for v, p in whole.items())


DEFINITIONS: list[tuple[ClassModel, Definition]] = [
    (KAnonymity(6), lambda values, _: values.total() >= 6),
    (DistinctLDiversity("illness", 3), lambda values, _: len(values) >= 3),
    (
        EntropyLDiversity("illness", 2.2),
        lambda values, _: -sum(p * math.log(p) for p in of_class(values).values()) >= math.log(2.2) - 1e-12,
    ),
    (RecursiveCLDiversity("illness", 2.0, 2), lambda values, _: recursive(values, 2.0, 2)),
    (RecursiveCLDiversity("illness", 4.0, 3), lambda values, _: recursive(values, 4.0, 3)),
    (
        TCloseness("illness", 0.2),
        lambda values, whole: sum(abs(of_class(values).get(v, 0) - p) for v, p in whole.items()) / 2 <= 0.2 + 1e-12,
    ),
    (
        BetaLikeness("illness", 0.7, enhanced=False),
        lambda values, whole: all((of_class(values).get(v, 0) - p) / p <= 0.7 + 1e-12 for v, p in whole.items()),
    ),
    (BetaLikeness("illness", 0.7), lambda values, whole: enhanced(of_class(values), whole, 0.7)),
    (
        DeltaDisclosure("illness", 1.1),
        lambda values, whole: all(
            v in values and abs(math.log(of_class(values)[v] / p)) < 1.1 for v, p in whole.items()
        ),
    ),
]


def by_class(classes: Classes) -> list[Counter[int]]:
    found = [Counter[int]() for _ in range(len(classes))]
    illness = classes.tuples.sensitive["illness"]
    for place, value, rows in zip(classes.of_tuple, illness, classes.tuples.counts, strict=True):
        found[place][int(value)] += int(rows)
    return found


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("model", "definition"), DEFINITIONS, ids=[str(model)[:40] for model, _ in DEFINITIONS])
def test_it_fails_where_its_definition_does(model: ClassModel, definition: Definition, seed: int) -> None:
    tuples, hierarchies = made(seed, rows=400)
    checker = Checker(Question(tuples, hierarchies, (KAnonymity(2),)))
    seen: set[bool] = set()
    for place in range(checker.question.lattice.size):
        classes = checker.classes(checker.question.lattice.node(place))
        values = by_class(classes)
        whole = of_class(sum(values, Counter[int]()))
        expected = [not definition(one, whole) for one in values]
        assert model.fails(classes).tolist() == expected
        seen.update(expected)
    assert seen == {True, False}


def classes_of(*groups: list[int]) -> Classes:
    """One class per group of sensitive codes."""
    column = np.array([place for place, group in enumerate(groups) for _ in group], dtype=np.int32)
    values = np.array([value for group in groups for value in group], dtype=np.int32)
    tuples = distinct([column], {"illness": values})
    return Classes.of(tuples.codes[:, 0], tuples)


def test_the_inpatients_of_machanavajjhala_are_3_diverse_and_2_8_by_entropy() -> None:
    heart, viral, cancer = 0, 1, 2
    inpatients = classes_of(
        [heart, viral, cancer, cancer], [cancer, heart, viral, viral], [heart, viral, cancer, cancer]
    )
    assert not DistinctLDiversity("illness", 3).fails(inpatients).any()
    assert DistinctLDiversity("illness", 4).fails(inpatients).all()
    assert not EntropyLDiversity("illness", 2.8).fails(inpatients).any()
    assert EntropyLDiversity("illness", 2.83).fails(inpatients).all()


def test_equally_frequent_values_are_exactly_l_diverse() -> None:
    assert not EntropyLDiversity("illness", 3).fails(classes_of([0, 1, 2], [0, 1, 2])).any()
    assert not TCloseness("illness", 0).fails(classes_of([0, 1, 2], [0, 1, 2])).any()


def test_k_anonymity_alone_shows_everybodys_illness() -> None:
    alike = classes_of([1] * 9, [0, 1, 2])
    assert not KAnonymity(3).fails(alike).any()
    for model, _ in DEFINITIONS[1:5]:
        assert model.fails(alike)[0]


def presence(rows: list[int], population: list[int] | None) -> Classes:
    codes = np.arange(len(rows), dtype=np.int32)
    known = None if population is None else np.array(population)
    return Classes.of(codes, Tuples(codes[:, None], np.array(rows), np.empty(0, dtype=np.int64), {}, population=known))


def test_presence_is_a_share_of_the_population() -> None:
    model = DeltaPresence(0.25, 0.5)
    assert model.fails(presence([1, 2, 3, 0], [4, 4, 4, 2])).tolist() == [False, False, True, True]


@pytest.mark.parametrize(("population", "message"), [(None, "no table of them"), ([2, 1], "1 classes")])
def test_presence_without_a_population_is_refused(population: list[int] | None, message: str) -> None:
    from cohortium.errors import InvalidRequest

    with pytest.raises(InvalidRequest, match=message):
        DeltaPresence(0.0, 0.5).fails(presence([2, 2], population))


def test_every_model_reads_as_a_sentence() -> None:
    for model, _ in DEFINITIONS:
        assert isinstance(model, Protocol)
        assert len(str(model)) > 20
        assert "fails" not in str(model)
