"""The kind of one column, by what its source stores."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from cohortium.records import Column, Kind
from cohortium.sources.cells import as_texts, read_dates
from cohortium.sources.inference.context import Context
from cohortium.sources.inference.draft import Draft
from cohortium.sources.inference.missing_codes import take_missing_words
from cohortium.sources.inference.number_kinds import decide_number
from cohortium.sources.inference.profile import Profile
from cohortium.sources.inference.text_kinds import decide_text


def describe(profile: Profile, context: Context) -> tuple[Draft, bool]:
    """The draft of one column, and whether the order of its codes is still open."""
    draft = Draft(profile)
    for note in profile.notes:
        draft.why(note)
    if profile.declared is not None:
        _follow(draft, profile.declared)
        return draft, False
    if profile.empty:
        share = 100 * profile.empty / profile.rows
        draft.why(f"{profile.empty:,} of {profile.rows:,} cells are empty ({share:.1f} %).")
    if not draft.filled:
        draft.kind = _kind_of_nothing(profile)
        draft.why("No cell holds a value; nothing can be said about the column.")
        return draft, False
    if profile.is_number:
        draft.numbers = profile.numbers
        return draft, decide_number(draft)
    if profile.is_text:
        return draft, _decide_stored_text(draft, context)
    _decide_stored(draft)
    return draft, False


def _decide_stored_text(draft: Draft, context: Context) -> bool:
    """Texts; a dictionary that its source calls ordered keeps its order."""
    open_order = decide_text(draft, context)
    stored = draft.profile.type
    if pa.types.is_dictionary(stored) and stored.ordered and draft.kind is Kind.CATEGORICAL:
        present = draft.profile.cells.texts.filter(pa.array(draft.present))
        draft.kind, draft.levels = Kind.ORDINAL, tuple(present.to_pylist())
        draft.why("The source stores the levels with an order.")
    return open_order


def _decide_stored(draft: Draft) -> None:
    """Booleans, dates, times and durations, which the source already types."""
    stored, values = draft.profile.type, draft.profile.cells.values
    if pa.types.is_boolean(stored):
        draft.kind, draft.numbers = Kind.BOOLEAN, np.asarray(values.cast(pa.float64()))
        draft.why("The source stores true and false.")
    elif pa.types.is_date(stored) or pa.types.is_timestamp(stored):
        read = read_dates(as_texts(values))
        draft.kind = Kind.DATETIME if read.has_time else Kind.DATE
        draft.numbers = read.microseconds / (86_400e6 if draft.kind is Kind.DATE else 1e6)
        midnight = " All times of day are midnight." if pa.types.is_timestamp(stored) and not read.has_time else ""
        draft.why(f"The source stores dates.{midnight}" if draft.kind is Kind.DATE else "The source stores times.")
        if pa.types.is_timestamp(stored) and stored.tz is not None:
            draft.why("The source stores a time zone; times are kept in UTC.")
    elif pa.types.is_duration(stored) or pa.types.is_time(stored):
        draft.kind, draft.unit = Kind.DURATION, "hours"
        draft.why("The source stores times of day or lengths of time; they are read as hours.")
    else:
        draft.kind = Kind.TEXT
        draft.why(f"The source stores {stored}; the column is kept as text.")


def _follow(draft: Draft, declared: Column) -> None:
    """What the source declares, with the missing codes that the data add."""
    if draft.profile.is_text and declared.kind not in (Kind.TEXT, Kind.IDENTIFIER) and declared.levels is None:
        take_missing_words(draft)
    draft.kind = declared.kind
    draft.roles |= set(declared.roles)
    draft.unit, draft.minimum, draft.maximum = declared.unit, declared.minimum, declared.maximum
    draft.levels, draft.decimals = declared.levels, declared.decimals
    draft.date_format, draft.decimal_comma = declared.date_format, declared.decimal_comma
    draft.shape = declared.shape
    draft.missing_codes = list(dict.fromkeys([*declared.missing_codes, *draft.missing_codes]))
    for reason in declared.reasons:
        draft.why(reason)


def _kind_of_nothing(profile: Profile) -> Kind:
    stored = profile.type
    if profile.is_number:
        return Kind.INTEGER if pa.types.is_integer(stored) else Kind.CONTINUOUS
    if pa.types.is_boolean(stored):
        return Kind.BOOLEAN
    if pa.types.is_date(stored):
        return Kind.DATE
    if pa.types.is_timestamp(stored):
        return Kind.DATETIME
    return Kind.DURATION if pa.types.is_duration(stored) or pa.types.is_time(stored) else Kind.CATEGORICAL
