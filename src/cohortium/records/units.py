"""Units of measurement: how they are spelt, and what one is in another, whatever is measured."""

from __future__ import annotations

import re
from fractions import Fraction

_MINUTE, _DAY, _INCH, _POUND = 60, 86_400, Fraction("0.0254"), Fraction("0.45359237")

SIZES: dict[str, dict[str, Fraction | int]] = {
    "mass": {
        "pg": Fraction(1, 10**15),
        "ng": Fraction(1, 10**12),
        "ug": Fraction(1, 10**9),
        "mcg": Fraction(1, 10**9),
        "mg": Fraction(1, 10**6),
        "g": Fraction(1, 1000),
        "kg": 1,
        **dict.fromkeys(("lb", "lbs", "pounds"), _POUND),
    },
    "volume": {
        "ul": Fraction(1, 10**6),
        "ml": Fraction(1, 1000),
        "cl": Fraction(1, 100),
        "dl": Fraction(1, 10),
        **dict.fromkeys(("l", "litre", "liter", "litres", "liters"), 1),
    },
    "amount": {
        "pmol": Fraction(1, 10**12),
        "nmol": Fraction(1, 10**9),
        "umol": Fraction(1, 10**6),
        "mmol": Fraction(1, 1000),
        "mol": 1,
    },
    "length": {
        "um": Fraction(1, 10**6),
        "mm": Fraction(1, 1000),
        "cm": Fraction(1, 100),
        "m": 1,
        "km": 1000,
        **dict.fromkeys(("in", "inch", "inches"), _INCH),
        "ft": 12 * _INCH,
    },
    "time": {
        **dict.fromkeys(("s", "sec", "second", "seconds"), 1),
        **dict.fromkeys(("min", "minute", "minutes"), _MINUTE),
        **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 60 * _MINUTE),
        **dict.fromkeys(("d", "day", "days"), _DAY),
        **dict.fromkeys(("wk", "week", "weeks"), 7 * _DAY),
        **dict.fromkeys(("mo", "month", "months"), Fraction("30.4375") * _DAY),
        **dict.fromkeys(("y", "yr", "yrs", "year", "years"), Fraction("365.25") * _DAY),
    },
    "pressure": {"mmhg": Fraction("133.322387415"), "kpa": 1000},
}
"""What each measures, in kg, L, mol, m, s and Pa, spelt in small letters with u for micro.

A month is 30.4375 days and a year 365.25. Temperatures are left out, as their scales differ by more than a factor.
"""

AMBIGUOUS = frozenset({"D", "G", "M", "S", "Gm", "Mg", "Mm", "Ml", "Mmol", "Pg", "Pmol"})
"""Whose capital may mean another unit: G/L is 10^9 per litre, Mg a megagram, D a dioptre. They are left as they are."""

_KNOWN = {name: (measured, Fraction(size)) for measured, sizes in SIZES.items() for name, size in sizes.items()}
_PER = re.compile(r"\s+per\s+", re.IGNORECASE)
_SPELLINGS = str.maketrans({"\N{MICRO SIGN}": "u", "\N{GREEK SMALL LETTER MU}": "u", "²": "2"})


def factor_between(unit: str, wanted: str) -> float | None:
    """What values in ``unit`` are multiplied with to be in ``wanted``; None where that depends on what is measured.

    Spelling does not matter: mg/dl, "mg per dL" and MG/DL are one unit, as are µg and ug.
    """
    left, right = _parts(unit), _parts(wanted)
    if [measured for measured, _ in left] != [measured for measured, _ in right]:
        return None
    factor = Fraction(1)
    for place, ((_, size), (_, other)) in enumerate(zip(left, right, strict=True)):
        factor *= size / other if place == 0 else other / size
    return float(factor)


def _parts(unit: str) -> list[tuple[str, Fraction]]:
    """What stands above and below the strokes: what it measures and its size; an unknown part measures itself."""
    spelt = "".join(_PER.sub("/", unit).translate(_SPELLINGS).split())
    return [(part, Fraction(1)) if part in AMBIGUOUS else _known(part) for part in spelt.split("/")]


def _known(part: str) -> tuple[str, Fraction]:
    return _KNOWN.get(part.lower(), (part, Fraction(1)))
