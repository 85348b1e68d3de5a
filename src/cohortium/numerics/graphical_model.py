"""A joint distribution of discrete attributes as a product of small tables, with its marginals and samples.

The distribution is proportional to the exponential of a sum of log-potentials, one table per clique of a junction
tree. Marginals come by two passes of messages over the tree (belief propagation), rows by drawing clique after clique.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.numerics.junction_tree import Clique, JunctionTree

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class GraphicalModel:
    """Marginal probabilities of every clique of ``tree``, consistent where cliques overlap.

    sizes         : (d,) number of states of each attribute.
    beliefs       : one array per clique, axes in the clique's order; each sums to 1.
    log_partition : log of the sum over all states of the exponential of the potentials.
    """

    def __init__(
        self, sizes: Sequence[int], tree: JunctionTree, beliefs: Sequence[Floats], log_partition: float = 0.0
    ) -> None:
        self.sizes, self.tree, self.beliefs, self.log_partition = tuple(sizes), tree, tuple(beliefs), log_partition

    @cached_property
    def conditionals(self) -> tuple[Floats, ...]:
        """Each clique's probabilities given its separator's state; 0 where that state has none."""
        tables = []
        for belief, clique, separator in zip(self.beliefs, self.tree.cliques, self.tree.separators, strict=True):
            shared = spread(_project(belief, clique, separator), separator, clique)
            tables.append(np.divide(belief, shared, out=np.zeros_like(belief), where=shared > 0))
        return tuple(tables)

    def marginal(self, attributes: Clique) -> Floats:
        """Joint probabilities of these attributes, axes in the given order, wherever they stand in the tree."""
        host = self.tree.host(attributes)
        if host is not None:
            return _project(self.beliefs[host], self.tree.cliques[host], attributes)
        return _across(self, attributes)

    def given(self, evidence: Mapping[int, Floats]) -> GraphicalModel:
        """The model with the states of some attributes weighed by numbers; weight 0 forbids a state.

        Its ``log_partition`` is the log of the mean weight: -inf where nothing is left.
        """
        with np.errstate(divide="ignore"):
            potentials = [np.log(table) for table in self.conditionals]
            for attribute, weights in evidence.items():
                host = next(place for place, clique in enumerate(self.tree.cliques) if attribute in clique)
                potentials[host] = potentials[host] + spread(np.log(weights), (attribute,), self.tree.cliques[host])
        return calibrated(self.sizes, self.tree, potentials)

    def sample(self, n: int, rng: np.random.Generator) -> NDArray[np.int32]:
        """(n, d) states of ``n`` independent rows."""
        rows = np.zeros((n, len(self.sizes)), dtype=np.int32)
        for belief, clique, separator in zip(self.beliefs, self.tree.cliques, self.tree.separators, strict=True):
            new = tuple(attribute for attribute in clique if attribute not in separator)
            if new:
                _draw(rows, belief, clique, separator, new, rng)
        return rows


def calibrated(sizes: Sequence[int], tree: JunctionTree, potentials: Sequence[Floats]) -> GraphicalModel:
    """The model whose log-potentials these are (-inf forbids a state).

    Messages are scaled to a largest entry of 1, so that only states below 1e-300 of the likeliest are lost.
    """
    count = len(tree.cliques)
    tops = [float(table.max()) for table in potentials]
    if min(tops) == -math.inf:
        return _nothing(sizes, tree)
    beliefs = [np.exp(table - top) for table, top in zip(potentials, tops, strict=True)]
    log_partition = math.fsum(tops)
    sent: list[Floats] = [np.ones(())] * count
    for place in range(count - 1, 0, -1):
        parent, separator = tree.parents[place], tree.separators[place]
        message = _project(beliefs[place], tree.cliques[place], separator)
        top = float(message.max())
        if top <= 0.0:
            return _nothing(sizes, tree)
        message = message / top
        log_partition += math.log(top)
        sent[place] = message
        beliefs[parent] = beliefs[parent] * spread(message, separator, tree.cliques[parent])
    total = float(beliefs[0].sum())
    if total <= 0.0:
        return _nothing(sizes, tree)
    beliefs[0] = beliefs[0] / total
    for place in range(1, count):
        parent, separator, clique = tree.parents[place], tree.separators[place], tree.cliques[place]
        arriving = _project(beliefs[parent], tree.cliques[parent], separator)
        sending = _project(beliefs[place], clique, separator)
        ratio = np.divide(arriving, sending, out=np.zeros_like(arriving), where=sending > 0)
        beliefs[place] = beliefs[place] * spread(ratio, separator, clique)
    return GraphicalModel(sizes, tree, beliefs, log_partition + math.log(total))


def spread(table: Floats, attributes: Clique, clique: Clique) -> Floats:
    """``table`` over ``attributes`` (sorted) shaped so that it broadcasts against a table over ``clique``."""
    if len(attributes) == len(clique):
        return table
    shape = [1] * len(clique)
    for size, attribute in zip(table.shape, attributes, strict=True):
        shape[clique.index(attribute)] = size
    return table.reshape(shape)


def _nothing(sizes: Sequence[int], tree: JunctionTree) -> GraphicalModel:
    empty = [np.zeros([sizes[attribute] for attribute in clique]) for clique in tree.cliques]
    return GraphicalModel(sizes, tree, empty, -math.inf)


def _project(table: Floats, clique: Clique, attributes: Clique) -> Floats:
    axes = tuple(place for place, attribute in enumerate(clique) if attribute not in attributes)
    summed = table.sum(axis=axes) if axes else table
    kept = [attribute for attribute in clique if attribute in attributes]
    if list(attributes) == kept:
        return np.asarray(summed)
    return np.asarray(summed.transpose([kept.index(attribute) for attribute in attributes]))


def _across(model: GraphicalModel, attributes: Clique) -> Floats:
    """Marginal of attributes that no clique holds together: eliminate along the tree, keeping what is asked for."""
    tree, conditionals = model.tree, model.conditionals
    wanted = frozenset(attributes)
    pending: list[list[tuple[Floats, Clique]]] = [[] for _ in tree.cliques]
    for place in range(len(tree.cliques) - 1, -1, -1):
        clique, separator = tree.cliques[place], tree.separators[place]
        if place and not pending[place] and wanted.isdisjoint(tree.added[place]):
            continue  # nothing asked for in this branch: its conditional sums to one
        table, axes = conditionals[place], clique
        keep = set(separator)
        for message, its_axes in pending[place]:
            union = tuple(sorted(set(axes) | set(its_axes)))
            table, axes = _product(table, axes, message, its_axes, union), union
        final = tuple(attribute for attribute in axes if attribute in wanted or attribute in keep)
        table = _project(table, axes, final)
        if place:
            pending[tree.parents[place]].append((table, final))
        else:
            return _project(table, final, attributes)
    return np.ones(())


def _product(left: Floats, left_axes: Clique, right: Floats, right_axes: Clique, out: Clique) -> Floats:
    label = {attribute: number for number, attribute in enumerate(out)}
    operands: list[Any] = [left, [label[a] for a in left_axes], right, [label[a] for a in right_axes]]
    return np.asarray(np.einsum(*operands, [label[a] for a in out]))


def _draw(
    rows: NDArray[np.int32],
    belief: Floats,
    clique: Clique,
    separator: Clique,
    new: Clique,
    rng: np.random.Generator,
) -> None:
    """Fill the columns ``new`` of ``rows`` given the columns ``separator``: one search in a cumulated table.

    The conditional distributions of all separator states stand one after the other on a line; a row's uniform number
    is moved onto the stretch of its state, and one sorted search over the line draws all rows.
    """
    shape = [belief.shape[clique.index(attribute)] for attribute in new]
    width = math.prod(shape)
    table = belief.transpose([clique.index(attribute) for attribute in (*separator, *new)]).reshape(-1, width)
    edges = np.cumsum(table, axis=1)
    totals = edges[:, -1:]
    edges = np.divide(edges, totals, out=np.ones_like(edges), where=totals > 0)
    state = np.zeros(len(rows), dtype=np.int64)
    for attribute in separator:
        state = state * belief.shape[clique.index(attribute)] + rows[:, attribute]
    line = (edges + np.arange(len(edges))[:, None]).ravel()
    drawn = np.searchsorted(line, state + rng.random(len(rows)), side="right") - state * width
    drawn = np.clip(drawn, 0, width - 1)
    for attribute, size in zip(reversed(new), reversed(shape), strict=True):
        rows[:, attribute] = drawn % size
        drawn //= size
