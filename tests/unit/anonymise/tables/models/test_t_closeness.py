from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cohortium.anonymise.tables.models import BetaLikeness, Classes, ClassModel, TCloseness, WholeColumn, beside_whole
from cohortium.anonymise.tables.models.ground_distances import (
    equal_distance,
    hierarchical_distance,
    ordered_distance,
)
from cohortium.anonymise.tables.tuples import distinct
from cohortium.errors import InvalidRequest

SALARIES = np.arange(3, 12)
FLAT = np.array([[0, 1, 2, 3], [0, 1, 2, 3], [0, 0, 0, 0]])


def gaps_of(*classes: list[int]) -> np.ndarray:  # type: ignore[type-arg]
    """Salaries of classes less those of nine persons who earn 3 to 11 thousand, as in the paper."""
    return np.array([np.isin(SALARIES, one) / 3 for one in classes]) - 1 / 9


def test_the_salaries_of_li_et_al() -> None:
    assert ordered_distance(gaps_of([3, 4, 5], [6, 8, 11])) == pytest.approx([0.375, 1 / 6])
    assert ordered_distance(gaps_of([3, 5, 9], [6, 8, 11], [4, 7, 10])).max() == pytest.approx(0.167, abs=5e-4)


def test_a_hierarchy_of_two_levels_is_the_equal_distance() -> None:
    rng = np.random.default_rng(1)
    gaps = rng.dirichlet(np.ones(4), 20) - rng.dirichlet(np.ones(4), 20)
    assert hierarchical_distance(gaps, FLAT[1:]) == pytest.approx(equal_distance(gaps))


@pytest.mark.parametrize("seed", range(5))
def test_distances_are_those_of_the_cheapest_transport(seed: int) -> None:
    """Against linear programming over all ways to move the shares."""
    optimize = pytest.importorskip("scipy.optimize")
    rng = np.random.default_rng(seed)
    groups = np.array([[0, 1, 2, 3, 4], [0, 0, 1, 1, 2], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]])
    places = np.arange(5)
    together = np.array([[min(np.flatnonzero(groups[:, i] == groups[:, j])) for j in places] for i in places])
    costs = {
        "ordered": np.abs(places[:, None] - places) / 4,
        "equal": (places[:, None] != places).astype(float),
        "hierarchical": together / 3,
    }
    first, second = rng.dirichlet(np.ones(5)), rng.dirichlet(np.ones(5))
    gaps = (first - second)[None, :]
    mine = {
        "ordered": ordered_distance(gaps),
        "equal": equal_distance(gaps),
        "hierarchical": hierarchical_distance(gaps, groups),
    }
    leaving, arriving = np.kron(np.eye(5), np.ones(5)), np.kron(np.ones(5), np.eye(5))
    for name, cost in costs.items():
        best = optimize.linprog(cost.ravel(), A_eq=np.vstack([leaving, arriving]), b_eq=np.concatenate([first, second]))
        assert mine[name][0] == pytest.approx(best.fun, abs=1e-9)


def stays() -> tuple[Classes, WholeColumn]:
    """Two classes: short and long stays; codes in an order of no meaning."""
    texts = ("10", "9", "1", "2")
    values = np.array([2, 3, 2, 3, 0, 1, 0, 1], dtype=np.int32)
    tuples = distinct([np.repeat([0, 1], 4).astype(np.int32)], {"stay": values})
    return Classes.of(tuples.codes[:, 0], tuples), WholeColumn.of(values, texts)


def test_numbers_are_ordered_by_size_and_not_by_their_text() -> None:
    classes, whole = stays()
    assert TCloseness("stay", 0.5, "ordered").distances(classes, whole) == pytest.approx([1 / 3] * 2)
    mixed = TCloseness("stay", 0.5, "ordered", ("10", "1", "9", "2"))
    assert mixed.distances(classes, whole) == pytest.approx([1 / 6] * 2)


def test_a_hierarchy_is_read_from_the_recipes_folder(tmp_path: Path) -> None:
    (tmp_path / "stay.csv").write_text("1;short;*\n2;short;*\n9;long;*\n10;long;*\n")
    classes, whole = stays()
    (bound,) = beside_whole([TCloseness("stay", 0.4, "hierarchical", (), "stay.csv")], {"stay": whole}, tmp_path)
    assert isinstance(bound, ClassModel)
    assert bound.fails(classes).all()
    (tmp_path / "flat.csv").write_text("1;a\n2;a\n9;b\n10;b\n")
    with pytest.raises(InvalidRequest, match="end in one group"):
        beside_whole([TCloseness("stay", 0.4, "hierarchical", (), "flat.csv")], {"stay": whole}, tmp_path)


def test_what_rows_left_out_do_not_change_is_what_a_class_is_compared_with() -> None:
    values = np.array([0, 1, 0, 1, 0, 0, 0, 0], dtype=np.int32)
    tuples = distinct([np.repeat([0, 1], 4).astype(np.int32)], {"illness": values})
    whole = WholeColumn.of(values, ("a", "b"))
    first = distinct([np.zeros(4, dtype=np.int32)], {"illness": values[:4]})
    alone = Classes.of(first.codes[:, 0], first)
    for model in (TCloseness("illness", 0.2), BetaLikeness("illness", 0.5, enhanced=False)):
        (bound,) = beside_whole([model], {"illness": whole}, Path())
        assert isinstance(bound, ClassModel)
        assert bound.fails(Classes.of(tuples.codes[:, 0], tuples))[0]
        assert bound.fails(alone)[0]
        assert not model.fails(alone)[0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"t": 1.5}, "from 0 to 1"),
        ({"distance": "far"}, "not 'far'"),
        ({"distance": "hierarchical"}, "file of a hierarchy"),
        ({"hierarchy": "x.csv"}, "only then"),
    ],
)
def test_settings_that_make_no_sense(settings: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        TCloseness(**{"column": "stay", "t": 0.2, **settings})  # type: ignore[arg-type]


def test_an_order_that_is_not_known_is_asked_for_without_telling_values() -> None:
    classes, _ = stays()
    words = WholeColumn.of(np.arange(4), ("secret", "9", "1", "?"))
    with pytest.raises(InvalidRequest, match="say their order") as caught:
        TCloseness("stay", 0.2, "ordered").fails_beside(classes, words)
    assert "secret" not in str(caught.value)
    with pytest.raises(InvalidRequest, match="misses 2 of its values"):
        TCloseness("stay", 0.2, "ordered", ("9", "1")).fails_beside(classes, words)
    with pytest.raises(InvalidRequest, match="needs to know the values"):
        TCloseness("stay", 0.2, "ordered").fails(classes)
