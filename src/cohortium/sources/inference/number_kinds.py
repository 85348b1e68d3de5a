"""Columns of numbers: identifiers, codes, counts or measurements, and to how many decimals."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cohortium.records import Kind
from cohortium.sources.cells.missing import without_zero_fraction
from cohortium.sources.cells.patterns import matching
from cohortium.sources.cells.readers import EXACT_INTEGER
from cohortium.sources.inference import codes
from cohortium.sources.inference.draft import Draft
from cohortium.sources.inference.identifiers import take_identifier
from cohortium.sources.inference.missing_codes import take_infinite, take_sentinels, take_zero
from cohortium.sources.inference.quantities import plausible_range
from cohortium.sources.inference.units import unit_of, unit_of_age

MOST_LEVELS = 64  # levels up to which they are listed in the schema
_MOST_DECIMALS = 6
_MOST_INTEGER = 9e18  # beyond it 64 bits hold no whole number


def decide_number(draft: Draft) -> bool:
    """Kind, unit, range and decimals of a column that has numbers; True where the order of its codes is open."""
    take_infinite(draft)
    if take_identifier(draft):
        return False
    take_sentinels(draft)
    take_zero(draft)
    values = draft.amounts[draft.present]
    if not len(values):
        draft.why("No cell holds a value.")
        draft.kind = Kind.CONTINUOUS
        return False
    if (values % 1 == 0).all() and np.abs(values).max() >= _MOST_INTEGER:
        draft.numbers = None
        draft.kind = Kind.IDENTIFIER if draft.distinct == draft.filled else Kind.CATEGORICAL
        draft.why("Whole numbers of more than 18 digits are codes, not quantities.")
        return False
    if _are_whole(draft, values):
        return _decide_whole(draft, values)
    _decide_measured(draft, values)
    return False


def _decide_whole(draft: Draft, values: NDArray[np.float64]) -> bool:
    verdict, reason = codes.judge(draft)
    draft.why(reason)
    draft.kind = codes.KIND_OF[verdict]
    if draft.kind in (Kind.CATEGORICAL, Kind.ORDINAL):
        _list_levels(draft)
    elif draft.kind is Kind.INTEGER:
        _describe(draft, values)
    return verdict is codes.Whole.ASK


def _decide_measured(draft: Draft, values: NDArray[np.float64]) -> None:
    if len(values) <= 5 and draft.filled >= 10 * len(values):
        draft.kind = Kind.ORDINAL
        draft.why(f"{len(values)} different numbers in {draft.filled:,} cells: steps of a scale.")
        _list_levels(draft)
        return
    draft.kind = Kind.CONTINUOUS
    draft.decimals = _decimals(values)
    places = "more than six" if draft.decimals is None else str(draft.decimals)
    draft.why(f"Numbers with up to {places} decimals, {len(values):,} different ones in {draft.filled:,} cells.")
    _describe(draft, values)


def _are_whole(draft: Draft, values: NDArray[np.float64]) -> bool:
    """Whether all values are whole numbers that an integer column can hold exactly."""
    if not (values % 1 == 0).all():
        return False
    exact = pa.types.is_integer(draft.profile.type) or np.abs(values).max() < 2.0**53
    return bool(exact or matching(draft.profile.cells.texts.filter(pa.array(draft.present)), EXACT_INTEGER).all())


def _list_levels(draft: Draft) -> None:
    """Codes as levels in the order of the numbers; they are needed where the file writes 1 as 1.0."""
    texts = draft.profile.cells.texts.filter(pa.array(draft.present))
    order = np.argsort(draft.amounts[draft.present], kind="stable")
    levels = tuple(dict.fromkeys(without_zero_fraction(texts.take(pa.array(order))).to_pylist()))
    if len(levels) <= MOST_LEVELS or not set(texts.to_pylist()) <= set(levels) or draft.kind is Kind.ORDINAL:
        draft.levels = levels
    else:
        draft.why(f"The {len(levels):,} levels are not listed; any level is allowed.")


def _describe(draft: Draft, values: NDArray[np.float64]) -> None:
    draft.unit = unit_of(draft.name)
    if draft.unit is not None:
        draft.why(f"The name states the unit {draft.unit}.")
    else:
        draft.unit, why = unit_of_age(draft.name, values)
        if why:
            draft.why(why)
    limits = plausible_range(draft.name, draft.unit, float(values.min()), float(values.max()))
    if limits is not None:
        draft.minimum, draft.maximum = limits
    elif values.min() >= 0 and draft.filled >= 30 and not 1800 <= values.min() <= values.max() <= 2200:
        draft.minimum = 0.0
        draft.why("No value is negative.")


def _decimals(values: NDArray[np.float64]) -> int | None:
    """Digits after the point that all values need, to the precision of single floats; None beyond six."""
    sample = values if len(values) <= 20_000 else values[:: len(values) // 20_000]
    for digits in range(_MOST_DECIMALS + 1):
        if _fits(sample, digits):
            return digits if _fits(values, digits) else None
    return None


def _fits(values: NDArray[np.float64], digits: int) -> bool:
    """Whether ``digits`` decimals give all values, up to what a double, or for few digits a single float, can hold."""
    scaled = values * 10.0**digits
    size = np.maximum(np.abs(scaled), 1)
    slack = 6e-8 if size.max() < 1e5 else 1e-12
    return bool((np.abs(scaled - np.rint(scaled)) <= slack * size).all())
