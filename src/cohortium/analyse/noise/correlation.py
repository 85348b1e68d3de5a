"""Correlations from noisy products, with intervals that allow for chance and noise."""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.answers import number, reach
from cohortium.analyse.noise.counts import noise_facts
from cohortium.numerics.distributions import normal_sf
from cohortium.records import Result, Sums

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cohortium.analyse.noise.gram import NoisyGram

NOTE = (
    "The sums carry noise that hides any single person; intervals and p allow for it. Of each person one complete row "
    "counts, with numbers within their plausible ranges; rows far from the mean weigh less."
)


def noisy_pairs(gram: NoisyGram, names: Sequence[str], total: Sums, level: float) -> Result:
    """A row for each pair; None where noise leaves nothing of the variance of a column."""
    covariance, noise, weight = gram.covariance, gram.noise / gram.weight, gram.weight
    variance = np.diag(covariance)
    lost = variance <= max(2.0 * noise, 1e-12)
    table: dict[str, list[Any]] = {key: [] for key in ("first", "second", "r", "low", "high", "p")}
    for i, j in combinations(range(len(names)), 2):
        found: tuple[float | None, ...] = (None,) * 4
        if not (lost[i] or lost[j]):
            found = _pair(float(covariance[i, j]), float(variance[i]), float(variance[j]), noise, weight, level)
        for key, value in zip(table, (names[i], names[j], *found), strict=True):
            table[key].append(value)
    gone = [name for name, is_lost in zip(names, lost, strict=True) if is_lost]
    notes = [NOTE] + ([f"Noise leaves nothing of the variance of {', '.join(gone)}."] if gone else [])
    facts = {"n": total.persons, "method": "pearson", "level": level, "notes": notes, **noise_facts(total, level)}
    return Result("Pearson correlation", total.persons, {"pairs": table}, facts)


def _pair(
    shared: float, first: float, second: float, noise: float, weight: float, level: float
) -> tuple[float | None, ...]:
    """Correlation, interval and p.

    Chance alone gives Fisher's interval, noise a normal one; the two are joined side by side as independent errors.
    Source : joined intervals: Zou & Donner 2008, Stat. Med. 27, 1693 (MOVER); noise to first order.
    """
    r = min(max(shared / math.sqrt(first * second), -1.0), 1.0)
    error = noise * math.sqrt(1.0 / (first * second) + r**2 / 4.0 * (1.0 / first**2 + 1.0 / second**2))
    chance = 1.0 / math.sqrt(max(weight - 3.0, 1.0))
    inner = min(max(r, -1.0 + 1e-12), 1.0 - 1e-12)
    low, high = (math.tanh(math.atanh(inner) + side * reach(level) * chance) for side in (-1.0, 1.0))
    low = max(r - math.hypot(r - low, reach(level) * error), -1.0)
    high = min(r + math.hypot(high - r, reach(level) * error), 1.0)
    p = 2.0 * float(normal_sf(abs(r) / math.hypot(chance, noise / math.sqrt(first * second))))
    return number(r), low, high, min(p, 1.0)
