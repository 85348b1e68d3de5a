"""A column in the making: inference fills it in step by step and notes why."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cohortium.errors import NotApplicable
from cohortium.records import Column, Kind, Role
from cohortium.sources.annotations import one_line
from cohortium.sources.cells.missing import without_zero_fraction
from cohortium.sources.inference.profile import Profile


@dataclass(eq=False)
class Draft:
    """What is known so far about one column.

    present : (d,) True for distinct cells that are values, False for missing codes.
    numbers : (d,) distinct cells as numbers or days or seconds, NaN elsewhere; None where they are no numbers.
    """

    profile: Profile
    kind: Kind = Kind.CATEGORICAL
    roles: set[Role] = field(default_factory=set)
    unit: str | None = None
    missing_codes: list[str] = field(default_factory=list)
    minimum: float | None = None
    maximum: float | None = None
    levels: tuple[str, ...] | None = None
    decimals: int | None = None
    date_format: str | None = None
    decimal_comma: bool = False
    shape: tuple[int, int, int] | None = None
    reasons: list[str] = field(default_factory=list)
    present: NDArray[np.bool_] = field(init=False)
    numbers: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        self.present = np.ones(len(self.profile.cells.values), dtype=np.bool_)

    @property
    def name(self) -> str:
        """The column's name."""
        return self.profile.name

    @property
    def counts(self) -> NDArray[np.int64]:
        """(d,) rows per distinct cell, 0 for missing codes."""
        return np.where(self.present, self.profile.cells.counts, 0)

    @property
    def filled(self) -> int:
        """Rows that hold a value."""
        return int(self.counts.sum())

    @property
    def distinct(self) -> int:
        """Different values."""
        return int(self.present.sum())

    @property
    def amounts(self) -> NDArray[np.float64]:
        """(d,) ``numbers``, for a column that is known to have them."""
        if self.numbers is None:
            raise NotApplicable(f"The cells of column '{self.name}' are no numbers.")
        return self.numbers

    def why(self, reason: str) -> None:
        """Add a reason, once; as one printable line, because names of columns may hold anything."""
        reason = one_line(reason)
        if reason not in self.reasons:
            self.reasons.append(reason)

    def missing(self, mask: NDArray[np.bool_], reason: str) -> None:
        """Take the distinct cells of ``mask`` for missing codes."""
        chosen = mask & self.present
        if not chosen.any():
            return
        texts = without_zero_fraction(self.profile.cells.texts.filter(pa.array(chosen))).to_pylist()
        self.missing_codes = list(dict.fromkeys([*self.missing_codes, *texts]))
        self.present &= ~chosen
        self.why(reason)

    def value_codes(self) -> NDArray[np.int32]:
        """(n,) place of each row's value among the distinct cells, -1 where missing."""
        lookup = np.append(np.where(self.present, np.arange(len(self.present)), -1), -1).astype(np.int32)
        return np.asarray(lookup[self.profile.cells.places])

    def values(self) -> NDArray[np.float64]:
        """(n,) numbers of the rows, NaN where missing; for columns that have numbers."""
        lookup = np.append(np.where(self.present, self.amounts, np.nan), np.nan)
        return np.asarray(lookup[self.profile.cells.places])

    def finished(self) -> Column:
        """The column."""
        return Column(
            name=self.name,
            kind=self.kind,
            roles=frozenset(self.roles),
            unit=self.unit,
            missing_codes=tuple(self.missing_codes),
            minimum=self.minimum,
            maximum=self.maximum,
            levels=self.levels,
            decimals=self.decimals,
            date_format=self.date_format,
            decimal_comma=self.decimal_comma,
            shape=self.shape,
            reasons=tuple(self.reasons),
        )


def hold(count: int) -> str:
    """``1 cell holds``, ``3 cells hold``: the beginning of many a reason."""
    return f"{count:,} " + ("cell holds" if count == 1 else "cells hold")
