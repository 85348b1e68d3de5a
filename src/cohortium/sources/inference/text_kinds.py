"""Columns of texts: booleans, numbers, dates, levels, identifiers or prose."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cohortium.records import Kind
from cohortium.sources.cells import boolean_pair, read_booleans, read_durations
from cohortium.sources.cells.patterns import matching
from cohortium.sources.inference.context import Context
from cohortium.sources.inference.date_formats import LATEST_YEAR, found_format, looks_like_dates
from cohortium.sources.inference.draft import Draft, hold
from cohortium.sources.inference.identifiers import take_identifier
from cohortium.sources.inference.missing_codes import take_missing_words, words_beside_numbers
from cohortium.sources.inference.names import BIRTH, CODE, DATE, DISEASE_CODE, says
from cohortium.sources.inference.number_kinds import MOST_LEVELS, decide_number
from cohortium.sources.inference.number_texts import has_leading_zeros, take_numbers
from cohortium.sources.inference.ordinals import ordered_by_number, ordered_by_range, ordered_by_scale

_COMPACT_DATE = r"^(18|19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$"
_NO_DATES = r"^(0000-00-00.*|0001-01-01.*|1111-11-11|9999-\d\d-\d\d.*|00[/.]00[/.]0000)$"


def decide_text(draft: Draft, context: Context) -> bool:
    """Kind and levels of a column of texts; True where the order of its codes is open."""
    take_missing_words(draft)
    if not draft.filled:
        draft.why("No cell holds a value; nothing can be said about the column.")
        return False
    texts = draft.profile.cells.texts
    if _take_boolean(draft):
        return False
    if _take_dates(draft, context):
        return False
    if take_numbers(draft, context):
        if has_leading_zeros(texts) and not draft.decimal_comma:
            _take_code(draft)
            return False
        if not context.delimiter and draft.profile.is_text:
            draft.why("The numbers are stored as text.")
        return decide_number(draft)
    if _take_clock(draft) or take_identifier(draft):
        return False
    _take_levels(draft)
    return False


def _take_boolean(draft: Draft) -> bool:
    if not 2 <= draft.distinct <= 6:
        return False
    present = draft.profile.cells.texts.filter(pa.array(draft.present)).to_pylist()
    pair = boolean_pair(present)
    if pair is None or pair == ("0", "1"):  # 0 and 1 are told from codes with the other numbers
        return False
    draft.kind = Kind.BOOLEAN
    answers = read_booleans(draft.profile.cells.texts)
    draft.numbers = np.where(answers < 0, np.nan, answers)
    draft.why(f"The values are '{pair[0]}' and '{pair[1]}'.")
    return True


def _take_dates(draft: Draft, context: Context) -> bool:
    texts = draft.profile.cells.texts
    if not looks_like_dates(texts):
        return False
    if matching(texts, r"^\d{8}$").all() and not (says(draft.name, DATE) or says(draft.name, BIRTH)):
        valid = matching(texts, _COMPACT_DATE)
        if not valid.all() or draft.distinct < 10:
            return False
    placeholder = matching(texts, _NO_DATES)
    mask = draft.present & ~placeholder & ~words_beside_numbers(texts)
    found = found_format(texts.filter(pa.array(mask)), draft.counts[mask], day_first=context.day_first)
    if found is None:
        return False
    odd = int(draft.counts[mask][~found.read.readable].sum())
    if odd:
        draft.why(
            f"Unsure: {int(draft.counts[mask].sum()) - odd:,} cells are dates, but {odd:,} are none of the calendar. "
            "The column is kept as text; correct these cells in the source to have dates."
        )
        draft.kind = Kind.TEXT
        return True
    draft.missing(~mask, f"{hold(int(draft.counts[~mask].sum()))} a word or an impossible date for 'missing'.")
    readable = np.zeros(len(texts), dtype=np.bool_)
    readable[mask] = found.read.readable
    microseconds = np.zeros(len(texts), dtype=np.int64)
    microseconds[mask] = found.read.microseconds
    draft.kind = Kind.DATETIME if found.read.has_time else Kind.DATE
    scale = 1e6 if draft.kind is Kind.DATETIME else 86_400e6
    draft.numbers = np.where(readable, microseconds / scale, np.nan)
    draft.date_format = found.text
    _explain_dates(draft, found.text, found.proof, found.doubt, context)
    return True


def _explain_dates(draft: Draft, text: str | None, proof: str, doubt: str, context: Context) -> None:
    what = "times" if draft.kind is Kind.DATETIME else "dates"
    written = "as ISO 8601" if text is None else "as " + " or ".join(text.split("|"))
    draft.why(f"{draft.filled:,} cells are {what}, written {written}.")
    for sentence in (proof, doubt):
        if sentence:
            draft.why(sentence)
    if text and "can only be read" in proof:
        context.day_first = text.find("%d") < text.find("%m")
    if text and "%y" in text:
        unit = 1 if draft.kind is Kind.DATE else 86_400
        draft.maximum = float((np.datetime64(f"{LATEST_YEAR}-12-31") - np.datetime64("1970-01-01")).astype(int) * unit)
        draft.why(f"Unsure: years have two digits; none was taken to lie after {LATEST_YEAR}. See maximum.")


def _take_clock(draft: Draft) -> bool:
    texts = draft.profile.cells.texts
    hours = read_durations(texts)
    if np.isnan(hours[draft.present]).any():
        return False
    draft.kind, draft.unit, draft.numbers = Kind.DURATION, "hours", hours
    draft.why(f"{draft.filled:,} cells are written as hours:minutes; they are read as hours.")
    return True


def _take_code(draft: Draft) -> None:
    draft.numbers = None
    draft.decimals = None
    draft.why("Whole numbers with leading zeros are codes, not quantities.")
    if not take_identifier(draft):
        _take_levels(draft)


def _take_levels(draft: Draft) -> None:
    """Free text, ordinal or categorical."""
    present = draft.profile.cells.texts.filter(pa.array(draft.present))
    if _is_prose(draft, present):
        draft.kind = Kind.TEXT
        draft.why(f"{draft.distinct:,} different texts in {draft.filled:,} cells, many of them long: free text.")
        return
    draft.kind = Kind.CATEGORICAL
    if draft.distinct > MOST_LEVELS:
        what = "codes" if says(draft.name, CODE) or says(draft.name, DISEASE_CODE) else "levels"
        draft.why(
            f"{draft.distinct:,} different {what} in {draft.filled:,} cells; they are not listed, and any is allowed."
        )
        return
    levels = sorted(present.to_pylist())
    for order, reason in (
        (ordered_by_scale(levels), "The levels are steps of a known scale."),
        (ordered_by_range(levels), "The levels are ranges or amounts that have an order."),
        (ordered_by_number(draft.name, levels), "The levels are numbered stages or grades."),
    ):
        if order is not None:
            draft.kind, draft.levels = Kind.ORDINAL, order
            draft.why(reason)
            return
    draft.levels = tuple(levels)
    constant = "Only one value: the column is constant." if draft.distinct == 1 else ""
    draft.why(constant or f"{draft.distinct:,} different levels in {draft.filled:,} cells.")


def _is_prose(draft: Draft, present: pa.Array) -> bool:
    """Long texts, most of them different."""
    weights = draft.counts[draft.present]
    length = float(np.average(np.asarray(pc.utf8_length(present)), weights=weights))
    spaces = float(np.average(np.asarray(pc.count_substring(present, " ")), weights=weights))
    varied = draft.distinct > 0.5 * draft.filled or draft.distinct > 1000
    return (length > 40 and spaces > 4 and (varied or draft.distinct > 200)) or (length > 200)
