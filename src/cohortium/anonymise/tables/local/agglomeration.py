"""Classes that must not stay as they are put together with others, the cheapest pair first.

Source : agglomeration for k-anonymity with hierarchies as in Goldberger and Tassa 2010, Transactions on Data Privacy 3,
         here in blocks, and over combinations with counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from cohortium.anonymise.tables.local.forest import Forest, join, joined_loss

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Nodes = NDArray[np.int32]
    Whole = NDArray[np.int64]
    Flags = NDArray[np.bool_]


@njit(cache=True, nogil=True)
def agglomerate(
    forest: Forest, nodes: Nodes, rows: Whole, needs: Flags, blocks: Whole, order: Whole, k: int
) -> Whole:  # fmt: skip
    """Put classes together within blocks until each has k rows or more, or its block has no other class for it.

    nodes  : (c, q) what each class is told as; raised in place.
    rows   : (c,) its rows; added up in place.
    needs  : (c,) True where a class must get others to it, whatever its rows; False in place once it has.
    blocks : where each block begins in ``order``, and the end.
    order  : (c,) places of the classes, block after block.
    k      : fewest rows of a class.
    Returns: (c,) the class that each class ended in.
    """
    lost = np.zeros(rows.shape[0])
    for one in range(rows.shape[0]):
        for column in range(nodes.shape[1]):
            lost[one] += forest.share[nodes[one, column]]
    into = np.arange(rows.shape[0])
    for block in range(blocks.shape[0] - 1):
        _agglomerate_block(forest, nodes, rows, needs, lost, into, order[blocks[block] : blocks[block + 1]], k)
    for one in range(into.shape[0]):
        at = into[one]
        while into[at] != at:
            at = into[at]
        into[one] = at
    return into


@njit(cache=True, nogil=True)
def _agglomerate_block(
    forest: Forest, nodes: Nodes, rows: Whole, needs: Flags, lost: Floats, into: Whole, block: Whole, k: int
) -> None:
    places = block.copy()
    number = places.shape[0]
    nearest = np.full(number, -1)
    price = np.full(number, np.inf)
    for one in range(number):
        if rows[places[one]] < k or needs[places[one]]:
            _find_nearest(forest, nodes, rows, lost, places, number, one, nearest, price)
    while True:
        one = _cheapest(price, number)
        if one < 0:
            return
        other = nearest[one]
        kept, gone = places[one], places[other]
        lost[kept] = join(forest, nodes, kept, gone)
        rows[kept] += rows[gone]
        needs[kept] = False
        into[gone] = kept
        last = number - 1
        places[other], nearest[other], price[other] = places[last], nearest[last], price[last]
        moved = other if one == last else one
        number = last
        for at in range(number):
            if at == moved or (rows[places[at]] >= k and not needs[places[at]]):
                continue
            if nearest[at] == one or nearest[at] == other:
                _find_nearest(forest, nodes, rows, lost, places, number, at, nearest, price)
            else:
                if nearest[at] == last:
                    nearest[at] = other
                asked = _price(forest, nodes, rows, lost, places[at], places[moved])
                if asked < price[at]:
                    nearest[at], price[at] = moved, asked
        nearest[moved], price[moved] = -1, np.inf
        if rows[places[moved]] < k:
            _find_nearest(forest, nodes, rows, lost, places, number, moved, nearest, price)


@njit(cache=True, nogil=True)
def _cheapest(price: Floats, number: int) -> int:
    """The class whose nearest is cheapest; those that need no other have no price."""
    found, least = -1, np.inf
    for one in range(number):
        if price[one] < least:
            found, least = one, price[one]
    return found


@njit(cache=True, nogil=True)
def _find_nearest(
    forest: Forest, nodes: Nodes, rows: Whole, lost: Floats, places: Whole, number: int, one: int,
    nearest: Whole, price: Floats,
) -> None:  # fmt: skip
    nearest[one], price[one] = -1, np.inf
    for other in range(number):
        if other != one:
            asked = _price(forest, nodes, rows, lost, places[one], places[other])
            if asked < price[one]:
                nearest[one], price[one] = other, asked


@njit(cache=True, nogil=True)
def _price(forest: Forest, nodes: Nodes, rows: Whole, lost: Floats, one: int, other: int) -> float:
    """What all rows of two classes lose more, once these are one."""
    together = joined_loss(forest, nodes, one, other)
    return float(rows[one] * (together - lost[one]) + rows[other] * (together - lost[other]))
