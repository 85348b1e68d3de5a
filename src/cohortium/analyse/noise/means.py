"""Means by group from sums that carry noise of known size: how far each may be off, and tests that allow for it.

Values are moved into public ranges first, and summed around a public centre c, so that one pass does. In a group of n
with mean c + d, where noise of standard deviations a, b and e lies on n, on the sum and on the squares, the mean is
off by a variance of (n s^2 + b^2 + d^2 a^2) / n^2, s^2 being the variance of the values. The second and third part are
known; s^2 is estimated, with the noise's share of the squares taken off. Degrees of freedom follow Satterthwaite, with
the error of that estimate by chance and by noise, so that tests are normal where the noise outweighs chance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.answers import numbers
from cohortium.analyse.moments import Moments
from cohortium.analyse.noise.counts import with_intervals
from cohortium.numerics.distributions import f_sf, t_quantile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

FEWEST_DEVIATIONS = 4.0
"""A group whose count is fewer standard deviations of its noise above 0 is not told of: its mean could be anything."""
NOTE = (
    "Sums carry noise that hides any single person; values beyond the plausible range count as its ends, and of each "
    "person one row counts. Intervals and tests allow for the noise."
)
NOISY = "noisy sums"
"""The step that asks for sums that noise can be added to."""
WEIGHTS = {"persons": 0.1}
"""The number of persons is told by the groups' counts, too."""


@dataclass(frozen=True, slots=True)
class NoisyMoments:
    """What is known of each group, (groups,); NaN where the noise outweighs it.

    found          : n, mean and variance of the values; the variance may be 0 where noise hides it.
    error, freedom : variance of the mean, by chance and by noise, and the degrees of freedom of its estimate.
    by_noise       : the part of ``error`` that noise brings.
    looseness      : variance that noise brings to the sum of squares within the group.
    noise          : standard deviation of the noise in n.
    """

    found: Moments
    error: Reals
    freedom: Reals
    by_noise: Reals
    looseness: Reals
    noise: float

    @property
    def usable(self) -> NDArray[np.bool_]:
        """(groups,) True where a group is told of."""
        return np.isfinite(self.error)

    def interval(self, level: float) -> tuple[Reals, Reals]:
        """Where the mean of each group lies."""
        width = -t_quantile((1 - level) / 2, self.freedom) * np.sqrt(self.error)
        return self.found.mean - width, self.found.mean + width

    def table(self, groups: list[str], level: float) -> dict[str, list[Any]]:
        """A row for each group: n, mean and standard deviation, with intervals of n and of the mean."""
        n, (low, high) = self.found.n, self.interval(level)
        spread = np.where(self.found.variance > 0, self.found.variance, np.nan)
        rows: dict[str, list[Any]] = {"group": groups, "n": [int(one) for one in n]}
        with_intervals(rows, "n", n, self.noise, level)
        rows |= {"mean": numbers(self.found.mean), "sd": numbers(np.sqrt(spread))}
        return rows | {"low": numbers(low), "high": numbers(high)}

    def pooled(self) -> NoisyMoments:
        """The same with one variance of the values for all groups, every one of which must be usable."""
        n = self.found.n.astype(np.float64)
        df = float(n.sum()) - len(n)
        variance = np.full(len(n), float((self.found.variance * (n - 1)).sum()) / df)
        error = variance / n + self.by_noise
        # groups share their variance, so that its error moves them together: freedom is that of the errors' sum
        loose = 2 * variance[0] ** 2 / df + float(self.looseness.sum()) / df**2
        freedom = max(2 * float(error.sum()) ** 2 / (float((1 / n).sum()) ** 2 * loose), 1.0)
        found = Moments(self.found.n, self.found.mean, variance)
        return NoisyMoments(found, error, np.full(len(n), freedom), self.by_noise, self.looseness, self.noise)


def noisy_moments(
    known: NDArray[np.int64],
    sums: Reals,
    squares: Reals,
    noise: Mapping[str, float],
    centre: Reals,
    ends: tuple[float, float],
) -> NoisyMoments:
    """The moments from what ``moments.group_sums`` gives, (groups,) each, in a total with noise.

    noise  : of the arrays "known", "sum" and "squares" (see ``group_arrays``).
    centre : (groups,) what the sums are around. ends : the range of the values.
    """  # fmt: skip
    a, b, e = noise["known"], noise["sum"], noise["squares"]
    n = known.astype(np.float64)
    n[(n < FEWEST_DEVIATIONS * a) | (n < 2)] = np.nan
    shift = np.clip(sums / n, ends[0] - centre, ends[1] - centre)
    within = squares - (sums**2 - b**2) / n
    within = np.clip(within, 0, n * ((ends[1] - ends[0]) / 2) ** 2)
    by_noise = (b**2 + (shift * a) ** 2) / n**2
    looseness = e**2 + (2 * shift * b) ** 2 + (shift**2 * a) ** 2
    variance = within / (n - 1)
    error = variance / n + by_noise
    freedom = 2 * (n**2 * error) ** 2 / (2 * (n * variance) ** 2 / (n - 1) + looseness)
    found = Moments(known, centre + shift, variance)
    return NoisyMoments(found, error, np.maximum(freedom, 1.0), by_noise, looseness, a)


def group_arrays(total: Mapping[str, NDArray[Any]]) -> tuple[NDArray[np.int64], Reals, Reals]:
    """The known values, their sums and their squares in a total."""
    return total["known"], total["sum"], total["squares"]


def weighted_welch(mean: Reals, error: Reals, freedom: Reals) -> dict[str, float]:
    """Welch's F of means that are off by these variances, with their degrees of freedom; NaN below two groups.

    Source : Welch 1951, Biometrika 38, 330.
    """
    k, weight = len(mean), 1 / error
    if k < 2:
        return dict.fromkeys(("welch_F", "welch_df", "welch_p"), np.nan)
    centre = (weight * mean).sum() / weight.sum()
    spare = float(((1 - weight / weight.sum()) ** 2 / freedom).sum())
    above = float((weight * (mean - centre) ** 2).sum()) / (k - 1)
    ratio = above / (1 + 2 * (k - 2) * spare / (k**2 - 1))
    df = (k**2 - 1) / (3 * spare)
    return {"welch_F": ratio, "welch_df": df, "welch_p": float(f_sf(ratio, k - 1, df))}


def hidden_groups(found: NoisyMoments, groups: list[str]) -> list[str]:
    """A note that names the groups that are not told of; none where all are."""
    hidden = [group for group, usable in zip(groups, found.usable, strict=True) if not usable]
    return [f"The noise outweighs the persons of {', '.join(hidden)}; they are left out."] if hidden else []
