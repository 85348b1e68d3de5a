"""Which quantity a column is about, as a check must know it: the name speaks of it and of nothing else."""

from __future__ import annotations

from cohortium.sources.inference.names import vocabulary, words
from cohortium.sources.inference.quantities import QUANTITIES
from cohortium.sources.inference.quantity import Quantity

_SPOKEN = {
    "".join(phrase): quantity
    for quantity in reversed(QUANTITIES)
    if quantity.limits  # without them, the name is too wide to hold values against it
    for phrase in quantity.phrases
}
# Where a name says more than this ("weight loss", "age at onset of diabetes"), it may speak of another quantity.
_HARMLESS = vocabulary(
    "kg lb lbs g cm m mm in mmhg hg kpa mg dl d mmol mol l umol years year yrs yr y months month days bpm serum blood "
    "plasma at baseline admission entry enrolment inclusion diagnosis ave avg average 1 2 3 4 0 value val result "
    "measured current patient pt resting rest total fasting max min percent pct deg c f m2"
)
_COMMONEST = (2.2046, 2.54, 10.0, 18.016, 38.67, 88.42, 100.0, 1000.0)


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
