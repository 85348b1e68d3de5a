"""The quantities of the body that column names speak of: what is possible, what is plausible, what is never zero.

One more quantity is one more row. The limits are wide on purpose: a value beyond them is an error of entry or of unit,
not a rare patient. Where no source is named, the limits are our own choice, wide of anything published; so are the
plausible ranges, which a schema states for a person to correct.
"""

from __future__ import annotations

from cohortium.sources.inference.names import AGE, says, vocabulary, words
from cohortium.sources.inference.quantity import Limits, Quantity


def _row(
    called: str,
    names: str,
    limits: dict[str, Limits],
    factors: tuple[float, ...] = (),
    source: str = "our own, wide",
    *,
    plausible: dict[str, Limits] | None = None,
    never_zero: bool = False,
) -> Quantity:
    phrases = tuple(tuple(phrase.split()) for phrase in names.casefold().split(","))
    return Quantity(called, phrases, limits, plausible or {}, factors, never_zero, source)


# The "outlier" limits that the benchmarks of Harutyunyan et al. (Scientific Data 2019) put on MIMIC-III.
_MIMIC = "outlier limits, Harutyunyan et al. 2019"
_MIMIC_ABOVE = f"above: {_MIMIC}; below: our own"
_SCALE = "definition of the scale"

_AGE = _row(
    "age",
    "age,alter,âge,edad,età,leeftijd",
    {"years": (0, 123), "months": (0, 1476), "weeks": (0, 6418), "days": (0, 44_925)},
    (12.0, 365.25),
    "longest life on record: Robine and Allard 1998",
    plausible={"years": (0, 120), "months": (0, 1440), "weeks": (0, 6262), "days": (0, 43_830)},
)

QUANTITIES: tuple[Quantity, ...] = (
    _AGE,
    _row("systolic blood pressure",
         "sbp,systolic,sysbp,bp sys,trestbps,systolic bp,systolic blood pressure,sys blood pressure",
         {"mmHg": (10, 375), "kPa": (1.3, 50)}, (7.5,), _MIMIC_ABOVE, plausible={"mmHg": (10, 350)}, never_zero=True),
    _row("diastolic blood pressure", "dbp,diastolic,diabp,bp dia,diastolic bp,diastolic blood pressure",
         {"mmHg": (0, 375), "kPa": (0, 50)}, (7.5,), _MIMIC, plausible={"mmHg": (10, 350)}, never_zero=True),
    _row("blood pressure", "blood pressure,bps,bpd", {}, plausible={"mmHg": (10, 350)}, never_zero=True),
    _row("heart rate", "heart rate,pulse,puls,hr,thalach,thalch,herzfrequenz",
         {"beats/min": (0, 390)}, (), _MIMIC, plausible={"beats/min": (15, 350)}, never_zero=True),
    _row("respiratory rate", "respiratory rate,resp rate,atemfrequenz", {"1/min": (0, 330)}, (), _MIMIC),
    _row("body temperature", "body temperature,temperature,temp,körpertemperatur",
         {"°C": (13.7, 46.5), "°F": (56.7, 115.7)}, (2.68,), "survived: Gilbert et al. 2000, Slovis et al. 1982",
         plausible={"°C": (25, 45), "°F": (77, 113)}, never_zero=True),
    _row("height", "height,größe,groesse,körpergröße,taille,altura,statura,ht",
         {"cm": (20, 275), "m": (0.2, 2.75), "in": (8, 108)}, (2.54, 100.0), _MIMIC_ABOVE,
         plausible={"cm": (20, 260), "in": (8, 102)}, never_zero=True),
    _row("weight", "weight,body weight,gewicht,körpergewicht,poids,peso,wt",
         {"kg": (0.2, 700), "lb": (0.45, 1540), "g": (200, 700_000)}, (2.2046, 1000.0),
         plausible={"kg": (0.2, 500), "lb": (0.4, 1100)}, never_zero=True),
    _row("body mass index", "bmi,body mass index", {"kg/m²": (5, 220)}, plausible={"kg/m²": (5, 150)}, never_zero=True),
    _row("oxygen saturation", "spo2,spo 2,sp o2,sao2,oxygen saturation",
         {"%": (0, 100), "1": (0, 1)}, (100.0,), _SCALE, plausible={"%": (20, 100)}, never_zero=True),
    _row("haemoglobin", "haemoglobin,hemoglobin,hgb,hb,hämoglobin",
         {"g/dL": (0.5, 30), "g/L": (5, 300), "mmol/L": (0.3, 18.6)}, (10.0, 1.611), _MIMIC_ABOVE, never_zero=True),
    _row("haematocrit", "haematocrit,hematocrit,hct,hkt,hämatokrit",
         {"%": (1, 100), "L/L": (0.01, 1)}, (100.0,), _SCALE, never_zero=True),
    _row("creatinine", "creatinine,creat,serum creatinine,creatinin,kreatinin",
         {"mg/dL": (0.05, 66), "µmol/L": (4, 5840)}, (88.42,), _MIMIC_ABOVE, never_zero=True),
    _row("glucose", "glucose,gluc,gl,fpg,blood glucose,glukose,blutzucker",
         {"mg/dL": (1, 2700), "mmol/L": (0.05, 150)}, (18.016,), never_zero=True),
    _row("HbA1c", "hba1c,a1c,glycohemoglobin", {"%": (2, 25), "mmol/mol": (1, 250)}, (10.93,), never_zero=True),
    _row("total cholesterol", "chol,cholesterol,cholest,tot chol,total cholesterol",
         {"mg/dL": (10, 2500), "mmol/L": (0.25, 65)}, (38.67,), never_zero=True),
    _row("lipoprotein cholesterol", "ldl,hdl,direct chol", {}, never_zero=True),
    _row("triglycerides", "triglycerides,trig", {}, never_zero=True),
    _row("potassium", "potassium,kalium", {"mmol/L": (0.5, 15)}, (), _MIMIC_ABOVE, never_zero=True),
    _row("sodium", "sodium,natrium", {"mmol/L": (50, 250)}, (), _MIMIC_ABOVE, never_zero=True),
    _row("calcium", "calcium", {}, never_zero=True),
    _row("chloride", "chloride", {}, never_zero=True),
    _row("albumin", "albumin,alb,serum albumin", {"g/dL": (0.1, 10), "g/L": (1, 100)}, (10.0,), never_zero=True),
    _row("bilirubin", "bilirubin,total bilirubin,bili", {"mg/dL": (0, 66), "µmol/L": (0, 1130)}, (17.1,), _MIMIC),
    _row("lactate", "lactate,laktat", {"mmol/L": (0, 35), "mg/dL": (0, 315)}, (9.01,), _MIMIC),
    _row("insulin", "insulin", {}, never_zero=True),
    _row("platelets", "platelets,platelet,plt,thrombocytes,thrombozyten",
         {"10⁹/L": (0, 5000), "1/µL": (0, 5_000_000)}, (1000.0,), never_zero=True),
    _row("pH of the blood", "ph,arterial ph,blood ph", {"1": (6.3, 10)}, (), _MIMIC),
    _row("ejection fraction", "ejection fraction,lvef", {"%": (0, 100), "1": (0, 1)}, (100.0,), _SCALE),
    _row("Glasgow coma scale", "gcs,glasgow coma scale,gcs total", {"1": (3, 15)}, (), _SCALE),
    _row("skin thickness", "skin thickness", {}, never_zero=True),
)  # fmt: skip

# "weight loss", "insulin dose", "height change" and the weights of a survey are other quantities.
_OTHER = vocabulary(
    "loss gain change diff delta dose units type group cat category status flag indicator treated therapy drug "
    "yes no known history hx ratio rx survey sampling score class grade"
)


def _never_zero(name: str) -> Quantity | None:
    """The never-zero quantity that the name mentions, or None."""
    if not _OTHER.isdisjoint(words(name)):
        return None
    return next((quantity for quantity in QUANTITIES if quantity.never_zero and quantity.is_mentioned(name)), None)


def is_never_zero(name: str) -> bool:
    """Whether the quantity that the name speaks of is above zero in every living person."""
    return _never_zero(name) is not None


def plausible_range(name: str, unit: str | None, lowest: float, highest: float) -> Limits | None:
    """The plausible range of the quantity in this unit, if it is known and the data do not contradict it outright."""
    quantity = _AGE if says(name, AGE) and len(words(name)) <= 3 else _never_zero(name)
    limits = quantity.plausible_in(unit) if quantity else None
    if unit == "%" and limits is None and lowest >= 0 and highest <= 100:
        limits = (0.0, 100.0)
    if limits is None or lowest > limits[1] or highest < limits[0]:
        return None
    return float(limits[0]), float(limits[1])
