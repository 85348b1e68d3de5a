"""Numbers, dates and shares as people read them."""

from __future__ import annotations

import math
from datetime import date, timedelta

NONE = "–"
_EPOCH = date(1970, 1, 1)


def number(value: float | None) -> str:
    """A number with three significant digits, or all digits of its whole part: 1,204; 38.2; 0.0041."""
    if value is None or not math.isfinite(value):
        return NONE
    size = abs(value)
    if size == 0:
        return "0"
    if size >= 1e9 or size < 1e-5:
        text = f"{value:.2e}"
    else:
        places = max(0, min(8, 2 - math.floor(math.log10(size))))
        text = f"{value:,.{places}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", "−")


def month(days: float | None) -> str:
    """The month of a date in days since 1970-01-01: 2019-04."""
    if days is None:
        return NONE
    try:
        return (_EPOCH + timedelta(days=days)).strftime("%Y-%m")
    except OverflowError:
        # Years beyond 9999 are slips of the pen; the check on dates says so.
        return NONE


def percent(share: float) -> str:
    """A share as a percentage: 0 %, < 0.1 %, 2.4 %, 37 %; never 100 % for less than all."""
    if share in (0, 1):
        return f"{share:.0%}".replace("%", " %")
    if share < 0.001:
        return "< 0.1 %"
    if share > 0.999:
        return "> 99.9 %"
    return f"{100 * share:.0f} %" if 0.0995 <= share < 0.995 else f"{100 * share:.1f} %"


def joined(names: list[str], most: int) -> str:
    """Names in a row, cut after ``most``: a, b and 3 more."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most:,} more"
