"""Ranks, and what rests on them: the area under the ROC curve and rank correlation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import TooFewRecords

if TYPE_CHECKING:
    from numpy.typing import NDArray


def average_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks 1 .. n of ``values`` (n,); equal values share the mean of their ranks."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2.0)[place]


def spearman(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Spearman's rank correlation of a and b (n,); 0 where either does not vary."""
    ra, rb = average_ranks(a), average_ranks(b)
    ra, rb = ra - ra.mean(), rb - rb.mean()
    size = np.sqrt((ra @ ra) * (rb @ rb))
    return float(ra @ rb / size) if size > 0 else 0.0


def auc(truth: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    """Chance that a positive scores above a negative, ties counted half.

    truth, scores : (n,) True for positives; any real numbers.
    Raises        : TooFewRecords unless both classes are present.
    """
    positives = int(truth.sum())
    negatives = len(truth) - positives
    if not positives or not negatives:
        raise TooFewRecords(f"An AUC needs both classes; there are {positives} positives and {negatives} negatives.")
    ranks = average_ranks(scores)
    return float((ranks[truth].sum() - positives * (positives + 1) / 2.0) / (positives * negatives))


def auc_covariance(
    truth: NDArray[np.bool_], scores: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """AUCs (k,) of k scores of the same records, and their covariance (k, k) over fresh samples of records.

    truth, scores : (n,); (k, n).
    Raises        : TooFewRecords below two records of either class.
    Source        : DeLong, DeLong, Clarke-Pearson 1988; computed by ranks as in Sun & Xu 2014.
    """
    positives = int(truth.sum())
    negatives = len(truth) - positives
    if positives < 2 or negatives < 2:
        raise TooFewRecords(
            f"The interval of an AUC needs two records of each class; there are {positives} and {negatives}."
        )
    values = np.empty(len(scores))
    of_positives, of_negatives = np.empty((len(scores), positives)), np.empty((len(scores), negatives))
    for place, score in enumerate(scores):
        ranks = average_ranks(score)
        # Share of negatives below each positive, and of positives above each negative.
        of_positives[place] = (ranks[truth] - average_ranks(score[truth])) / negatives
        of_negatives[place] = 1.0 - (ranks[~truth] - average_ranks(score[~truth])) / positives
        values[place] = of_positives[place].mean()
    covariance = np.cov(of_positives).reshape(len(scores), -1) / positives
    covariance += np.cov(of_negatives).reshape(len(scores), -1) / negatives
    return values, covariance
