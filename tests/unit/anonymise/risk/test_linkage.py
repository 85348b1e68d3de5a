"""Looking known persons up: a copy gives everybody away, k-anonymity keeps its word, both ways of looking agree."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.anonymise.risk.releases import COLUMNS, HIERARCHIES, people, question, released, retold

from cohortium.anonymise.risk import PersonClasses, link, prosecutor
from cohortium.anonymise.risk.label_sets import LabelSets
from cohortium.anonymise.tables.coded import distinct_texts
from cohortium.anonymise.tables.recoding import Recoding
from cohortium.errors import InvalidRequest
from cohortium.records import Table


def compared_by_hand(known: Table, release: Table) -> np.ndarray:
    """(n,) released rows that do not contradict each known row."""
    fits = np.ones((len(known), len(release)), dtype=bool)
    for name in COLUMNS:
        value_codes, values = distinct_texts(known, name)
        codes, texts = distinct_texts(release, name)
        holds = LabelSets.of(name, values, texts, HIERARCHIES[name]).holds
        fits &= holds[codes][:, value_codes].T
    return fits.sum(axis=1)


def test_a_copy_is_found_as_often_as_its_classes_say() -> None:
    table = people()
    found = link(table, table, COLUMNS, HIERARCHIES)
    expected = prosecutor(PersonClasses.of_table(table, COLUMNS))
    assert found.chances().max() == 1.0
    assert found.chances().mean() == pytest.approx(expected.average)
    assert found.losses.max() == 0.0


def test_a_copy_of_persons_who_are_all_unlike_is_found_wholly() -> None:
    table = people()
    one_each = table.take(np.unique(PersonClasses.of_table(table, COLUMNS).of_row, return_index=True)[1])
    assert link(one_each, one_each, COLUMNS, HIERARCHIES).chances().min() == 1.0


@pytest.mark.parametrize("k", [2, 5, 20])
@pytest.mark.parametrize("suppression", [0.0, 0.1])
def test_k_anonymity_keeps_its_word(k: int, suppression: float) -> None:
    table, stranger = people(), people(seed=9)
    release = released(table, k, suppression)
    for known in (table, stranger):
        found = link(known, release, COLUMNS, HIERARCHIES)
        assert found.chances().max() <= 1 / k
        assert list(found.rows) == list(compared_by_hand(known, release))
    assert (link(table, release, COLUMNS, HIERARCHIES).rows == 0).sum() == len(table) - len(release)


def test_levels_that_differ_from_row_to_row() -> None:
    """As after local recoding: one row shows 0-3 where another shows 2."""
    table = people(300)
    asked = question(table, 2, 1.0)
    rng = np.random.default_rng(5)
    most = [one.levels for one in asked.hierarchies]
    levels = np.stack([rng.integers(0, width, len(asked.tuples)) for width in most], axis=1).astype(np.int8)
    release = retold(table, asked, Recoding(levels, np.zeros(len(asked.tuples), dtype=bool), 0.0))
    found = link(table, release, COLUMNS, HIERARCHIES)
    assert list(found.rows) == list(compared_by_hand(table, release))
    assert (found.rows > 0).all()


def test_losses_are_those_that_the_search_counts() -> None:
    table = people()
    asked = question(table, 5, 0.1)
    from cohortium.anonymise.tables.search import search_exactly

    answer = search_exactly(asked)
    release = retold(table, asked, Recoding.at_node(asked, answer))
    found = link(table, release, COLUMNS, HIERARCHIES)
    assert found.losses.mean() == pytest.approx(answer.loss)


def test_strangers_are_not_found_more_often_than_members() -> None:
    table, stranger = people(1_000), people(1_000, seed=9)
    members = link(table, table, COLUMNS, HIERARCHIES).chances().mean()
    assert link(stranger, table, COLUMNS, HIERARCHIES).chances().mean() < members


def test_a_stranger_with_values_that_the_original_lacks() -> None:
    table, stranger = people(40), people(40, seed=9)
    found = link(stranger, table, COLUMNS, original=table)
    assert list(found.rows) == list(compared_by_hand(stranger, table))
    assert (found.rows == 0).any()


def test_columns_that_do_not_leave_cannot_be_linked_by() -> None:
    table = people()
    fewer = table.select(["sex", "ill"])
    found = link(table, fewer, COLUMNS, HIERARCHIES)
    assert found.losses == pytest.approx(np.full(len(table), 2 / 3))
    with pytest.raises(InvalidRequest, match="nothing to link"):
        link(table, table.select(["ill"]), COLUMNS, HIERARCHIES)
