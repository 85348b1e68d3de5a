"""Junction trees: the order in which a joint distribution over few-variable cliques is summed without being built.

Attributes are numbers 0 .. d-1; a clique is a sorted tuple of them. Sets of attributes are held as bit masks, so
that a tree over a hundred attributes is built in milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Clique = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class JunctionTree:
    """Cliques that cover every attribute, joined so that the cliques of an attribute form a connected part.

    cliques    : maximal cliques of a chordal graph; every wanted clique lies inside one.
    parents    : (k,) number of the parent clique, always smaller than the clique's own; -1 for the root, clique 0.
    separators : (k,) attributes that a clique shares with its parent; may be empty.
    added      : (k,) attributes that a clique has and its parent has not.
    """

    cliques: tuple[Clique, ...]
    parents: tuple[int, ...]
    separators: tuple[Clique, ...]
    added: tuple[frozenset[int], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        pairs = zip(self.cliques, self.separators, strict=True)
        object.__setattr__(self, "added", tuple(frozenset(clique) - frozenset(shared) for clique, shared in pairs))

    def host(self, attributes: Iterable[int]) -> int | None:
        """Number of the first clique that holds all ``attributes``, or None."""
        wanted = frozenset(attributes)
        return next((number for number, clique in enumerate(self.cliques) if wanted.issubset(clique)), None)


def junction_tree(sizes: Sequence[int], wanted: Iterable[Clique]) -> JunctionTree:
    """A junction tree over attributes of these sizes in which every wanted clique fits into one clique.

    Greedy elimination of the attribute whose clique has the fewest cells, then a spanning tree of largest separators.
    Source : Koller & Friedman 2009, sections 9.4.3 and 10.4.2.
    """
    cliques = _triangulated(sizes, wanted)
    order, parents = _spanning(cliques)
    ordered = tuple(cliques[place] for place in order)
    separators = tuple(
        () if parent < 0 else tuple(sorted(set(clique) & set(ordered[parent])))
        for clique, parent in zip(ordered, parents, strict=True)
    )
    return JunctionTree(ordered, parents, separators)


def tree_cells(sizes: Sequence[int], wanted: Iterable[Clique]) -> int:
    """Cells of all clique tables of ``junction_tree(sizes, wanted)`` together, without joining the tree."""
    cliques = _triangulated(sizes, wanted)
    return sum(math.prod(sizes[attribute] for attribute in clique) for clique in cliques)


def _triangulated(sizes: Sequence[int], wanted: Iterable[Clique]) -> list[Clique]:
    weights = [math.log(max(size, 1)) for size in sizes]
    neighbours = [1 << attribute for attribute in range(len(sizes))]
    for clique in wanted:
        mask = _mask(clique)
        for attribute in clique:
            neighbours[attribute] |= mask
    costs = [_weight(mask, weights) for mask in neighbours]
    left = set(range(len(sizes)))
    maximal: list[int] = []
    while left:
        chosen = min(left, key=lambda attribute: (costs[attribute], attribute))
        around = neighbours[chosen]
        if not any(around & ~mask == 0 for mask in maximal):
            maximal.append(around)
        left.discard(chosen)
        for attribute in _members(around & ~(1 << chosen)):
            neighbours[attribute] = (neighbours[attribute] | around) & ~(1 << chosen)
            costs[attribute] = _weight(neighbours[attribute], weights)
    return [_members(mask) for mask in maximal]


def _spanning(cliques: Sequence[Clique]) -> tuple[list[int], tuple[int, ...]]:
    """Order of the cliques and parent of each in that order: Prim's tree of largest separators, from the first."""
    masks = [_mask(clique) for clique in cliques]
    best = {place: ((masks[place] & masks[0]).bit_count(), 0) for place in range(1, len(cliques))}
    order, parents = [0], [-1]
    position = {0: 0}
    while best:
        chosen = max(best, key=lambda place: (best[place][0], -place))
        _, parent = best.pop(chosen)
        position[chosen] = len(order)
        order.append(chosen)
        parents.append(position[parent])
        for place, (shared, _) in best.items():
            overlap = (masks[place] & masks[chosen]).bit_count()
            if overlap > shared:
                best[place] = (overlap, chosen)
    return order, tuple(parents)


def _mask(clique: Clique) -> int:
    return sum(1 << attribute for attribute in clique)


def _members(mask: int) -> Clique:
    found = []
    while mask:
        lowest = mask & -mask
        found.append(lowest.bit_length() - 1)
        mask ^= lowest
    return tuple(found)


def _weight(mask: int, weights: Sequence[float]) -> float:
    return sum(weights[attribute] for attribute in _members(mask))
