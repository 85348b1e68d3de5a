"""Quantities of the body that a column's name may speak of: which are never zero, and what is plausible."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from cohortium.sources.inference.names import AGE, says, words


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class Quantity:
    """A measurable quantity.

    names  : words that speak of it.
    ranges : plausible lowest and highest value by unit; under None where one unit is used all over the world.
    """

    names: frozenset[str]
    ranges: dict[str | None, tuple[float, float]]


_NEVER_ZERO: tuple[Quantity, ...] = (
    Quantity(_words("weight gewicht poids peso bodyweight wt"), {"kg": (0.2, 500), "lb": (0.4, 1100)}),
    Quantity(_words("height größe grösse taille altura statura ht"), {"cm": (20, 260), "in": (8, 102)}),
    Quantity(_words("bmi bodymassindex"), {None: (5, 150), "kg/m²": (5, 150)}),
    Quantity(
        _words("trestbps sbp dbp bps bpd systolic diastolic bpsys bpdia sysbp diabp bloodpressure sysbloodpressure"),
        {None: (10, 350), "mmHg": (10, 350)},
    ),
    Quantity(_words("thalach thalch pulse heartrate puls hr"), {None: (15, 350), "beats/min": (15, 350)}),
    Quantity(_words("cholesterol chol cholest ldl hdl totchol directchol"), {}),
    Quantity(_words("glucose gluc glukose fpg hba1c a1c bloodglucose gl"), {}),
    Quantity(_words("creatinine creat creatinin kreatinin"), {}),
    Quantity(_words("haemoglobin hemoglobin hgb hb"), {}),
    Quantity(_words("haematocrit hematocrit hct hkt"), {}),
    Quantity(_words("platelet platelets plt thrombocytes thrombozyten"), {}),
    Quantity(_words("albumin alb sodium natrium potassium kalium calcium chloride triglycerides trig"), {}),
    Quantity(_words("insulin skinthickness"), {}),
    Quantity(_words("temperature temp bodytemperature"), {"°C": (25, 45)}),
    Quantity(_words("spo2 oxygensaturation"), {None: (20, 100), "%": (20, 100)}),
)
_PAIRS = {("blood", "pressure"), ("heart", "rate"), ("skin", "thickness"), ("bp", "sys"), ("bp", "dia")}
# "weight loss", "insulin dose", "height change" and the weights of a survey are other quantities.
_OTHER = _words(
    "loss gain change diff delta dose units type group cat category status flag indicator treated therapy drug "
    "yes no known history hx ratio rx survey sampling score class grade"
)


def quantity_of(name: str) -> Quantity | None:
    """The never-zero quantity that the name speaks of, or None."""
    found = words(name)
    if not _OTHER.isdisjoint(found):
        return None
    pairs = set(itertools.pairwise(found))
    for quantity in _NEVER_ZERO:
        if says(name, quantity.names):
            return quantity
    if ("blood", "pressure") in pairs or {("bp", "sys"), ("bp", "dia")} & pairs:
        return _NEVER_ZERO[3]
    if ("heart", "rate") in pairs:
        return _NEVER_ZERO[4]
    return _NEVER_ZERO[12] if ("skin", "thickness") in pairs else None


def is_never_zero(name: str) -> bool:
    """Whether the quantity that the name speaks of is above zero in every living person."""
    return quantity_of(name) is not None


def plausible_range(name: str, unit: str | None, lowest: float, highest: float) -> tuple[float, float] | None:
    """The plausible range of the quantity in this unit, if it is known and the data do not contradict it outright."""
    if says(name, AGE) and len(words(name)) <= 3:
        limits = {"years": (0.0, 120.0), "months": (0.0, 1440.0), "days": (0.0, 43_830.0)}.get(unit or "")
    else:
        quantity = quantity_of(name)
        limits = quantity.ranges.get(unit) if quantity else None
    if unit == "%" and limits is None and lowest >= 0 and highest <= 100:
        limits = (0.0, 100.0)
    if limits is None or lowest > limits[1] or highest < limits[0]:
        return None
    return float(limits[0]), float(limits[1])
