from __future__ import annotations

import numpy as np
import pytest
from tests.lattices import every_node, halving, made

from cohortium.anonymise.tables.lattice import Lattice
from cohortium.anonymise.tables.models import KAnonymity
from cohortium.anonymise.tables.search import Question, search_exactly
from cohortium.anonymise.tables.tuples import distinct
from cohortium.errors import InvalidRequest, NotApplicable


@pytest.mark.parametrize("suppression", [0.0, 0.01, 0.05, 0.3, 1.0])
@pytest.mark.parametrize("k", [2, 5, 20])
@pytest.mark.parametrize("seed", range(3))
def test_it_finds_what_counting_every_node_finds(seed: int, k: int, suppression: float) -> None:
    tuples, hierarchies = made(seed)
    weights = (1.0, 2.0, 0.5) if seed == 2 else None
    question = Question(tuples, hierarchies, (KAnonymity(k),), suppression=suppression, weights=weights)
    found = search_exactly(question)
    losses = {node: (loss, left_out) for node, loss, left_out in every_node(question)}
    assert found.loss == pytest.approx(min(loss for loss, _ in losses.values()), abs=1e-12)
    assert losses[found.node] == (pytest.approx(found.loss), found.left_out)
    assert found.left_out <= suppression * tuples.rows
    assert found.is_optimal
    assert found.checks <= found.nodes


def test_the_proof_needs_fewer_nodes_than_there_are() -> None:
    tuples, hierarchies = made(7, rows=2_000, widths=(32, 16, 8, 8, 4))
    found = search_exactly(Question(tuples, hierarchies, (KAnonymity(5),), suppression=0.02))
    assert found.checks < found.nodes / 4


def test_levels_that_are_not_allowed_are_not_chosen() -> None:
    tuples, hierarchies = made(1)
    levels = [one.levels for one in hierarchies]
    allowed = Lattice((1, 0, 0), (levels[0] - 1, 1, levels[2] - 1))
    question = Question(tuples, hierarchies, (KAnonymity(3),), suppression=0.2, allowed=allowed)
    found = search_exactly(question)
    assert found.node[0] >= 1
    assert found.node[1] <= 1
    assert found.loss == pytest.approx(min(loss for _, loss, _ in every_node(question)))


def test_more_columns_than_one_number_holds() -> None:
    rng = np.random.default_rng(3)
    hierarchies = tuple(halving(f"column {place}", 16) for place in range(18))
    tuples = distinct([rng.integers(0, 16, 300).astype(np.int32) for _ in hierarchies])
    fixed = tuple(one.levels - 1 for one in hierarchies)
    question = Question(
        tuples, hierarchies, (KAnonymity(2),), suppression=1.0, allowed=Lattice((0,) * 2 + fixed[2:], fixed)
    )
    assert search_exactly(question).loss == pytest.approx(min(loss for _, loss, _ in every_node(question)))


def test_no_release_at_all_is_said() -> None:
    tuples, hierarchies = made(0)
    with pytest.raises(NotApplicable, match="not even the most general"):
        search_exactly(Question(tuples, hierarchies, (KAnonymity(201),)))


def test_a_lattice_beyond_an_exact_search_is_said() -> None:
    hierarchies = tuple(halving(f"column {place}", 128) for place in range(9))
    wide = distinct([np.zeros(10, dtype=np.int32)] * 9)
    with pytest.raises(InvalidRequest, match="combinations of levels"):
        search_exactly(Question(wide, hierarchies, (KAnonymity(2),)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"suppression": 1.2}, "0 to 1"),
        ({"classes": ()}, "at least one privacy model"),
        ({"weights": (1.0, -1.0, 1.0)}, "weights"),
    ],
)
def test_questions_that_make_no_sense(changes: dict[str, object], message: str) -> None:
    tuples, hierarchies = made(0)
    with pytest.raises(InvalidRequest, match=message):
        search_exactly(Question(tuples, hierarchies, **{"classes": (KAnonymity(2),), **changes}))  # type: ignore[arg-type]


def test_k_counts_persons_where_a_person_has_several_rows() -> None:
    columns = [np.array([0, 0, 0, 0, 1, 1], dtype=np.int32)]
    persons = np.array([7, 7, 7, 7, 8, 9])
    hierarchies = (halving("column 0", 2),)
    alone = Question(distinct(columns), hierarchies, (KAnonymity(2),))
    by_person = Question(distinct(columns, persons=persons), hierarchies, (KAnonymity(2),))
    assert search_exactly(alone).node == (0,)
    assert search_exactly(by_person).node == (1,)
