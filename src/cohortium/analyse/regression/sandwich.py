"""Robust covariance of coefficients from one more sum: outer products of the scores of rows, persons or clusters.

Source : White 1980, Econometrica 48, 817 (HC0); MacKinnon & White 1985, J. Econom. 29, 305 (HC1);
         Liang & Zeger 1986, Biometrika 73, 13 (clusters), with the factor of Cameron & Miller 2015, J. Hum. Resour. 50,
         317, section II.B.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.errors import TooFewRecords

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cohortium.analyse.regression.model_rows import Rows

    Reals = NDArray[np.float64]


def score_sums(errors: str, Z: Reals, slope: Reals, rows: Rows) -> dict[str, Any]:
    """What one site adds.

    Z, slope : (n, q), (n,); a row's score is their product.
    Returns  : "scores" (q, q), outer products summed over rows or persons, or (clusters, q), the scores of clusters
               that several sites may share; and "clusters", how many there are or, per cluster, rows in it.
    """
    scores = Z * slope[:, None]
    if errors != "clustered":
        return {"scores": scores.T @ scores, "clusters": np.int64(len(scores))}
    size = rows.clusters
    codes = rows.cluster if size else np.unique(rows.cluster, return_inverse=True)[1]
    summed = np.zeros((size or int(codes.max(initial=-1)) + 1, Z.shape[1]))
    np.add.at(summed, codes, scores)
    if size:
        return {"scores": summed, "clusters": np.bincount(codes, minlength=size).astype(np.int64)}
    return {"scores": summed.T @ summed, "clusters": np.int64(len(summed))}


def sandwich(errors: str, total: Mapping[str, NDArray[Any]], bread: Reals, n: int) -> Reals:
    """The robust covariance (q, q).

    bread  : inverse of the information (q, q); n : rows.
    Raises : TooFewRecords with fewer than two clusters, or no more rows than coefficients.
    """
    scores, clusters = total["scores"], total["clusters"]
    if clusters.ndim:
        scores, clusters = scores.T @ scores, (clusters > 0).sum()
    found: Reals = bread @ scores @ bread
    q = len(bread)
    if errors == "HC0":
        return found
    if n <= q:
        raise TooFewRecords(f"Robust errors of {q} coefficients need more than {q} rows.")
    if errors == "HC1":
        return found * (n / (n - q))
    if clusters < 2:
        raise TooFewRecords("Clustered errors need two or more clusters; choose errors = 'HC1' within one.")
    number = float(clusters)
    return found * (number / (number - 1) * (n - 1) / (n - q))
