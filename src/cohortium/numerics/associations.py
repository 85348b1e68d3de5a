"""How strongly columns hang together, whatever their kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.numerics.ranks import average_ranks

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DENSE = 100_000
_SQUARE = 300


def pearson_matrix(X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlations (p, p) of the columns of X (n, p), each over the rows in which both are known.

    NaN where fewer than three rows are, or a column does not vary on them.
    """
    known = ~np.isnan(X)
    counted = known.astype(np.float64)
    columns = counted.sum(axis=0)
    centre = np.where(known, X, 0.0).sum(axis=0) / np.maximum(columns, 1)
    values = np.where(known, X - centre, 0.0)
    largest = np.abs(values).max(axis=0, initial=0.0)
    values = values / np.where(largest > 0, largest, 1.0)
    n = counted.T @ counted
    with np.errstate(divide="ignore", invalid="ignore"):
        sums = values.T @ counted
        spread = (values**2).T @ counted - sums**2 / n
        shared = values.T @ values - sums * sums.T / n
        varies = (np.minimum(spread, spread.T) > 1e-12 * n) & (n >= 3)
        return np.where(varies, np.clip(shared / np.sqrt(spread * spread.T), -1.0, 1.0), np.nan)


def pair_correlations(X: NDArray[np.float64], pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    """Correlations (k,) of the pairs (k, 2) of columns of X, as in ``pearson_matrix``, without all the other pairs."""
    if X.shape[1] <= _SQUARE:
        return pearson_matrix(X)[pairs[:, 0], pairs[:, 1]]
    return np.array([pearson_matrix(X[:, pair])[0, 1] for pair in pairs]).reshape(len(pairs))


def association_matrix(X: NDArray[np.float64], nominal: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Associations (p, p) of mixed columns: rank correlation, correlation ratio of ranks, or Cramér's V.

    X, nominal : (n, p), NaN where missing, codes in the columns that are ``nominal`` (p,).
    Returns    : -1 to 1 between numeric columns, 0 to 1 otherwise; NaN where it is not defined.
    """
    ranked = X.copy()
    for place in np.flatnonzero(~nominal):
        known = ~np.isnan(X[:, place])
        ranked[known, place] = average_ranks(X[known, place])
    matrix = pearson_matrix(np.where(nominal, np.nan, ranked))
    for i in np.flatnonzero(nominal):
        for j in range(X.shape[1]):
            if i == j or (nominal[j] and j < i):
                continue
            known = ~(np.isnan(X[:, i]) | np.isnan(X[:, j]))
            codes = X[known, i].astype(np.int64)
            if nominal[j]:
                matrix[i, j] = cramers_v(codes, X[known, j].astype(np.int64))
            else:
                matrix[i, j] = correlation_ratio(codes, ranked[known, j])
            matrix[j, i] = matrix[i, j]
    np.fill_diagonal(matrix, 1.0)
    return matrix


def correlation_ratio(groups: NDArray[np.int64], values: NDArray[np.float64]) -> float:
    """Root of the share of the variance of ``values`` that lies between ``groups`` (codes), corrected for chance.

    NaN where either does not vary, or there are as many groups as values.
    Source : Kelley 1935 (epsilon squared).
    """
    if len(values) < 2:
        return float("nan")
    counts = np.bincount(groups)
    used = counts > 0
    spread = values - values.mean()
    total = float(spread @ spread)
    n, k = len(values), int(used.sum())
    if total <= 0 or n <= k or k < 2:
        return float("nan")
    sums = np.bincount(groups, weights=spread)[used]
    between = float((sums**2 / counts[used]).sum()) / total
    return float(np.sqrt(max(0.0, 1.0 - (1.0 - between) * (n - 1) / (n - k))))


def cramers_v(a: NDArray[np.int64], b: NDArray[np.int64], *, corrected: bool = True) -> float:
    """Cramér's V of two columns of codes; NaN where either does not vary.

    corrected : for the association that chance alone brings, which grows with the number of levels.
    Source    : Cramér 1946; Bergsma 2013, J. Korean Stat. Soc. 42(3), for the correction.
    """
    rows, columns = np.bincount(a, minlength=1), np.bincount(b, minlength=1)
    return _cramers_v(rows, columns, *_joint_counts(a, b, len(columns)), corrected)


def counted_cramers_v(table: NDArray[np.int64], *, corrected: bool = True) -> float:
    """The same from how often each pair of codes occurs (r, c)."""
    cells = np.flatnonzero(table)
    return _cramers_v(table.sum(axis=1), table.sum(axis=0), cells, table.ravel()[cells], corrected)


def _cramers_v(
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    cells: NDArray[np.int64],
    counts: NDArray[np.int64],
    corrected: bool,
) -> float:
    """From counts of either column's codes, and those of the combinations that occur, as ``_joint_counts`` has them."""
    n, r, c = int(rows.sum()), int((rows > 0).sum()), int((columns > 0).sum())
    if r < 2 or c < 2:
        return float("nan")
    expected = rows[cells // len(columns)].astype(np.float64) * columns[cells % len(columns)]
    association = float((counts.astype(np.float64) ** 2 / expected).sum()) - 1.0  # chi squared over n
    if not corrected:
        return float(np.sqrt(max(0.0, association) / (min(r, c) - 1)))
    beyond = max(0.0, association - (r - 1) * (c - 1) / (n - 1))
    smaller = min(r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)) - 1.0
    return float(min(1.0, np.sqrt(beyond / smaller))) if smaller > 0 else float("nan")


def mutual_information(a: NDArray[np.int64], b: NDArray[np.int64]) -> float:
    """Mutual information of two columns of codes, over the geometric mean of their entropies: 0 to 1."""
    columns = np.bincount(b, minlength=1)
    of_a, of_b = _entropy(np.bincount(a, minlength=1)), _entropy(columns)
    if of_a <= 0 or of_b <= 0:
        return 0.0
    _, counts = _joint_counts(a, b, len(columns))
    return float(np.clip((of_a + of_b - _entropy(counts)) / np.sqrt(of_a * of_b), 0.0, 1.0))


def _joint_counts(
    a: NDArray[np.int64], b: NDArray[np.int64], width: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which combinations a * width + b occur, and how often."""
    joint = a * width + b
    if (int(a.max(initial=0)) + 1) * width > _DENSE:
        return np.unique(joint, return_counts=True)
    counts = np.bincount(joint)
    cells = np.flatnonzero(counts)
    return cells, counts[cells]


def _entropy(counts: NDArray[np.int64]) -> float:
    p = counts[counts > 0] / counts.sum()
    return float(-(p * np.log(p)).sum())
