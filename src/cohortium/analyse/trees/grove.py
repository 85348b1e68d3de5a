"""Trees that are growing: what the next sum is asked for, and one level of growth from its total.

All trees of a group grow a level with every sum. Of two siblings only the smaller is asked for: the larger one is what
their parent had left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.trees.cells import cells_of_open
from cohortium.analyse.trees.nodes import with_nodes
from cohortium.numerics.tree_levels import EXPONENTIAL, NEWTON, best_split

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cohortium.analyse.trees.nodes import Arrays

    Features = Callable[[int, int], NDArray[np.int32]]

FURTHEST = 1e300
"""Bounds of a leaf that has none; finite, as all that travels."""


@dataclass(frozen=True, slots=True)
class GrowthRules:
    """How trees grow.

    how, l2, rate        : criterion; shrinkage of Newton steps, or persons' worth of average hazard; learning rate.
    depth, leaves        : largest depth; largest number of leaves of a tree, the best splits of a level first.
    smallest, least_weight, least_gain : persons and Hessian of a leaf; gain of a split.
    units                : (t,) what a whole unit of each mark is worth.
    direction            : (p,) 1, -1 or 0: whether the answer may only rise, or fall, with the feature.
    subtract             : whether siblings look at the same features, so that one follows from the other.
    """

    how: int
    units: NDArray[np.float64]
    widths: NDArray[np.int64]
    depth: int
    leaves: int
    smallest: int
    l2: float = 0.0
    rate: float = 1.0
    least_weight: float = 0.0
    least_gain: float = 0.0
    direction: NDArray[np.int8] | None = None
    subtract: bool = True


def planted(nodes: Arrays, trees: int, features_of: Features) -> Arrays:
    """The nodes with so many more roots, and what the next sum is asked for."""
    first, known = len(nodes["feature"]), len(nodes["roots"])
    fresh = np.arange(first, first + trees)
    grown = with_nodes(nodes, trees, {"tree": np.arange(known, known + trees)})
    grown["roots"] = np.concatenate([nodes["roots"], fresh]).astype(np.int32)
    chosen = np.array([features_of(int(grown["tree"][node]), int(node)) for node in fresh], dtype=np.int32)
    return grown | {
        "open": fresh.astype(np.int32),
        "low": np.full(trees, -FURTHEST),
        "high": np.full(trees, FURTHEST),
        "asked": fresh.astype(np.int32),
        "chosen": chosen,
        "own": np.arange(trees, dtype=np.int32),
        "parent": np.full(trees, -1, dtype=np.int64),
        "parents": np.zeros((0, 1), dtype=np.int64),
    }


def is_growing(arrays: Arrays) -> bool:
    """Whether a tree has nodes that may still be split."""
    return len(arrays["open"]) > 0


def grown(arrays: Arrays, cells: NDArray[np.int64], rules: GrowthRules, features_of: Features) -> Arrays:
    """The trees with one more level, from the total ``cells`` (cells, 1 + t) of what was asked for."""
    found = [
        _split_of(arrays, place, own, rules) for place, own in enumerate(cells_of_open(arrays, cells, rules.widths))
    ]
    arrays = _with_roots(arrays, found, rules)
    chosen = _within_leaves(arrays, [split.gain if split.feature >= 0 else 0.0 for split in found], rules)
    first = len(arrays["feature"])
    arrays = {**arrays, **{name: arrays[name].copy() for name in ("feature", "cut", "missing_left", "left", "gain")}}
    born: dict[str, list[Any]] = {name: [] for name in ("tree", "depth", "persons", "value")}
    bounds: list[tuple[float, float]] = []
    for rank, place in enumerate(chosen):
        node, split = int(arrays["open"][place]), found[place]
        arrays["feature"][node], arrays["cut"][node] = split.feature, split.cut
        arrays["missing_left"][node], arrays["left"][node] = split.missing_left, first + 2 * rank
        arrays["gain"][node] = split.gain
        both = _bounds(float(arrays["low"][place]), float(arrays["high"][place]), split, rules)
        for sums, (low, high) in zip(split.sides, both, strict=True):
            born["tree"].append(arrays["tree"][node])
            born["depth"].append(arrays["depth"][node] + 1)
            born["persons"].append(sums[0])
            born["value"].append(_value(sums, rules, low, high))
        bounds += both
    arrays = with_nodes(arrays, len(born["tree"]), born)
    return arrays | _asked(arrays, first, [found[place].cells for place in chosen], bounds, rules, features_of)


def drawn_features(number: int, chosen: int, words: Sequence[int]) -> NDArray[np.int32]:
    """So many of the features, rising; the same ones for the same ``words`` (seed, tree ...)."""
    if chosen >= number:
        return np.arange(number, dtype=np.int32)
    return np.sort(np.random.default_rng(list(words)).permutation(number)[:chosen]).astype(np.int32)


@dataclass(frozen=True, slots=True)
class _Split:
    gain: float
    feature: int
    cut: int
    missing_left: bool
    sides: tuple[NDArray[np.int64], NDArray[np.int64]]
    cells: NDArray[np.int64]

    @property
    def total(self) -> NDArray[np.int64]:
        return self.sides[0] + self.sides[1]


def _split_of(arrays: Arrays, place: int, cells: NDArray[np.int64], rules: GrowthRules) -> _Split:
    direction = np.zeros(len(rules.widths), dtype=np.int8) if rules.direction is None else rules.direction
    low, high = float(arrays["low"][place]), float(arrays["high"][place])
    gain, feature, cut, missing_left, left, total = best_split(
        np.ascontiguousarray(cells), arrays["chosen"][arrays["own"][place]], rules.widths, rules.units, rules.how,
        rules.l2, rules.smallest, rules.least_weight, direction, low, high,
    )  # fmt: skip
    enough = feature >= 0 and gain > rules.least_gain
    return _Split(gain, feature if enough else -1, cut, missing_left, (left, total - left), cells)


def _with_roots(arrays: Arrays, found: list[_Split], rules: GrowthRules) -> Arrays:
    """Roots learn what lies in them from the first sum."""
    persons, value = arrays["persons"].copy(), arrays["value"].copy()
    for node, split in zip(arrays["open"], found, strict=True):
        if arrays["depth"][node] == 0:
            persons[node], value[node] = split.total[0], _value(split.total, rules, -FURTHEST, FURTHEST)
    return {**arrays, "persons": persons, "value": value}


def _value(sums: NDArray[np.int64], rules: GrowthRules, low: float, high: float) -> NDArray[np.float64]:
    """What a leaf with these sums answers: a Newton step, a relative hazard, or the shares of the classes."""
    if rules.how == EXPONENTIAL:
        return np.array([(sums[1] * rules.units[0] + rules.l2) / (sums[2] * rules.units[1] + rules.l2)])
    if rules.how != NEWTON:
        return np.asarray(sums[1:] / max(int(sums[1:].sum()), 1))
    curvature = sums[2] * rules.units[1] + rules.l2
    step = -sums[1] * rules.units[0] / curvature if curvature > 0 else 0.0
    return np.array([rules.rate * min(max(step, low), high)])


def _bounds(low: float, high: float, split: _Split, rules: GrowthRules) -> list[tuple[float, float]]:
    """Bounds on the steps of both children: they may not cross halfway between them where the answer is monotone."""
    way = 0 if rules.direction is None else int(rules.direction[split.feature])
    if way == 0:
        return [(low, high), (low, high)]
    steps = [_value(sums, rules, low, high)[0] / rules.rate for sums in split.sides]
    middle = (steps[0] + steps[1]) / 2
    return [(low, middle), (middle, high)] if way > 0 else [(middle, high), (low, middle)]


def _within_leaves(arrays: Arrays, gains: list[float], rules: GrowthRules) -> list[int]:
    """Places among the open nodes of those that are split, the best of each tree first where leaves are few."""
    trees = arrays["tree"][arrays["open"]]
    is_leaf = arrays["feature"] < 0
    left = {int(tree): rules.leaves - int((is_leaf & (arrays["tree"] == tree)).sum()) for tree in np.unique(trees)}
    chosen = []
    for place in sorted(range(len(gains)), key=lambda one: (-gains[one], one)):
        if gains[place] > 0 and left[int(trees[place])] > 0:
            left[int(trees[place])] -= 1
            chosen.append(place)
    return sorted(chosen)


def _asked(
    arrays: Arrays,
    first: int,
    cells: list[NDArray[np.int64]],
    bounds: list[tuple[float, float]],
    rules: GrowthRules,
    features_of: Features,
) -> Arrays:
    """What the next sum is asked for, of the children from ``first`` on that may be split."""
    may_split = (arrays["depth"] < rules.depth) & (arrays["persons"] >= 2 * rules.smallest)
    opened, asked, own, parent, taken = list[int](), list[int](), list[int](), list[int](), 0
    parents = [np.zeros((0, 1 + len(rules.units)), dtype=np.int64)]
    for pair, of_parent in enumerate(cells):
        left, right = first + 2 * pair, first + 2 * pair + 1
        open_here = [node for node in (left, right) if may_split[node]]
        if len(open_here) == 2 and rules.subtract:
            small = left if arrays["persons"][left] <= arrays["persons"][right] else right
            opened += [small, left + right - small]
            own += [len(asked)] * 2
            parent += [-1, taken]
            asked.append(small)
            parents.append(of_parent)
            taken += len(of_parent)
            continue
        for node in open_here:
            opened.append(node)
            own.append(len(asked))
            parent.append(-1)
            asked.append(node)
    chosen = [features_of(int(arrays["tree"][node]), node) for node in asked]
    ends = np.array([bounds[node - first] for node in opened], dtype=np.float64).reshape(-1, 2)
    return {
        "open": np.array(opened, dtype=np.int32),
        "low": ends[:, 0],
        "high": ends[:, 1],
        "asked": np.array(asked, dtype=np.int32),
        "chosen": np.array(chosen, dtype=np.int32).reshape(len(asked), arrays["chosen"].shape[1]),
        "own": np.array(own, dtype=np.int32),
        "parent": np.array(parent, dtype=np.int64),
        "parents": np.concatenate(parents),
    }
