"""How a column of texts writes its dates: the formats that read them all, and the evidence for day before month."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cohortium.sources.cells import DateTexts, read_dates
from cohortium.sources.cells.patterns import matching

LATEST_YEAR = 2035  # a two-digit year is not taken for a later one
_LOOKS_LIKE = (
    r"^\D{0,12}(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.] ?\d{1,2}[-/.] ?(\d{4}|\d{2})|(1[89]|20)\d{6}|"
    r"\d{1,2}\.?[ -]?[A-Za-zÀ-ɏ]{3,10}\.?,?[ -]?(\d{4}|\d{2})|\d{1,2}(st|nd|rd|th)?,? \d{4})"
)
_DAYS = (
    ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d. %m. %Y"]
    + [f"%d{mark}%m{mark}{year}" for mark in "/.-" for year in ("%Y", "%y")]
    + [f"%m{mark}%d{mark}{year}" for mark in "/.-" for year in ("%Y", "%y")]
    + ["%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d.%b.%Y", "%d%b%Y", "%d. %b %Y", "%b %d, %Y", "%b %d %Y", "%d %b, %Y"]
)
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S", "T%H:%M", " %I:%M:%S%p", " %I:%M%p")
_SAMPLE = 400


@dataclass(frozen=True, slots=True)
class DateFormat:
    """A reading of a column as dates.

    text   : formats joined by "|"; None for ISO 8601.
    read   : what all distinct texts say under it.
    doubt  : why the order of day and month is uncertain; empty where it is not.
    proof  : what the decision rests on.
    """

    text: str | None
    read: DateTexts
    doubt: str = ""
    proof: str = ""


def looks_like_dates(texts: pa.Array) -> bool:
    """A quick look at some of the texts, to spare other columns the search."""
    sample = _sample(texts)
    return bool(len(sample)) and bool(matching(sample, _LOOKS_LIKE).mean() > 0.8)


def found_format(texts: pa.Array, counts: NDArray[np.int64], *, day_first: bool | None) -> DateFormat | None:
    """The formats under which (nearly) all texts are days of the calendar, or None.

    day_first : what the rest of the file does with day and month, where that is known.
    """
    sample = _sample(texts)
    scores = {
        form: int(read_dates(sample, form, latest_year=LATEST_YEAR).readable.sum()) for form in _candidates(sample)
    }
    chosen: list[str] = []
    unread = np.ones(len(texts), dtype=np.bool_)
    for form in sorted((form for form in scores if scores[form]), key=lambda form: -scores[form])[:12]:
        if _swapped(form) in chosen or not unread.any():
            continue
        readable = read_dates(texts.filter(pa.array(unread)), form, latest_year=LATEST_YEAR).readable
        if readable.mean() > 0.02 and (readable.sum() > 1 or unread.sum() < 50):
            chosen.append(form)
            unread[np.flatnonzero(unread)[readable]] = False
        if len(chosen) == 3:
            break
    if not chosen or counts[unread].sum() > 0.02 * counts.sum() or unread.sum() > 20:
        return None
    return _settled(texts, counts, chosen, day_first)


def _settled(
    texts: pa.Array, counts: NDArray[np.int64], chosen: list[str], day_first: bool | None
) -> DateFormat | None:
    doubt, proof = "", ""
    for place, form in enumerate(chosen):
        other = _swapped(form)
        if other is None:
            continue
        as_is, turned = (read_dates(texts, option, latest_year=LATEST_YEAR).readable for option in (form, other))
        only_as_is, only_turned = int(counts[as_is & ~turned].sum()), int(counts[turned & ~as_is].sum())
        if only_as_is and only_turned:
            return None
        day_leads = _day_leads(form)
        if only_as_is or only_turned:
            chosen[place] = form if only_as_is else other
            first = "day" if _day_leads(chosen[place]) else "month"
            proof = f"{max(only_as_is, only_turned):,} dates can only be read with the {first} first."
        else:
            wanted = (True if "." in form else day_first) if day_first is None else day_first
            chosen[place] = form if (wanted is not False) == day_leads else other
            first = "day" if _day_leads(chosen[place]) else "month"
            if day_first is None and "." not in form:
                doubt = f"Unsure: no date tells day from month; the {first} was taken to come first. Check date_format."
            else:
                proof = f"The {first} comes first, as in the other dates of the file or with this separator."
    text = None if chosen == ["%Y-%m-%d"] else "|".join(chosen)
    return DateFormat(text, read_dates(texts, text, latest_year=LATEST_YEAR), doubt, proof)


def _candidates(sample: pa.Array) -> list[str]:
    times = []
    for time in _TIMES:
        end = {"": r"[^:]*$", "T%H:%M:%S": r"\dT\d{2}:\d{2}:\d{2}", "T%H:%M": r"\dT\d{2}:\d{2}$"}.get(time)
        if end is None:
            end = r" \d{1,2}:\d{2}" + (r":\d{2}(\.\d+)?" if "%S" in time else "")
            end += {" %p": r" [AaPp]\.?[Mm]\.?$", "%p": r"[AaPp]\.?[Mm]\.?$"}.get(re.sub(r".*%[MS]", "", time), "$")
        if matching(sample, end).any():
            times.append(time)
    # ISO 8601 brings its own times, fractions and zones.
    return ["%Y-%m-%d", *(day + time for day in _DAYS for time in times if day + time != "%Y-%m-%d")]


def _swapped(form: str) -> str | None:
    """The format with day and month exchanged, where both are numbers and the year does not lead."""
    if "%b" in form or "%Y" in form[:2] or "%m" not in form:
        return None
    return form.translate(str.maketrans("dm", "md"))


def _day_leads(form: str) -> bool:
    return form.find("%d") < form.find("%m")


def _sample(texts: pa.Array) -> pa.Array:
    if len(texts) <= _SAMPLE:
        return texts
    return texts.take(pa.array(np.linspace(0, len(texts) - 1, _SAMPLE).astype(np.int64)))
