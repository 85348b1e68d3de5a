"""The numbers inside a policy's limit, which is written in words, so that charts can draw it.

Understood: ``at most 0.53``, ``<= 0.53``, ``≤ 0.53``, ``no more than``, ``below``; ``at least 0.98``, ``>= 0.98``,
``≥ 0.98``, ``no less than``, ``above``; ``between 0.45 and 0.53``; each with ``%`` for hundredths. Joined by "and",
every part holds; joined by "or", the loosest counts. A limit in other words is shown as text, only not drawn.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = r"([-−]?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?)\s*(%?)"
_BAND = re.compile(rf"between\s*{_NUMBER}\s*(?:and|to)\s*{_NUMBER}", re.IGNORECASE)
_MOST = re.compile(rf"(?:at most|no more than|not above|below|under|<=|≤|<)\s*{_NUMBER}", re.IGNORECASE)
_LEAST = re.compile(rf"(?:at least|no less than|not below|above|over|>=|≥|>)\s*{_NUMBER}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Limit:
    """Smallest and largest value that a policy accepts; None where it does not bound that side."""

    low: float | None
    high: float | None

    @property
    def bounds(self) -> tuple[float, ...]:
        """The sides that are bounded."""
        return tuple(bound for bound in (self.low, self.high) if bound is not None)

    def accepts(self, value: float) -> bool:
        """Whether ``value`` lies within."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


def read_limit(words: str) -> Limit | None:
    """The limit that ``words`` state, or None where they state none that can be drawn."""
    band = _BAND.search(words)
    if band is not None:
        first, second = _value(band[1], band[2] or band[4]), _value(band[3], band[4])
        return Limit(min(first, second), max(first, second))
    most = [_value(*found) for found in _MOST.findall(words)]
    least = [_value(*found) for found in _LEAST.findall(words)]
    if not most and not least:
        return None
    loosest = " or " in words
    high = (max if loosest else min)(most) if most else None
    low = (min if loosest else max)(least) if least else None
    return Limit(low, high)


def _value(digits: str, sign: str) -> float:
    value = float(digits.replace(",", "").replace("−", "-"))
    return value / 100 if sign else value
