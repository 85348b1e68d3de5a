"""Do dates and times follow one another as they must?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import NotApplicable
from cohortium.quality.columns import (
    AFTER_DEATH,
    VISIT_NUMBER,
    is_birth,
    is_date,
    is_death,
    is_happening,
    is_last_seen,
    is_number,
    is_planned,
)
from cohortium.quality.findings import Dimension, Outcome
from cohortium.quality.inspection import Inspection
from cohortium.quality.values import Values
from cohortium.records import Column, Constraint, Inequality, Role
from cohortium.registry import check
from cohortium.sources.inference.names import words

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ASK = "Look the dates up at the source: days and months swapped, a wrong century, or two persons under one key."


@check(
    "date_in_future",
    asks=Dimension.TIME,
    severity="fail",
    title="Dates do not lie in the future",
    applies=is_date,
    fails_above=0.001,
    advice="Look for a wrong century, days and months swapped, or planned dates in a column of things that happened.",
)
def date_in_future(inspection: Inspection, column: Column) -> Outcome:
    """Dates after the day of the inspection."""
    if is_planned(column):
        raise NotApplicable("The name speaks of a date that is planned.")
    days = inspection.values(column).days
    return Outcome(int((days > inspection.today).sum()), int((~np.isnan(days)).sum()))


@check(
    "date_before_birth",
    asks=Dimension.TIME,
    severity="fail",
    title="Nothing happens before birth",
    applies=lambda column: is_date(column) and not is_birth(column),
    fails_above=0.001,
    advice=_ASK,
)
def date_before_birth(inspection: Inspection, column: Column) -> Outcome:
    """Dates before the person's date of birth in the same row."""
    if inspection.birth is None:
        raise NotApplicable("No column holds the date of birth.")
    return _order(inspection.birth, inspection.values(column))


@check(
    "date_after_death",
    asks=Dimension.TIME,
    severity="fail",
    title="Nothing happens after death",
    applies=lambda column: is_date(column) and not is_death(column),
    fails_above=0.001,
    advice=_ASK,
)
def date_after_death(inspection: Inspection, column: Column) -> Outcome:
    """Dates after the person's date of death in the same row."""
    if inspection.death is None:
        raise NotApplicable("No column holds the date of death.")
    if is_planned(column) or not AFTER_DEATH.isdisjoint(words(column.name)):
        raise NotApplicable("The name speaks of something that may follow death.")
    return _order(inspection.values(column), inspection.death)


@check(
    "end_before_start",
    asks=Dimension.TIME,
    severity="fail",
    title="Nothing ends before it starts",
    applies=lambda column: is_date(column) or is_number(column),
    fails_above=0.001,
    advice=_ASK,
)
def end_before_start(inspection: Inspection, column: Column) -> Outcome:
    """Ends that lie before their start, where two names are the start and the end of one thing."""
    start = inspection.starts.get(column.name)
    if start is None:
        raise NotApplicable("No other column is named as the start of what this one ends.")
    return _order(inspection.values(start), inspection.values(column), f"Held against '{start.name}'.")


@check(
    "dates_out_of_order",
    asks=Dimension.TIME,
    severity="fail",
    title="Dates keep the order that the schema states",
    over="rule",
    applies=lambda rule: isinstance(rule, Inequality),
    fails_above=0.001,
    advice=_ASK,
)
def dates_out_of_order(inspection: Inspection, rule: Constraint) -> Outcome:
    """Rows in which two dates stand the other way round than the schema's rule says."""
    first, second = (inspection.schema[name] for name in rule.columns)
    if not (is_date(first) and is_date(second)):
        raise NotApplicable("The rule is not about two dates.")
    known = ~(inspection.values(first).missing | inspection.values(second).missing)
    return Outcome(int(rule.violated(inspection.table).sum()), int(known.sum()))


@check(
    "after_follow_up",
    asks=Dimension.TIME,
    severity="fail",
    title="Events lie within follow-up",
    applies=lambda column: is_date(column) or is_number(column),
    fails_above=0.001,
    advice="Extend the follow-up of these persons to their last event, or correct the event's time.",
)
def after_follow_up(inspection: Inspection, column: Column) -> Outcome:
    """Events after the person was last seen: dates after the last contact, or times beyond the follow-up time."""
    if is_date(column):
        last = inspection.last_seen
        if last is None:
            raise NotApplicable("No date column is named as the end of follow-up.")
        if is_last_seen(column) or not (is_happening(column) or is_death(column)):
            raise NotApplicable("The name does not speak of an event during follow-up.")
        return _order(inspection.values(column), last, f"Held against '{last.column.name}'.")
    time = inspection.time
    if time is None or time.name == column.name or not time.kind.is_numeric or is_date(time):
        raise NotApplicable(
            "No column has the role of the follow-up time." if time is None else "It is that time itself."
        )
    if not is_happening(column) or not {"time", "days", "months", "years"} & {*words(column.name), column.unit or ""}:
        raise NotApplicable("The name does not speak of the time of an event during follow-up.")
    if column.unit != time.unit:
        raise NotApplicable(f"Its unit is not that of '{time.name}'.")
    return _order(inspection.values(column), inspection.values(time), f"Held against '{time.name}'.")


@check(
    "time_not_positive",
    asks=Dimension.TIME,
    severity="fail",
    title="Follow-up times are above zero",
    applies=lambda column: column.has_role(Role.TIME) and column.kind.is_numeric and not is_date(column),
    fails_above=0.01,
    advice="Times of zero are often events on the first day: survival methods drop them, so add half a day, or explain "
    "them. Negative times are dates in the wrong order.",
)
def time_not_positive(inspection: Inspection, column: Column) -> Outcome:
    """Follow-up times of zero or less."""
    values = inspection.values(column).finite
    zero, less = int((values == 0).sum()), int((values < 0).sum())
    return Outcome(zero + less, len(values), f"{zero:,} are zero, {less:,} are negative." if zero + less else "")


@check(
    "visits_out_of_order",
    asks=Dimension.TIME,
    severity="fail",
    title="Later visits have later dates",
    applies=lambda column: is_number(column) and not VISIT_NUMBER.isdisjoint(words(column.name)),
    fails_above=0.01,
    advice="Number the visits again by date, or correct the dates.",
)
def visits_out_of_order(inspection: Inspection, column: Column) -> Outcome:
    """Visits that are dated before the same person's visit of the next lower number."""
    calendar = inspection.calendar
    if calendar is None or not inspection.repeats:
        raise NotApplicable("It takes several rows per person, and a date of the visit.")
    numbers = inspection.values(column).numbers
    known = np.flatnonzero(~np.isnan(numbers) & ~np.isnan(calendar.numbers))
    persons, numbers, days = inspection.persons[known], numbers[known], calendar.numbers[known]
    order = np.lexsort((days, numbers, persons))
    persons, numbers, days = persons[order], numbers[order], days[order]
    follows = (np.diff(persons) == 0) & (np.diff(numbers) > 0)
    if not follows.any():
        raise NotApplicable("No person has two numbered visits.")
    note = f"Held against '{calendar.column.name}'."
    return Outcome(int((follows & (np.diff(days) < 0)).sum()), int(follows.sum()), note, "visits")


def _order(first: Values, second: Values, note: str = "") -> Outcome:
    """Rows in which ``second`` lies before ``first``; dates with and without a time of day compare by the day."""
    early, late = _instants(first, second)
    known = ~(np.isnan(early) | np.isnan(late))
    return Outcome(int((late[known] < early[known]).sum()), int(known.sum()), note)


def _instants(first: Values, second: Values) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if is_date(first.column) and first.column.kind is not second.column.kind:
        return first.days, second.days
    return first.numbers, second.numbers
