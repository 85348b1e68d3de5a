"""A linear-chain conditional random field over hashed features: likelihood, gradient steps, and decoding.

The score of a path of labels is the sum, over tokens, of the weights of the token's features for its label and of the
weight of the step from the label before. Training follows the gradient of the log-likelihood line by line with step
sizes of AdaGrad (Duchi et al. 2011); the sums over all paths are forward and backward passes, scaled at each token.
Source : Lafferty, McCallum and Pereira 2001.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEGLIGIBLE = 2e-3
"""Slopes below this, of probabilities, are not followed."""


@njit(cache=True, nogil=True)
def state_scores(features: NDArray[np.int32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, L) sum of the weights of each token's features; a feature of -1 is unknown.

    features : (n, F) rows of ``weights``; weights : (R, L).
    """
    n, width = features.shape
    labels = weights.shape[1]
    scores = np.zeros((n, labels), np.float32)
    for i in range(n):
        for f in range(width):
            row = features[i, f]
            if row >= 0:
                for j in range(labels):
                    scores[i, j] += weights[row, j]
    return scores


@njit(cache=True, nogil=True)
def marginals(
    scores: NDArray[np.float32], steps: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n, L) probability of each label at each token of one line, and forward messages; steps : (L + 1, L + 1)."""
    n, labels = scores.shape
    kernel = np.exp(steps.astype(np.float64))
    emit = np.empty((n, labels))
    for i in range(n):
        most = scores[i].max()
        for j in range(labels):
            emit[i, j] = np.exp(scores[i, j] - most)
    alpha = np.zeros((n, labels))
    beta = np.zeros((n, labels))
    for j in range(labels):
        alpha[0, j] = kernel[labels, j] * emit[0, j]
    alpha[0] /= alpha[0].sum()
    inner = kernel[:labels, :labels].copy()
    for i in range(1, n):
        for j in range(labels):
            came = alpha[i - 1, j]
            for k in range(labels):
                alpha[i, k] += came * inner[j, k]
        alpha[i] *= emit[i]
        alpha[i] /= alpha[i].sum()
    beta[n - 1] = kernel[:labels, labels]
    for i in range(n - 2, -1, -1):
        _step_back(inner, beta[i + 1] * emit[i + 1], beta[i])
        beta[i] /= beta[i].sum()
    found = alpha * beta
    for i in range(n):
        found[i] /= found[i].sum()
    return found, alpha


@njit(cache=True, nogil=True)
def _step_back(inner: NDArray[np.float64], weighted: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """The message of each label (L,) to the token before: what its steps come to; ``weighted`` by label after."""
    for j in range(inner.shape[0]):
        total = 0.0
        for k in range(inner.shape[1]):
            total += inner[j, k] * weighted[k]
        out[j] = total


@njit(cache=True, nogil=True)
def step_expectations(
    scores: NDArray[np.float32], steps: NDArray[np.float32], alpha: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(L, L) expected number of each step between labels within one line."""
    n, labels = scores.shape
    inner = np.exp(steps[:labels, :labels].astype(np.float64))
    expected = np.zeros((labels, labels))
    beta = np.exp(steps[:labels, labels].astype(np.float64))
    for i in range(n - 1, 0, -1):
        most = scores[i].max()
        weighted = np.exp(scores[i].astype(np.float64) - most) * beta
        _step_back(inner, weighted, beta)
        total = 0.0
        for j in range(labels):
            total += alpha[i - 1, j] * beta[j]
        for j in range(labels):
            share = alpha[i - 1, j] / total
            if share * beta[j] > 1e-9:
                for k in range(labels):
                    expected[j, k] += share * inner[j, k] * weighted[k]
        beta /= beta.sum()
    return expected


@njit(cache=True, nogil=True)
def epoch(
    features: NDArray[np.int32],
    truth: NDArray[np.int64],
    lines: NDArray[np.int64],
    order: NDArray[np.int64],
    keep: NDArray[np.bool_],
    weights: NDArray[np.float32],
    squares: NDArray[np.float32],
    steps: NDArray[np.float32],
    step_squares: NDArray[np.float32],
    rate: float,
) -> None:
    """One pass over all lines in ``order``, weights and squares changed in place.

    lines : (m + 1,) first token of each line; keep : (n, F) features that take part this time (dropout).
    """
    labels = weights.shape[1]
    width = features.shape[1]
    for line in order:
        first, last = lines[line], lines[line + 1]
        if last <= first:
            continue
        used = features[first:last].copy()
        for i in range(last - first):
            for f in range(width):
                if not keep[first + i, f]:
                    used[i, f] = -1
        scores = state_scores(used, weights)
        found, alpha = marginals(scores, steps)
        expected = step_expectations(scores, steps, alpha)
        for i in range(first + 1, last):
            expected[truth[i - 1], truth[i]] -= 1.0
        for i in range(last - first):
            found[i, truth[first + i]] -= 1.0
            active = np.flatnonzero(np.abs(found[i]) >= NEGLIGIBLE)
            for f in range(width):
                row = used[i, f]
                if row >= 0:
                    for j in active:
                        slope = np.float32(found[i, j])
                        squares[row, j] += slope * slope
                        weights[row, j] -= rate * slope / np.sqrt(squares[row, j])
        for a in range(labels):
            for b in range(labels):
                slope = np.float32(expected[a, b])
                if abs(slope) >= NEGLIGIBLE and steps[a, b] > -1e3:
                    step_squares[a, b] += slope * slope
                    steps[a, b] -= rate * slope / np.sqrt(step_squares[a, b])


@njit(cache=True, nogil=True)
def best_path(scores: NDArray[np.float32], steps: NDArray[np.float32]) -> NDArray[np.int64]:
    """(n,) the likeliest path of labels through one line (Viterbi 1967)."""
    n, labels = scores.shape
    best = steps[labels, :labels] + scores[0]
    back = np.zeros((n, labels), np.int64)
    for i in range(1, n):
        now = np.empty(labels, np.float32)
        for j in range(labels):
            top, place = best[0] + steps[0, j], 0
            for k in range(1, labels):
                value = best[k] + steps[k, j]
                if value > top:
                    top, place = value, k
            now[j] = top + scores[i, j]
            back[i, j] = place
        best = now
    path = np.empty(n, np.int64)
    path[n - 1] = np.argmax(best + steps[:labels, labels])
    for i in range(n - 1, 0, -1):
        path[i - 1] = back[i, path[i]]
    return path


@njit(cache=True, nogil=True)
def tagged(
    scores: NDArray[np.float32], steps: NDArray[np.float32], edges: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(n,) best labels and probability of not being outside (label 0), line by line.

    edges : (m + 1,) as ``lines`` in ``epoch``.
    """
    n = len(scores)
    path = np.empty(n, np.int64)
    inside = np.empty(n)
    for line in range(len(edges) - 1):
        first, last = edges[line], edges[line + 1]
        path[first:last] = best_path(scores[first:last], steps)
        found, _ = marginals(scores[first:last], steps)
        inside[first:last] = 1.0 - found[:, 0]
    return path, inside
