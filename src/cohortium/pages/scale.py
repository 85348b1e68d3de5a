"""Where numbers stand on a drawing, at which round numbers its ticks are, and how these are written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Scale:
    """Numbers from ``low`` to ``high`` laid out from ``start`` to ``end`` on the drawing."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        span = self.high - self.low
        share = (value - self.low) / span if span else 0.5
        return self.start + share * (self.end - self.start)

    def clip(self, value: float) -> float:
        """The place of ``value``, or of the end that it lies beyond."""
        return self(min(max(value, self.low), self.high))

    def ticks(self, about: int = 5) -> list[float]:
        """Round numbers within the scale, about as many as asked for."""
        step = round_step((self.high - self.low) / max(about, 1))
        if not step:
            return [self.low]
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [place * step for place in range(first, last + 1)]


def round_step(raw: float) -> float:
    """The smallest of 1, 2, 2.5 and 5 times a power of ten that is not below ``raw``; 0 where there is none."""
    if not raw or not math.isfinite(raw):
        return 0.0
    power = 10.0 ** math.floor(math.log10(raw))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * (1 - 1e-9))


def plain(value: float) -> str:
    """A tick's number: 0.25, 120, 16,000."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.6g}".replace("-", "−")


def day(value: float) -> str:
    """The month of a date that is stored as days since 1970-01-01."""
    return (_EPOCH + timedelta(days=value)).strftime("%Y-%m")


def moment(value: float) -> str:
    """The month of a time that is stored as seconds since 1970-01-01."""
    return (_EPOCH + timedelta(seconds=value)).strftime("%Y-%m")
