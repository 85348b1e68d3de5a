"""Numbers as people read them."""

from __future__ import annotations

import math

from cohortium.records import Score

MISSING = "–"


def count(value: int) -> str:
    """1280000 as 1,280,000."""
    return f"{value:,}"


def number(value: float | None, decimals: int | None = None) -> str:
    """A number with as many decimals as its size deserves, or as many as asked for."""
    if value is None or math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    places = decimals_for(value) if decimals is None else decimals
    text = f"{value:,.{places}f}"
    return text.replace("-", "−") if float(text.replace(",", "")) else text.lstrip("-")


def decimals_for(*values: float) -> int:
    """Decimals with which these numbers can be read side by side."""
    finite = [abs(value) for value in values if math.isfinite(value)]
    if all(value == int(value) for value in finite):
        return 0
    largest = max(finite)
    if largest >= 100:
        return 0
    if largest >= 10:
        return 1
    # Three decimals suit shares and areas under curves; smaller numbers keep two that say something.
    return 3 if largest >= 0.01 else min(8, 1 - math.floor(math.log10(largest)))


def estimate(score: Score) -> tuple[str, str, str]:
    """A score's value, its 95 % interval, and the value on real persons, all with the same decimals."""
    shown = [score.value, score.low, score.high] + ([] if score.reference is None else [score.reference])
    places = decimals_for(*shown)
    exact = score.low == score.high
    interval = "" if exact else f"{number(score.low, places)} to {number(score.high, places)}"
    return number(score.value, places), interval, number(score.reference, places)


def percent(share: float) -> str:
    """A share as a percentage; two digits where it is small."""
    if math.isnan(share):
        return MISSING
    return f"{100 * share:.0f} %" if share >= 0.0995 or share == 0 else f"{100 * share:.1f} %"
