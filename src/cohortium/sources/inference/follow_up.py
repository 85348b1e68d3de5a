"""The pair of columns that tell how long a person was followed, and whether the event was seen."""

from __future__ import annotations

from cohortium.records import Kind, Role
from cohortium.sources.inference.draft import Draft
from cohortium.sources.inference.names import CENSORING, CUMULATIVE_TIME, EVENT, TIME, says, words
from cohortium.sources.inference.units import is_time_unit

_LENGTHS = (Kind.INTEGER, Kind.CONTINUOUS, Kind.DURATION)
_SURVIVAL = frozenset(
    ["os", "pfs", "efs", "dfs", "rfs", "ttp", "surv", "survival", "followup", "fu", "death", "dead", "event"]
)
_VITAL = frozenset(
    ["vital", "survival", "overall", "os", "pfs", "efs", "dfs", "rfs", "life", "death", "event", "followup", "fu"]
)


def take_follow_up(drafts: list[Draft]) -> None:
    """Give the roles time and event to the best pair, where both are there; say so where the pair is uncertain."""
    if any(Role.TIME in draft.roles or Role.EVENT in draft.roles for draft in drafts):
        return
    times = [(score, draft) for draft in drafts if (score := _time_score(draft))]
    events = [(score, draft) for draft in drafts if (score := _event_score(draft))]
    for draft in drafts:
        if times and says(draft.name, CENSORING) and draft.distinct == 2:
            draft.why("Unsure: if this tells whether the event was seen (1) or not (0), add the role 'event'.")
    if not times or not events:
        return
    if len([draft for _, draft in times if says(draft.name, CUMULATIVE_TIME)]) > 1:
        times[-1][1].why("Unsure: rows have a start and a stop time; no role 'time' was given.")
        return
    score, time, event = max(
        ((a + b + _alike(time, event), time, event) for a, time in times for b, event in events), key=lambda one: one[0]
    )
    if score < 4:
        return
    time.roles.add(Role.TIME)
    if time.kind is Kind.INTEGER:
        time.decimals = 0
    time.kind = Kind.DURATION
    unit = "" if time.unit else " Its unit is not told by the name: add it."
    time.why(f"With '{event.name}' it tells how long a person was followed: time.{unit}")
    event.roles.add(Role.EVENT)
    _explain_event(time, event)


def _time_score(draft: Draft) -> int:
    found = words(draft.name)
    if draft.kind not in _LENGTHS or draft.numbers is None or not found or draft.distinct < 5:
        return 0
    if (draft.numbers[draft.present] < 0).any() or found[:2] in (("time", "in"), ("time", "of"), ("time", "on")):
        return 0
    joined = "".join(found)
    if joined in TIME or says(draft.name, CUMULATIVE_TIME):
        return 3
    timed = is_time_unit(draft.unit) or found[-1] in ("time", "days", "months", "years")
    if timed and (_SURVIVAL & set(found) or ("follow" in found and "up" in found)):
        return 3
    if found[0] in ("time", "days", "months") and "to" in found:
        return 2
    return 1 if found[-1].endswith("time") and len(found) == 1 else 0


def _event_score(draft: Draft) -> int:
    found = words(draft.name)
    if not found or not draft.kind.is_nominal or not 2 <= draft.distinct <= 6:
        return 0
    if says(draft.name, CENSORING):
        return 0
    if found[-1] == "status":
        return 3 if len(found) == 1 or _VITAL & set(found[:-1]) else 0
    if len(found) == 1 and found[0] in EVENT:
        return 1 if found[0] in ("recur", "relapse", "recurrence", "progression") else 3
    if says(draft.name, EVENT) and len(found) <= 3:
        return 2
    return 1 if found in (("fstat",), ("pstat",)) else 0


def _alike(time: Draft, event: Draft) -> int:
    """A point where both names begin alike, as dtime and death do, and one more for overall survival (OS)."""
    overall = "os" in words(time.name) and "os" in words(event.name)
    return int(overall) + int(time.name[:1].casefold() == event.name[:1].casefold())


def _explain_event(time: Draft, event: Draft) -> None:
    if event.kind is Kind.BOOLEAN:
        event.why(f"It tells whether the event was seen by the time in '{time.name}': event.")
    elif event.distinct == 2:
        event.why(f"It tells how '{time.name}' ended; the second level is taken for the event: event.")
    else:
        event.why(
            f"Unsure: it tells how '{time.name}' ended, but has {event.distinct} levels; survival methods want two. "
            "Make two of them, or choose another event."
        )
