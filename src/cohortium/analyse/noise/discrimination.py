"""The area under the ROC curve from counts that carry noise, and an interval that allows for it.

With P and N persons with and without the outcome, p and q their counts by bin and v the variance of the noise in each,
the area A = sum p K q / (P N), K being 1 below, 1/2 in the same bin and 0 above, is moved by the noise, to first order,
by sum dp (K q / N - A) / P + sum dq (p K / P - A) / N, and to second by sum dp K dq / (P N). Both are added to the
variance that DeLong gives to chance.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.answers import number, numbers, reach
from cohortium.analyse.noise.counts import interval, noise_facts
from cohortium.records import Sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

MOST_BINS = 20
"""Every bin carries noise, so that few are told apart."""
FEWEST_DEVIATIONS = 4.0
"""Persons with and without the outcome must each be so many standard deviations of their noise."""
NOTE = (
    "Counts carry noise that hides any single person, and of each person one row counts. The interval of the area "
    "allows for the noise; scores in one interval count as ties."
)


def noisy_area(ill: Reals, well: Reals, noise: tuple[float, float]) -> tuple[float, float, float]:
    """The area, its standard error by chance and by noise, and by how much ties may matter; NaN where noise outweighs.

    ill, well : (bins,) counts with and without the outcome, by rising score. noise : standard deviations in them.
    """
    sizes, spread = (ill.sum(), well.sum()), math.sqrt(len(ill))
    if any(size < max(FEWEST_DEVIATIONS * own * spread, 2) for size, own in zip(sizes, noise, strict=True)):
        return math.nan, math.nan, math.nan
    kernel = np.tril(np.ones((len(ill), len(ill))), -1) + 0.5 * np.eye(len(ill))
    above, below = kernel @ well / sizes[1], ill @ kernel / sizes[0]
    area = float(ill @ above) / sizes[0]
    variance = 0.0
    for counts, share, size, own in zip((ill, well), (above, below), sizes, noise, strict=True):
        chance = max(float(counts @ (share - area) ** 2), 0.0) / (size - 1) / size
        variance += chance + own**2 * float(((share - area) ** 2).sum()) / size**2
    variance += (noise[0] * noise[1]) ** 2 * float((kernel**2).sum()) / (sizes[0] * sizes[1]) ** 2
    tied = max(float(ill @ well), 0.0) / 2 / sizes[0] / sizes[1]
    return area, math.sqrt(variance), tied


def noisy_answer(total: Sums, low: float, high: float, level: float) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Facts and the table "roc" as ``Discrimination`` gives them; what noise makes unknown is None."""
    ill, well = (total[name].astype(np.float64) for name in ("with_outcome", "without_outcome"))
    noise = total.noise["with_outcome"], total.noise["without_outcome"]
    area, error, tied = noisy_area(ill, well, noise)
    notes = [] if math.isfinite(area) else ["The noise outweighs the persons with or without the outcome."]
    ends = (np.clip(area + side * reach(level) * error, 0.0, 1.0) for side in (-1, 1))
    facts: dict[str, Any] = {
        "auc": number(np.clip(area, 0.0, 1.0)),
        "auc_se": number(error),
        "auc_resolution": number(tied),
    }
    facts |= dict(zip(("auc_low", "auc_high"), numbers(ends), strict=True))
    facts |= {"interval": "delong", "level": level, "missing": int(total["missing"])}
    for name, counts, own in (("with_outcome", ill, noise[0]), ("without_outcome", well, noise[1])):
        each = interval(counts.sum(), own * math.sqrt(len(counts)), level)
        facts |= {name: int(counts.sum()), f"{name}_low": each[0][0], f"{name}_high": each[1][0]}
    facts |= {"brier": None, "brier_scaled": None, "notes": [*notes, NOTE], **noise_facts(total, level)}
    if not math.isfinite(area):
        return facts, {}
    edges = np.linspace(low, high, len(ill) + 1)
    shares = [np.concatenate([[0.0], np.cumsum(counts)]) / counts.sum() for counts in (ill, well)]
    rising = [np.clip(np.maximum.accumulate(share), 0.0, 1.0) for share in shares]
    curve = {"threshold": edges.tolist(), "sensitivity": (1 - rising[0]).tolist(), "specificity": rising[1].tolist()}
    return facts, curve
