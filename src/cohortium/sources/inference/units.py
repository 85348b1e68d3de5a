"""Units that a column's name carries: weight_kg, AgeMonths, Glucose (mg/dL)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cohortium.sources.inference.names import AGE, says, vocabulary, words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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
_OF_AGE = {
    **dict.fromkeys(("y", "yr", "year"), "years"), **dict.fromkeys(("mo", "mth", "mths", "month"), "months"),
    **dict.fromkeys(("wk", "week"), "weeks"), "day": "days",
}  # fmt: skip
_NOT_FROM_BIRTH = vocabulary(
    "gestational gestation gest ga pma postmenstrual postconceptional bone mental developmental"
)
_CHILD, _INFANT_MONTHS, _OLDEST, _YOUNG = 18, 60, 120, 2
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
    if says(name, AGE):
        first = _LAST_WORD.get(found[0])
        return _OF_AGE.get(found[-1]) or (first if first in _TIME_UNITS else None)
    return None


def unit_of_age(name: str, values: NDArray[np.float64]) -> tuple[str | None, str]:
    """The unit of an age whose name states none, and why; no unit and no reason where the name speaks of no age.

    values : (d,) distinct values. Whole numbers of children may be months: what is taken for years then wants an eye.
    """
    low, high = float(values.min()), float(values.max())
    if not says(name, AGE) or low < 0:
        return None, ""
    if says(name, _NOT_FROM_BIRTH):
        return None, "Unsure: such an age may be in years, months, weeks or days. State its unit."
    if high > _OLDEST:
        return None, (
            f"Unsure: the name speaks of age, and there are values above {_OLDEST}: months, days, or years with errors "
            "of entry. State its unit."
        )
    is_whole = bool((values % 1 == 0).all())
    if is_whole and low <= _YOUNG and high <= _INFANT_MONTHS:
        top = _CHILD if high <= _CHILD else _INFANT_MONTHS
        return "years", f"Unsure: the name speaks of age, and no value is above {top}: years, or months of infants?"
    top = _CHILD if high <= _CHILD else _OLDEST
    return "years", f"The name speaks of age, and no value is above {top}: years."


def is_time_unit(unit: str | None) -> bool:
    """Whether the unit measures time."""
    return unit in _TIME_UNITS
