"""Estimates of one site with their standard errors, from n, mean and variance in one or two groups.

Source : Borenstein, Hedges, Higgins & Rothstein 2009, Introduction to Meta-Analysis, chapters 4 and 5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

STATISTICS = (
    "mean",
    "mean difference",
    "standardised mean difference",
    "risk difference",
    "log risk ratio",
    "log odds ratio",
)


def estimates(
    statistic: str, n: NDArray[np.int64], mean: Reals, variance: Reals, sites: list[str]
) -> tuple[Reals, Reals, list[str]]:
    """Estimate and standard error of each site (sites,), NaN where it has none, and notes.

    n, mean, variance : (sites, groups); the first group is compared with the second.
    """
    with np.errstate(all="ignore"):
        if statistic == "mean":
            found, error = mean[:, 0], np.sqrt(variance[:, 0] / n[:, 0])
        elif statistic == "mean difference":
            found, error = mean[:, 0] - mean[:, 1], np.sqrt((variance / n).sum(1))
        elif statistic == "standardised mean difference":
            found, error = _hedges(n, mean, variance)
        else:
            return _of_shares(statistic, n, n * mean, sites)
    return found, error, _left_out(found, error, sites)


def _hedges(n: NDArray[np.int64], mean: Reals, variance: Reals) -> tuple[Reals, Reals]:
    """Hedges's g."""
    df = n.sum(1) - 2
    spread = np.sqrt(((n - 1) * variance).sum(1) / df)
    small = 1 - 3 / (4 * df - 1)
    found = (mean[:, 0] - mean[:, 1]) / spread
    error = np.sqrt(n.sum(1) / (n[:, 0] * n[:, 1]) + found**2 / (2 * n.sum(1)))
    return small * found, small * error


def _of_shares(statistic: str, n: NDArray[np.int64], events: Reals, sites: list[str]) -> tuple[Reals, Reals, list[str]]:
    happened = np.rint(np.where(n > 0, events, 0.0))
    total = n.astype(np.float64)
    full = (n > 0).min(axis=1)
    none_or_all = (happened == 0) | ((happened == n) & (statistic == "log odds ratio"))
    empty = full & none_or_all.max(axis=1)
    notes = []
    if statistic != "risk difference" and empty.any():
        happened, total = happened + 0.5 * empty[:, None], total + 1.0 * empty[:, None]
        named = ", ".join(site for site, is_empty in zip(sites, empty, strict=True) if is_empty)
        notes.append(f"Half a person was added to each cell of {named}, where a cell is empty.")
    with np.errstate(all="ignore"):
        share = np.where(full[:, None], happened / total, np.nan)
        if statistic == "risk difference":
            found, error = share[:, 0] - share[:, 1], np.sqrt((share * (1 - share) / total).sum(1))
        elif statistic == "log risk ratio":
            found, error = np.log(share[:, 0] / share[:, 1]), np.sqrt((1 / happened - 1 / total).sum(1))
        else:
            odds = happened / (total - happened)
            found = np.where(full, np.log(odds[:, 0] / odds[:, 1]), np.nan)
            error = np.sqrt((1 / happened + 1 / (total - happened)).sum(1))
    return found, error, notes + _left_out(found, error, sites)


def _left_out(found: Reals, error: Reals, sites: list[str]) -> list[str]:
    without = ~(np.isfinite(found) & np.isfinite(error) & (error > 0))
    named = ", ".join(site for site, is_without in zip(sites, without, strict=True) if is_without)
    return [f"Left out, having too few records or no spread: {named}."] if named else []
