"""Gradient-boosted trees on histograms, for numbers, levels and missing values together.

The classifier and regressor behind every metric that asks "can a good model tell, or use, these records?". One
thread, no global lock: two of them run side by side on two cores.

Source : Friedman 2001, Ann. Statist. 29(5); Ke et al. 2017 (LightGBM), NeurIPS 30.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from cohortium.errors import InvalidRequest, TooFewRecords
from cohortium.numerics.binning import MOST_BINS, Binning, find_bins
from cohortium.numerics.leaf_growth import grow, walk

if TYPE_CHECKING:
    from numpy.typing import NDArray

Task = Literal["binary", "multiclass", "regression"]

# Every leaf keeps a histogram: coarser bins keep tables of many columns quick, and of thousands within 100 MB.
_MOST_BINS_IN_ALL = 30_000


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree: s splits, s + 1 leaves.

    columns, lefts, children : (s,) split column, (s, 256) bins that go left, (s, 2) next split or -1 - leaf.
    values                   : (s + 1,) what a leaf adds to the score.
    """

    columns: NDArray[np.int32]
    lefts: NDArray[np.bool_]
    children: NDArray[np.int32]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Booster:
    """A fitted sum of trees.

    start : (K,) score before the first tree; K = 1 unless ``task`` is "multiclass".
    trees : rounds of K trees each, one after the other.
    gain  : (p,) improvement of the loss that each column's splits brought.
    """

    task: Task
    binning: Binning
    start: NDArray[np.float64]
    trees: tuple[Tree, ...]
    gain: NDArray[np.float64]

    def predict(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probability of class 1 (n,), of each class (n, K), or the expected value (n,), for rows X (n, p)."""
        bins = self.binning.apply(X)
        outputs = len(self.start)
        scores = np.repeat(self.start[:, None], len(X), axis=1)
        for number, tree in enumerate(self.trees):
            walk(bins, tree.columns, tree.lefts, tree.children, tree.values, scores[number % outputs])
        if self.task == "multiclass":
            return _softmax(scores).T
        return _sigmoid(scores[0]) if self.task == "binary" else scores[0]


def fit(
    X: NDArray[np.float64],
    y: NDArray[np.float64],
    *,
    nominal: NDArray[np.bool_],
    task: Task,
    trees: int = 100,
    leaves: int = 31,
    learning_rate: float = 0.1,
    smallest_leaf: int = 20,
    l2: float = 0.1,
    rng: np.random.Generator,
) -> Booster:
    """Learn y from X.

    X, nominal : (n, p), NaN where missing; (p,) True where a column holds codes of levels.
    y          : (n,) 0 or 1; classes 0 .. K-1; or numbers. Never missing.
    rng        : only used to draw the rows that set the bins, above 200,000 rows.
    Raises     : TooFewRecords without a row; InvalidRequest where y is not what ``task`` expects.
    """
    target = np.ascontiguousarray(y, dtype=np.float64)
    if not len(X):
        raise TooFewRecords("Boosted trees need at least one row to learn from; there is none.")
    if len(target) != len(X) or not np.isfinite(target).all():
        raise InvalidRequest(f"Boosted trees need a known outcome for each of the {len(X)} rows.")
    most = int(np.clip(_MOST_BINS_IN_ALL // max(X.shape[1], 1), 16, MOST_BINS))
    binning = find_bins(X, nominal, rng, most)
    bins = binning.apply(X)
    offsets = np.concatenate([[0], np.cumsum(binning.counts)])
    loss = _LOSSES[task](target)
    scores = np.repeat(loss.start[:, None], len(X), axis=1)
    gain = np.zeros(X.shape[1])
    grown: list[Tree] = []
    for _ in range(trees if X.shape[1] else 0):
        gradients, hessians = loss.slopes(scores)
        for output in range(len(loss.start)):
            columns, lefts, children, values, gains = grow(
                bins, offsets, nominal, gradients[output], hessians[output],
                leaves, smallest_leaf, l2, learning_rate, scores[output],
            )  # fmt: skip
            np.add.at(gain, columns, gains)
            grown.append(Tree(columns, lefts, children, values))
    return Booster(task, binning, loss.start, tuple(grown), gain)


class _Binary:
    """Log loss of two classes."""

    def __init__(self, y: NDArray[np.float64]) -> None:
        if not np.isin(y, (0.0, 1.0)).all():
            raise InvalidRequest("Two classes must be written as 0 and 1.")
        self.y = y[None, :]
        share = np.clip(y.mean(), 1e-6, 1 - 1e-6)
        self.start = np.array([np.log(share / (1 - share))])

    def slopes(self, scores: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        chance = _sigmoid(scores)
        return chance - self.y, np.maximum(chance * (1 - chance), 1e-12)


class _Multiclass:
    """Log loss of K classes."""

    def __init__(self, y: NDArray[np.float64]) -> None:
        if (y < 0).any() or (y != np.floor(y)).any():
            raise InvalidRequest("Classes must be written as 0, 1, 2, ...")
        self.y = (y[None, :] == np.arange(int(y.max()) + 1)[:, None]).astype(np.float64)
        self.start = np.log(np.clip(self.y.mean(axis=1), 1e-6, None))

    def slopes(self, scores: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        chance = _softmax(scores)
        # K / (K - 1): the K scores of a row are only defined up to a constant.
        curvature = chance * (1 - chance) * (len(chance) / max(len(chance) - 1, 1))
        return chance - self.y, np.maximum(curvature, 1e-12)


class _Squared:
    """Squared error."""

    def __init__(self, y: NDArray[np.float64]) -> None:
        self.y = y[None, :]
        self.start = np.array([y.mean()])

    def slopes(self, scores: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return scores - self.y, np.ones_like(scores)


_LOSSES: dict[Task, type[_Binary] | type[_Multiclass] | type[_Squared]] = {
    "binary": _Binary,
    "multiclass": _Multiclass,
    "regression": _Squared,
}


def _sigmoid(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    return 0.5 * (1.0 + np.tanh(0.5 * scores))


def _softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    raised = np.exp(scores - scores.max(axis=0))
    return np.asarray(raised / raised.sum(axis=0))
