"""What no living person's measurement can be: limits of clinical quantities, by name and unit.

One more quantity is one more row. The limits are wide on purpose: a value beyond them is an error of entry or of unit,
not a rare patient. Where no source is named, the limit is our own choice, wide of anything published.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.sources.inference.names import words

if TYPE_CHECKING:
    from numpy.typing import NDArray

Limits = tuple[float, float]
_MOST_FIT = 0.9


@dataclass(frozen=True, slots=True)
class Quantity:
    """A measurable quantity.

    called  : what people call it.
    phrases : words of column names that speak of it, in order.
    limits  : smallest and largest value possible, by unit, the commonest unit first.
    factors : by what its numbers differ where units are mixed.
    source  : where the limits come from.
    """

    called: str
    phrases: tuple[tuple[str, ...], ...]
    limits: dict[str, Limits]
    factors: tuple[float, ...]
    source: str

    def limits_of(self, values: NDArray[np.float64], unit: str | None) -> tuple[Limits, str]:
        """The limits in the unit stated, and that unit; or in the commonest unit in which most values are possible.

        Where most values are possible in no unit, the limits of the commonest, so that the unit comes under suspicion.
        """
        stated = _plain(unit) if unit else ""
        for name, limits in self.limits.items():
            if _plain(name) == stated:
                return limits, name
        for name, (low, high) in self.limits.items():
            if len(values) and np.mean((values >= low) & (values <= high)) >= _MOST_FIT:
                return (low, high), name
        first = next(iter(self.limits))
        return self.limits[first], first


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _row(
    called: str, names: str, limits: dict[str, Limits], factors: tuple[float, ...] = (), source: str = "our own, wide"
) -> Quantity:
    return Quantity(called, tuple(tuple(phrase.split()) for phrase in names.split(",")), limits, factors, source)


_SPELT = {
    "year": "years", "y": "years", "yr": "years", "yrs": "years", "month": "months", "bpm": "beats/min", "c": "°c",
    "f": "°f", "lbs": "lb", "inch": "in", "inches": "in", "kg/m2": "kg/m²", "kg/m^2": "kg/m²", "percent": "%",
}  # fmt: skip


def _plain(unit: str) -> str:
    folded = unit.casefold().replace(" ", "").replace("\u03bc", "\u00b5").replace("umol", "\u00b5mol")
    return _SPELT.get(folded, folded)


# The "outlier" limits that the benchmarks of Harutyunyan et al. (Scientific Data 2019) put on MIMIC-III.
_MIMIC = "outlier limits, Harutyunyan et al. 2019"
_SCALE = "definition of the scale"

QUANTITIES: tuple[Quantity, ...] = (
    _row("age", "age,alter,âge,edad,età,leeftijd", {"years": (0, 123), "months": (0, 1476), "days": (0, 44_925)},
         (12.0, 365.25), "longest life on record: Robine and Allard 1998"),
    _row("systolic blood pressure", "sbp,systolic,sysbp,bp sys,trestbps,systolic bp,systolic blood pressure",
         {"mmHg": (10, 375), "kPa": (1.3, 50)}, (7.5,), f"above: {_MIMIC}; below: our own"),
    _row("diastolic blood pressure", "dbp,diastolic,diabp,bp dia,diastolic bp,diastolic blood pressure",
         {"mmHg": (0, 375), "kPa": (0, 50)}, (7.5,), _MIMIC),
    _row("heart rate", "heart rate,pulse,puls,hr,thalach,thalch,herzfrequenz",
         {"beats/min": (0, 390)}, (), _MIMIC),
    _row("respiratory rate", "respiratory rate,resp rate,atemfrequenz", {"1/min": (0, 330)}, (), _MIMIC),
    _row("body temperature", "body temperature,temperature,temp,körpertemperatur",
         {"°C": (13.7, 46.5), "°F": (56.7, 115.7)}, (2.68,), "survived: Gilbert et al. 2000, Slovis et al. 1982"),
    _row("height", "height,größe,groesse,körpergröße,taille,altura,statura,ht",
         {"cm": (20, 275), "m": (0.2, 2.75), "in": (8, 108)}, (2.54, 100.0), f"above: {_MIMIC}; below: our own"),
    _row("weight", "weight,body weight,gewicht,körpergewicht,poids,peso,wt",
         {"kg": (0.2, 700), "lb": (0.45, 1540), "g": (200, 700_000)}, (2.2046, 1000.0)),
    _row("body mass index", "bmi,body mass index", {"kg/m²": (5, 220)}),
    _row("oxygen saturation", "spo2,spo 2,sp o2,sao2,oxygen saturation",
         {"%": (0, 100), "1": (0, 1)}, (100.0,), _SCALE),
    _row("haemoglobin", "haemoglobin,hemoglobin,hgb,hb,hämoglobin",
         {"g/dL": (0.5, 30), "g/L": (5, 300), "mmol/L": (0.3, 18.6)}, (10.0, 1.611),
         f"above: {_MIMIC}; below: our own"),
    _row("haematocrit", "haematocrit,hematocrit,hct,hkt,hämatokrit",
         {"%": (1, 100), "L/L": (0.01, 1)}, (100.0,), _SCALE),
    _row("creatinine", "creatinine,creat,serum creatinine,kreatinin",
         {"mg/dL": (0.05, 66), "µmol/L": (4, 5840)}, (88.42,), f"above: {_MIMIC}; below: our own"),
    _row("glucose", "glucose,fpg,blood glucose,blutzucker", {"mg/dL": (1, 2700), "mmol/L": (0.05, 150)}, (18.016,)),
    _row("HbA1c", "hba1c,a1c,glycohemoglobin", {"%": (2, 25), "mmol/mol": (1, 250)}, (10.93,)),
    _row("total cholesterol", "chol,cholesterol,tot chol,total cholesterol",
         {"mg/dL": (10, 2500), "mmol/L": (0.25, 65)}, (38.67,)),
    _row("potassium", "potassium,kalium", {"mmol/L": (0.5, 15)}, (), f"above: {_MIMIC}; below: our own"),
    _row("sodium", "sodium,natrium", {"mmol/L": (50, 250)}, (), f"above: {_MIMIC}; below: our own"),
    _row("albumin", "albumin,serum albumin", {"g/dL": (0.1, 10), "g/L": (1, 100)}, (10.0,)),
    _row("bilirubin", "bilirubin,total bilirubin,bili", {"mg/dL": (0, 66), "µmol/L": (0, 1130)}, (17.1,), _MIMIC),
    _row("lactate", "lactate,laktat", {"mmol/L": (0, 35), "mg/dL": (0, 315)}, (9.01,), _MIMIC),
    _row("platelets", "platelets,platelet,plt,thrombozyten", {"10⁹/L": (0, 5000), "1/µL": (0, 5_000_000)}, (1000.0,)),
    _row("pH of the blood", "ph,arterial ph,blood ph", {"1": (6.3, 10)}, (), _MIMIC),
    _row("ejection fraction", "ejection fraction,lvef", {"%": (0, 100), "1": (0, 1)}, (100.0,), _SCALE),
    _row("Glasgow coma scale", "gcs,glasgow coma scale,gcs total", {"1": (3, 15)}, (), _SCALE),
)  # fmt: skip

_SPOKEN = {"".join(phrase): quantity for quantity in reversed(QUANTITIES) for phrase in quantity.phrases}
# Where a name says more than this ("weight loss", "age at onset of diabetes"), it may speak of another quantity.
_HARMLESS = _words(
    "kg lb lbs g cm m mm in mmhg hg kpa mg dl d mmol mol l umol years year yrs yr y months month days bpm serum blood "
    "plasma at baseline admission entry enrolment inclusion diagnosis ave avg average 1 2 3 4 0 value val result "
    "measured current patient pt resting rest total fasting max min percent pct deg c f m2"
)


def quantity_of(name: str) -> Quantity | None:
    """The quantity that a column name speaks of, or None; a name with further words may mean another, and has none."""
    found = words(name)
    for start in range(len(found)):
        for stop in range(len(found), start, -1):
            # Joined, because a name may run its words together or take them apart: HbA1c, heartrate.
            quantity = _SPOKEN.get("".join(found[start:stop]))
            if quantity is not None and _HARMLESS.issuperset(found[:start] + found[stop:]):
                return quantity
    return None


def factors_of(name: str) -> tuple[float, ...]:
    """Factors by which mixed units would set the column's numbers apart; the commonest where its name says nothing."""
    quantity = quantity_of(name)
    return quantity.factors if quantity is not None else _COMMONEST


_COMMONEST = (2.2046, 2.54, 10.0, 18.016, 38.67, 88.42, 100.0, 1000.0)
