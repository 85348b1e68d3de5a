"""Cells that stand for "missing": words, sentinel numbers, and a zero that nobody alive can have."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cohortium.sources.cells.patterns import matching
from cohortium.sources.inference.draft import Draft, hold
from cohortium.sources.inference.names import NOT_ZERO_CODED, says
from cohortium.sources.inference.quantities import is_never_zero

# "None" is not among them: it is a level of its own in many tables (no test taken, no symptoms).
_ALWAYS = (
    r"^(?i:\?+|n/?a|n\.a\.?|#n/a|nan|<na>|null|#null!?|\(null\)|#value!|#div/0!|#ref!|\.|missing|unknown|unk|unbekannt|"
    r"inconnu|desconocido|sconosciuto|onbekend|okänd|ukjent|nicht bekannt|not known|not available|not recorded|"
    r"not reported|not stated|keine angabe|k\.a\.?|no data|undefined|unspecified|unknown ?[/_-] ?invalid)$"
)
_WHERE_NUMBERS_STAND = (
    r"^(?i:none|-+|–|—|nil|nd|nr|n\.d\.?|not done|-?inf(inity)?|\+inf|x+|\*+|error|invalid|blank|leer)$"
)
_NEGATIVE = (-7.0, -8.0, -9.0, -77.0, -88.0, -99.0, -777.0, -888.0, -999.0, -9999.0, -99999.0)
_POSITIVE = (99.0, 88.0, 77.0, 777.0, 888.0, 999.0, 7777.0, 8888.0, 9999.0, 99999.0, 999999.0)


def take_missing_words(draft: Draft) -> None:
    """Words such as NA, ? and unknown, whatever the kind."""
    mask = _matches(draft.profile.cells.texts, _ALWAYS)
    count = int(draft.counts[mask].sum())
    draft.missing(mask, f"{hold(count)} a word that means 'missing' (such as NA, ? or unknown).")


def words_beside_numbers(texts: pa.Array) -> NDArray[np.bool_]:
    """Texts that mean "missing" in a column of numbers or dates, though not elsewhere: None, -, ND."""
    return _matches(texts, _WHERE_NUMBERS_STAND)


def _matches(texts: pa.Array, pattern: str) -> NDArray[np.bool_]:
    return matching(texts, pattern)


def take_infinite(draft: Draft) -> None:
    """Infinite values of a float column, which no measurement gives."""
    mask = np.isinf(draft.amounts) & draft.present
    draft.missing(mask, f"{int(draft.profile.cells.counts[mask].sum()):,} cells are infinite; they count as missing.")


def take_sentinels(draft: Draft) -> None:
    """Numbers such as -9 and 999 that stand far outside of all others."""
    _take_negative(draft, draft.amounts)
    _take_positive(draft, draft.amounts)


def _take_negative(draft: Draft, numbers: NDArray[np.float64]) -> None:
    below = draft.present & (numbers < 0)
    if not below.any() or (draft.present & (numbers >= 0)).sum() < 2:
        return
    found = numbers[below]
    if np.isin(found, _NEGATIVE).all():
        codes = ", ".join(f"{number:g}" for number in np.sort(found)[::-1])
        count = int(draft.counts[below].sum())
        draft.missing(below, f"{hold(count)} {codes}, the only negative numbers: codes for 'missing'.")
    elif found.tolist() == [-1.0]:
        draft.why(
            f"Unsure: {hold(int(draft.counts[below].sum()))} -1, the only negative number. If it means "
            "'missing', add it to missing_codes."
        )


def _take_positive(draft: Draft, numbers: NDArray[np.float64]) -> None:
    values = np.sort(numbers[draft.present])
    if values.tolist() in ([0.0, 1.0, 9.0], [1.0, 2.0, 9.0]):
        count = int(draft.counts[draft.present & (numbers == 9)].sum())
        draft.missing(numbers == 9, f"{hold(count)} 9 beside two other codes: a code for 'missing'.")
        return
    for code in [code for code in _POSITIVE if code in values[-3:]]:
        values = np.sort(numbers[draft.present & ~np.isin(numbers, _POSITIVE)])
        if len(values) < 2:
            return
        mask = draft.present & (numbers == code)
        count = int(draft.counts[mask].sum())
        largest, middle = float(values[-1]), _quantile(draft, numbers, draft.present, 0.5)
        if code <= largest:
            continue
        if _is_far(code, largest, middle):
            draft.missing(mask, f"{hold(count)} {code:g}, far above all other numbers: a code for 'missing'.")
        elif code >= 999 and count > 1:
            draft.why(
                f"Unsure: {hold(count)} {code:g}, the largest number. If it means 'missing' and not a value "
                "that was capped, add it to missing_codes."
            )


def _is_far(code: float, largest: float, middle: float) -> bool:
    """Whether the gap up to ``code`` is as wide as what the other numbers spread, on the scale of ratios."""
    if code < 100:
        return largest <= code / 5
    if largest <= 0:
        return True
    gap = np.log(code / largest)
    return bool(gap > np.log(1.8) and gap > np.log(largest / max(middle, 1e-12)))


def _quantile(draft: Draft, numbers: NDArray[np.float64], mask: NDArray[np.bool_], share: float) -> float:
    """The quantile of the rows whose distinct cells ``mask`` chooses."""
    order = np.argsort(numbers[mask])
    running = np.cumsum(draft.counts[mask][order])
    return float(numbers[mask][order][np.searchsorted(running, running[-1] * share)])


def take_zero(draft: Draft) -> None:
    """A zero that means "not measured": far below every other number, in a quantity that is never zero."""
    zero = draft.present & (draft.amounts == 0)
    rest = draft.present & ~zero
    count = int(draft.counts[zero].sum())
    if not count or rest.sum() < 10 or (draft.amounts[rest] < 0).any():
        return
    others = np.sort(draft.amounts[rest])
    middle = _quantile(draft, draft.amounts, rest, 0.5)
    if is_never_zero(draft.name) and _quantile(draft, draft.amounts, rest, 0.005) > 0.04 * middle:
        draft.missing(zero, f"{hold(count)} 0, which this quantity never is in the living: they count as missing.")
    elif others[0] > middle / 3 and others[0] > 20 * np.median(np.diff(others)):
        _unnamed_zero(draft, zero, count, others)


def _unnamed_zero(draft: Draft, zero: NDArray[np.bool_], count: int, others: NDArray[np.float64]) -> None:
    compact = np.quantile(others, 0.75) < 2.5 * np.quantile(others, 0.25)
    if len(others) >= 20 and compact and count < 0.5 * draft.filled and not says(draft.name, NOT_ZERO_CODED):
        draft.missing(
            zero,
            f"Unsure: {hold(count)} 0, far below all other numbers, and are taken for 'not measured'. If 0 is a "
            "value, remove it from missing_codes.",
        )
    else:
        draft.why(
            f"Unsure: {hold(count)} 0, far below all other numbers. If it means 'missing', add it to missing_codes."
        )
