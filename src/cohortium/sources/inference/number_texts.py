"""Numbers that are stored as text: with a point or a comma, with thousands marks, with words in between."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cohortium.sources.cells import read_numbers
from cohortium.sources.cells.patterns import matching
from cohortium.sources.inference.context import Context
from cohortium.sources.inference.draft import Draft, hold
from cohortium.sources.inference.missing_codes import words_beside_numbers

_LEADING_ZERO = r"^0\d+$"
_WORD = r"^[^\d]{1,24}$"
_LIMIT = r"^[<>≤≥]=?\s*\d+([.,]\d+)?$"
_NEARLY = r"^[<>≤≥~]?=?\s*[+-]?\d+([.,]\d+)?\s*[A-Za-zµ%/°]{0,10}$"
_INFINITE = r"^(?i:[+-]?inf(inity)?)$"
_SAMPLE = 1000


def take_numbers(draft: Draft, context: Context) -> bool:
    """Give the draft its numbers where (nearly) all texts are numbers; True if it got them."""
    texts = draft.profile.cells.texts
    if not _promising(texts):
        _say_nearly(draft, texts)
        return False
    comma, reason = _decimal_mark(texts, draft, context)
    numbers = read_numbers(texts, decimal_comma=comma)
    odd = draft.present & np.isnan(numbers)
    words = odd & words_beside_numbers(texts)
    rest = odd & ~words
    good = int(draft.counts[~np.isnan(numbers)].sum())
    if not good or not _few(draft, rest, good, texts):
        _say_nearly(draft, texts)
        return False
    infinite = matching(texts, _INFINITE)
    what = "an infinite value, which counts" if (infinite | ~words).all() else "a word where numbers stand; these count"
    draft.missing(words, f"{hold(int(draft.counts[words].sum()))} {what} as missing.")
    limits = rest & _limits(texts)
    draft.missing(
        limits,
        f"Unsure: {hold(int(draft.counts[limits].sum()))} a limit of detection (such as <5) instead of a "
        "number; they count as missing. Replace them in the source if that loses too much.",
    )
    draft.missing(
        rest & ~limits,
        f"Unsure: {hold(int(draft.counts[rest & ~limits].sum()))} {int((rest & ~limits).sum())} words that are "
        "no numbers; they were listed as missing codes. Correct them in the source if they say more than 'missing'.",
    )
    draft.numbers, draft.decimal_comma = numbers, comma
    if reason:
        draft.why(reason)
    return True


def _promising(texts: pa.Array) -> bool:
    sample = texts.take(pa.array(np.unique(np.linspace(0, len(texts) - 1, _SAMPLE).astype(np.int64))))
    either = ~np.isnan(read_numbers(sample)) | ~np.isnan(read_numbers(sample, decimal_comma=True))
    either |= words_beside_numbers(sample)
    return bool(either.mean() > 0.7 or (len(texts) <= 60 and either.sum() >= 3))


def _few(draft: Draft, rest: NDArray[np.bool_], good: int, texts: pa.Array) -> bool:
    """Whether what is left over is little enough to be remarks, and does not make the column one of codes."""
    limits = rest & _limits(texts)
    words = rest & ~limits
    limited, worded = int(draft.counts[limits].sum()), int(draft.counts[words].sum())
    # A text with digits may be a patient's own misspelt value, which must not get into a schema.
    plain = matching(texts.filter(pa.array(words)), _WORD).all()
    few_limits = not limited or (limits.sum() <= 10 and limited >= 2 * limits.sum() and limited <= good)
    return bool(plain and few_limits and worded <= 0.05 * good and words.sum() <= 20)


def _limits(texts: pa.Array) -> NDArray[np.bool_]:
    return matching(texts, _LIMIT)


def _say_nearly(draft: Draft, texts: pa.Array) -> None:
    nearly = matching(texts, _NEARLY)
    bare = ~np.isnan(read_numbers(texts))
    signed = int(draft.counts[nearly & ~bare].sum())
    if draft.distinct > 20 and draft.counts[nearly].sum() > 0.9 * draft.filled and signed > 0.05 * draft.filled:
        draft.why(
            f"Unsure: {signed:,} cells look like numbers with a sign or a unit (<5, 75 kg). As text they cannot be "
            "used as numbers; take the signs and units out in the source."
        )


def has_leading_zeros(texts: pa.Array) -> bool:
    """Whether some text is a whole number written with leading zeros: a code, not a number."""
    return bool(matching(texts, _LEADING_ZERO).any())


def _decimal_mark(texts: pa.Array, draft: Draft, context: Context) -> tuple[bool, str]:
    """Whether the decimal mark is a comma, and how that was told."""
    with_comma = np.array(pc.match_substring(texts, ","), dtype=np.bool_) & draft.present
    if not with_comma.any():
        dotted = np.array(pc.match_substring(texts, "."), dtype=np.bool_) & draft.present
        grouped = matching(texts, r"^[+-]?[1-9]\d{0,2}(\.\d{3})+$")
        if context.comma and dotted.any() and grouped[dotted].all():
            return True, "Points are thousands marks, as the decimal commas of other columns show."
        return False, ""
    point = ~np.isnan(read_numbers(texts))
    comma = ~np.isnan(read_numbers(texts, decimal_comma=True))
    rows = int(draft.counts[with_comma].sum())
    proved = with_comma & comma & ~point
    if proved.any():
        context.comma = True
        mixed = matching(texts, r"^[+-]?\d+\.\d+$")
        if draft.counts[mixed].any():
            return True, (
                f"Unsure: {rows:,} cells have a decimal comma and {int(draft.counts[mixed].sum()):,} a point; both "
                "were read as decimal marks, except points before exactly three digits."
            )
        return True, f"{rows:,} cells have a decimal comma."
    if (with_comma & point & ~comma).any():
        return False, f"{rows:,} cells have commas as thousands marks."
    if context.comma or context.delimiter == ";":
        return True, f"{rows:,} cells have a comma, read as the decimal mark like elsewhere in the file."
    return False, (
        f"Unsure: {rows:,} cells have a comma before exactly three digits; it was read as a thousands mark. If it is "
        "the decimal mark, set decimal_comma = true."
    )
