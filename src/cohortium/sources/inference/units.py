"""Units that a column's name carries: weight_kg, AgeMonths, Glucose (mg/dL)."""

from __future__ import annotations

import re

from cohortium.sources.inference.names import AGE, says, words

_LAST_WORD = {
    "kg": "kg", "kilograms": "kg", "pounds": "lb", "lbs": "lb", "lb": "lb", "gram": "g", "grams": "g", "mg": "mg",
    "mcg": "µg", "ug": "µg", "ng": "ng", "cm": "cm", "mm": "mm", "inches": "in", "feet": "ft", "km": "km",
    "ml": "mL", "litres": "L", "liters": "L", "years": "years", "yrs": "years", "months": "months", "mos": "months",
    "weeks": "weeks", "wks": "weeks", "days": "days", "hours": "hours", "hrs": "hours", "minutes": "minutes",
    "mins": "minutes", "seconds": "seconds", "secs": "seconds", "ms": "ms", "mmhg": "mmHg", "bpm": "beats/min",
    "pct": "%", "percent": "%", "percentage": "%", "%": "%", "mgdl": "mg/dL", "mmoll": "mmol/L", "ngml": "ng/mL",
    "gdl": "g/dL", "umoll": "µmol/L", "kcal": "kcal", "usd": "USD", "eur": "EUR", "gbp": "GBP", "celsius": "°C",
    "jahre": "years", "monate": "months", "tage": "days", "stunden": "hours", "ans": "years", "mois": "months",
    "jours": "days", "anos": "years", "meses": "months", "dias": "days",
}  # fmt: skip
_LAST_TWO = {
    ("mg", "dl"): "mg/dL", ("mmol", "l"): "mmol/L", ("ng", "ml"): "ng/mL", ("g", "dl"): "g/dL", ("g", "l"): "g/L",
    ("umol", "l"): "µmol/L", ("u", "l"): "U/L", ("iu", "l"): "IU/L", ("kg", "m2"): "kg/m²", ("ml", "min"): "mL/min",
    ("mm", "hg"): "mmHg", ("deg", "c"): "°C", ("pg", "ml"): "pg/mL", ("mg", "l"): "mg/L",
}  # fmt: skip
_BRACKETS = re.compile(r"[(\[{]\s*([^()\[\]{}]{1,16}?)\s*[)\]}]\s*$")
_UNIT_LIKE = re.compile(r"^(%|°?[A-Za-zµμ%°]{1,8}([/*·^ .²³⁹]?[A-Za-zµμ0-9²³.^-]{1,8})*)$")
_TIME_UNITS = frozenset({"years", "months", "weeks", "days", "hours", "minutes", "seconds"})
# Words that brackets hold and that are no units.
_REMARKS = frozenset(
    [
        "yes",
        "no",
        "y",
        "n",
        "m",
        "f",
        "male",
        "female",
        "calc",
        "calculated",
        "total",
        "mean",
        "max",
        "min",
        "sum",
        "raw",
        "code",
        "text",
        "id",
        "copy",
    ]
)


def unit_of(name: str) -> str | None:
    """The unit that the name states, or None."""
    bracketed = _BRACKETS.search(name)
    if bracketed and _UNIT_LIKE.match(bracketed.group(1)) and bracketed.group(1).casefold() not in _REMARKS:
        inner = words(bracketed.group(1))
        return _LAST_WORD.get(inner[0], bracketed.group(1)) if len(inner) == 1 else bracketed.group(1)
    found = words(name)
    if len(found) > 2 and found[-2:] in _LAST_TWO:
        return _LAST_TWO[found[-2], found[-1]]
    if len(found) > 3 and found[-3:] == ("kg", "m", "2"):
        return "kg/m²"
    if len(found) > 1 and found[-1] in _LAST_WORD:
        return _LAST_WORD[found[-1]]
    if len(found) > 2 and found[1] in ("to", "since", "from", "until") and _LAST_WORD.get(found[0]) in _TIME_UNITS:
        return _LAST_WORD[found[0]]
    if says(name, AGE) and found[-1] in ("yr", "y", "year", "mo", "month"):
        return "months" if found[-1].startswith("mo") else "years"
    return None


def is_time_unit(unit: str | None) -> bool:
    """Whether the unit measures time."""
    return unit in _TIME_UNITS
