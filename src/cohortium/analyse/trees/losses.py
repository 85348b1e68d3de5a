"""Losses of boosted trees: slopes and curvatures of each row, bounded, and where the scores begin.

Every loss bounds its slopes, so that sums of them have a known largest value: what a row would pull beyond the bound
is cut off, as for a row that fits far worse than any other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.trees.target import CLASSES, COUNT, FOLLOW_UP, NUMBER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]
    Slopes = tuple[Reals, Reals]

STEEPEST = 8.0
"""Scores of hazards are cut off where they pass this: a hazard 3,000 times the average one."""


@dataclass(frozen=True, slots=True)
class Loss:
    """One loss.

    start  : facts of the preparation -> first scores (K,).
    slopes : scores (n, K), outcome (n, 2), facts, cumulative baseline hazard (n,) -> gradients and Hessians (n, K).
    value  : scores, outcome, facts -> the loss of each row (n,), up to a constant.
    bounds : facts -> largest gradient, Hessian and loss of a row; powers of two.
    answer : how scores become answers, see ``fitted.answered``.
    """

    start: Callable[[dict[str, Any]], Reals]
    slopes: Callable[[Reals, Reals, dict[str, Any], Reals], Slopes]
    value: Callable[[Reals, Reals, dict[str, Any]], Reals]
    bounds: Callable[[dict[str, Any]], tuple[float, float, float]]
    answer: str


def sigmoid(scores: Reals) -> Reals:
    """1 / (1 + exp(-scores)), without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * scores)))


def softmax(scores: Reals) -> Reals:
    """Chances (n, K) of the classes."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _squared_slopes(f: Reals, y: Reals, _facts: dict[str, Any], _hazard: Reals) -> Slopes:
    return f - y[:, :1], np.ones_like(f)


def _squared(f: Reals, y: Reals, _facts: dict[str, Any]) -> Reals:
    return np.asarray(0.5 * (f[:, 0] - y[:, 0]) ** 2)


def _logistic_slopes(f: Reals, y: Reals, _facts: dict[str, Any], _hazard: Reals) -> Slopes:
    chance = sigmoid(f)
    return chance - y[:, :1], chance * (1 - chance)


def _logistic(f: Reals, y: Reals, _facts: dict[str, Any]) -> Reals:
    score = f[:, 0]
    return np.asarray(np.maximum(score, 0.0) + np.log1p(np.exp(-np.abs(score))) - y[:, 0] * score)


def _multinomial_slopes(f: Reals, y: Reals, _facts: dict[str, Any], _hazard: Reals) -> Slopes:
    chance, classes = softmax(f), f.shape[1]
    own = (y[:, :1] == np.arange(classes)).astype(np.float64)
    # K / (K - 1), since the K scores of a row are only defined up to a constant (Friedman 2001, algorithm 6).
    return chance - own, chance * (1 - chance) * (classes / (classes - 1))


def _multinomial(f: Reals, y: Reals, _facts: dict[str, Any]) -> Reals:
    chosen = softmax(f)[np.arange(len(f)), y[:, 0].astype(np.int64)]
    return np.asarray(-np.log(np.maximum(chosen, 1e-300)))


def _poisson_slopes(f: Reals, y: Reals, facts: dict[str, Any], _hazard: Reals) -> Slopes:
    expected = np.exp(np.minimum(f, np.log(2 * facts["largest"])))
    return expected - y[:, :1], expected


def _poisson(f: Reals, y: Reals, facts: dict[str, Any]) -> Reals:
    expected = np.exp(np.minimum(f[:, 0], np.log(2 * facts["largest"])))
    return np.asarray(expected - y[:, 0] * f[:, 0])


def relative_hazard(scores: Reals) -> Reals:
    """exp(scores), cut off where they pass ``STEEPEST``."""
    return np.asarray(np.exp(np.clip(scores, -STEEPEST, STEEPEST)))


def _cox_slopes(f: Reals, y: Reals, _facts: dict[str, Any], hazard: Reals) -> Slopes:
    expected = relative_hazard(f) * hazard[:, None]
    return expected - y[:, 1:], expected


def _cox(f: Reals, y: Reals, _facts: dict[str, Any]) -> Reals:
    """What the events give; what the persons at risk give is added from their summed hazards."""
    return np.asarray(-y[:, 1] * np.clip(f[:, 0], -STEEPEST, STEEPEST))


def _log_odds(facts: dict[str, Any]) -> Reals:
    share = min(max(facts["means"][0], 1e-6), 1 - 1e-6)
    return np.array([np.log(share / (1 - share))])


def loss_for(kind: str, classes: int) -> Loss:
    """The loss for an outcome of this kind, see ``Target``."""
    if kind == CLASSES:
        return LOSSES["logistic" if classes == 2 else "multinomial"]
    return LOSSES[{NUMBER: "squared", COUNT: "poisson", FOLLOW_UP: "cox"}[kind]]


LOSSES: dict[str, Loss] = {
    "squared": Loss(
        lambda facts: np.array(facts["means"]),
        _squared_slopes,
        _squared,
        lambda facts: (2 * facts["largest"], 1.0, 2 * facts["largest"] ** 2),
        "score",
    ),
    "logistic": Loss(_log_odds, _logistic_slopes, _logistic, lambda _facts: (1.0, 1.0, 64.0), "chance"),
    "multinomial": Loss(
        lambda facts: np.log(np.clip(facts["means"], 1e-6, None)),
        _multinomial_slopes,
        _multinomial,
        lambda _facts: (1.0, 1.0, 1024.0),
        "chances",
    ),
    "poisson": Loss(
        lambda facts: np.array([np.log(max(facts["means"][0], 1e-6))]),
        _poisson_slopes,
        _poisson,
        lambda facts: (2 * facts["largest"], 2 * facts["largest"], 64 * facts["largest"]),
        "exp",
    ),
    "cox": Loss(lambda _facts: np.zeros(1), _cox_slopes, _cox, lambda _facts: (64.0, 64.0, STEEPEST), "score"),
}
"""Squared error; log loss of two and of several classes; Poisson; Cox, as Poisson over intervals of time.

Source : Friedman 2001, Ann. Stat. 29, 1189; Holford 1980, Biometrics 36, 299: with a baseline hazard that is constant
         within intervals, Poisson's likelihood at the best baseline is Cox's partial likelihood with ties by Breslow.
"""
