"""Where the covariates of any row lie, known from the schema alone: each term in [-1, 1], a row of bounded length.

Mode "dp" adds noise for the farthest row that could be. Numbers are moved to the middle of their plausible range; the
levels of a nominal column to the point from which all are nearly equally far, so that two levels become -1 and 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from cohortium.analyse.design import TRANSFORMS, Factor, factors_of, levels_of, restricted_cubic_spline
from cohortium.errors import NotApplicable
from cohortium.privacy.sensitivity import plausible_range
from cohortium.records import Kind, Schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Box:
    """A term less its ``middle`` and over its ``half`` lies in [-1, 1].

    middle, half : (p,). square : largest squared length of a row of p such numbers.
    low, high    : (p,), the two values that a term of levels has then; NaN for a number.
    """

    middle: Reals
    half: Reals
    low: Reals
    high: Reals
    square: float

    @classmethod
    def joined(cls, boxes: Sequence[Box]) -> Box:
        """The box of rows that stand beside each other."""
        middle, half, low, high = (
            np.concatenate([np.zeros(0), *(getattr(one, part) for one in boxes)])
            for part in ("middle", "half", "low", "high")
        )
        return cls(middle, half, low, high, sum(one.square for one in boxes))


def box_of(schema: Schema, covariates: Sequence[str]) -> Box:
    """The box of the terms that ``covariates`` become (``design.term_names``).

    Raises : NotApplicable where a numeric column states no plausible range, or its transform none there.
    """
    return Box.joined([_box(schema, factors_of(covariate)) for covariate in covariates])


def interval_box(low: float, high: float) -> Box:
    """The box of one number between two others."""
    nothing = np.full(1, np.nan)
    half = (high - low) / 2 if high > low else 1.0
    return Box(np.array([(low + high) / 2]), np.array([half]), nothing, nothing, 1.0)


def number_box(schema: Schema, name: str) -> Box:
    """The box of a column that is read as numbers; true and false are 1 and 0.

    Raises : NotApplicable where it states no plausible range.
    """
    is_boolean = schema[name].kind is Kind.BOOLEAN
    return levels_box(2) if is_boolean else interval_box(*plausible_range(schema[name]))


def levels_box(levels: int) -> Box:
    """The box of the indicators of all levels but the first.

    Less 1 / levels, a row is farthest from 0 for a level that has an indicator: (1 - 1 / levels) there, 1 / levels at
    the others.
    """
    middle = 1.0 / levels
    half = math.sqrt((1.0 - middle) ** 2 + max(levels - 2, 0) * middle**2) or 1.0
    one = np.ones(levels - 1)
    return Box(middle * one, half * one, -middle / half * one, (1.0 - middle) / half * one, min(levels - 1.0, 1.0))


def _box(schema: Schema, factors: tuple[Factor, ...]) -> Box:
    if len(factors) > 1:
        return _product(schema, factors)
    if _is_nominal(schema, factors[0]):
        return levels_box(len(levels_of(schema, factors[0].column)))
    low, high = _ends(schema, factors[0])
    return Box.joined([interval_box(*ends) for ends in zip(low.tolist(), high.tolist(), strict=True)])


def _product(schema: Schema, factors: tuple[Factor, ...]) -> Box:
    """Of an interaction, around 0 so that terms of other levels stay there.

    The squared length of a product of rows is the product of theirs: 1 for levels, of which one at most is not 0.
    """
    sizes, square = [], 1.0
    for factor in factors:
        if _is_nominal(schema, factor):
            sizes.append(np.ones(len(levels_of(schema, factor.column)) - 1))
        else:
            low, high = _ends(schema, factor)
            sizes.append(np.maximum(np.maximum(np.abs(low), np.abs(high)), 1e-300))
            square *= len(low)
    half = reduce(lambda one, other: np.outer(one, other).ravel(), sizes)
    is_level = all(_is_nominal(schema, factor) for factor in factors)
    none = np.full(len(half), np.nan)
    low, high = (np.zeros_like(half), np.ones_like(half)) if is_level else (none, none)
    return Box(np.zeros_like(half), half, low, high, square)


def _is_nominal(schema: Schema, factor: Factor) -> bool:
    return schema[factor.column].kind.is_nominal


def _ends(schema: Schema, factor: Factor) -> tuple[Reals, Reals]:
    """Smallest and largest value (terms,) of a number's terms, which all rise, but for squares, which turn at 0."""
    low, high = plausible_range(schema[factor.column])
    ends = np.array([low, high])
    if factor.transform == "rcs":
        lows, highs = restricted_cubic_spline(ends, factor.knots)
        return lows, highs
    values = TRANSFORMS[factor.transform](ends) if factor.transform else ends
    if not np.isfinite(values).all():
        raise NotApplicable(
            f"'{factor.transform}({factor.column})' has no value at an end of the plausible range, {low:g} to "
            f"{high:g}; state a narrower one in the schema, or leave the transform out."
        )
    is_turned = factor.transform == "square" and low < 0 < high
    return np.array([0.0 if is_turned else values.min()]), np.array([values.max()])
