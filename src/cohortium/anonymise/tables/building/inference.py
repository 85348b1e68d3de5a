"""A hierarchy for every column, chosen by its kind, its name and the form of its values, with the reasons told."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.tables.building.choice import Choice, values_of
from cohortium.anonymise.tables.building.looks import (
    look_like_atc,
    look_like_icd10,
    look_like_postcodes,
    names_age,
    names_postcode,
    names_year,
)
from cohortium.anonymise.tables.hierarchy import MISSING
from cohortium.errors import InvalidRequest
from cohortium.records import Column, Kind, Role, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEW = 10
"""Up to so many different numbers are joined with their neighbours rather than told as intervals."""
OLDEST = 90
"""Ages from here on are one group: 45 CFR 164.514 (b)(2)(i)(C)."""
INTERVALS = 20


def infer_hierarchies(table: Table, columns: Sequence[str] | None = None) -> tuple[Choice, ...]:
    """A builder for each column; the same table gives the same answer.

    columns : those with the role of a quasi-identifier where None.
    Raises  : InvalidRequest where there are none, or one is an identifier, free text or an image, which has no levels.
    Reveals : widths and bounds may depend on the values; ``Choice.data_dependent`` says where.
    """
    chosen = [column.name for column in table.schema.with_role(Role.QUASI_IDENTIFIER)] if columns is None else columns
    if not chosen:
        raise InvalidRequest(
            "No column has the role quasi_identifier. Give it in the schema to those that others may know, or name "
            "columns."
        )
    return tuple(_chosen(table, table.schema[name]) for name in chosen)


def _chosen(table: Table, column: Column) -> Choice:
    if column.kind in (Kind.TEXT, Kind.IMAGE):
        raise InvalidRequest(
            f"Column '{column.name}' is {column.kind}, which has no levels. Drop it, or anonymise it "
            "by its own command."
        )
    values, counts = values_of(table, column.name)
    known = [value for value in values if value != MISSING]
    if names_postcode(column.name) and look_like_postcodes(known):
        return Choice(
            column.name, "prefixes", {}, ("Its name and values are those of postcodes, which nest by prefix.",)
        )
    if column.kind is Kind.IDENTIFIER:
        raise InvalidRequest(
            f"Column '{column.name}' is an identifier. Identifiers are dropped or become pseudonyms; if it is a "
            "code, correct its kind to categorical in the schema."
        )
    if len(known) <= 2:
        return Choice(column.name, "star", {}, (f"It has {len(known)} different values: told, or not told.",))
    if column.kind in (Kind.DATE, Kind.DATETIME):
        return _date(column)
    if column.kind.is_numeric:
        rows = dict(zip(values, counts, strict=True))
        return _number(column, [float(value) for value in known], [rows[value] for value in known])
    return _nominal(column, known)


def _date(column: Column) -> Choice:
    steps = ["month", "quarter", "year", "decade"]
    if column.kind is Kind.DATETIME:
        steps = ["day", *steps]
    return Choice(column.name, "dates", {"steps": steps}, (f"Its kind is {column.kind}.",))


def _nominal(column: Column, known: list[str]) -> Choice:
    if column.kind is Kind.ORDINAL and column.levels:
        return Choice(
            column.name, "ordered", {"order": list(column.levels)}, ("Its levels have an order in the schema.",)
        )
    # A code of ATC without its point could pass for one of ICD-10, but hardly the other way round.
    if look_like_atc(known):
        return Choice(column.name, "atc", {}, ("Its values have the form of ATC codes.",))
    if look_like_icd10(known):
        return Choice(column.name, "icd10", {}, ("Its values have the form of ICD-10 codes.",))
    reason = f"It has {len(known)} levels without a known meaning: the rarest are joined first."
    advice = 'If some belong together, write a tree (builder = "tree") or edit the file.'
    return Choice(column.name, "frequency", {}, (reason, advice), data_dependent=True)


def _number(column: Column, numbers: list[float], counts: list[int]) -> Choice:
    is_age = names_age(column.name) and min(numbers) >= 0 and max(numbers) <= 130
    if is_age:
        reasons = ("Its name and range are those of an age in years.", f"From {OLDEST} on all ages are one group.")
        return Choice(column.name, "intervals", {"widths": [5, 10, 20], "lowest": 0, "highest": OLDEST}, reasons)
    if names_year(column.name) and min(numbers) >= 1800 and max(numbers) <= 2200:
        return Choice(
            column.name, "intervals", {"widths": [5, 10, 20]}, ("Its name and range are those of calendar years.",)
        )
    if len(numbers) <= FEW:
        order = [f"{number:.0f}" if number.is_integer() else repr(number) for number in sorted(numbers)]
        reason = f"It has {len(numbers)} different numbers, which are joined with their neighbours."
        return Choice(column.name, "ordered", {"order": order}, (reason,), data_dependent=True)
    return _spread(column, np.array(numbers), np.array(counts))


def _spread(column: Column, numbers: NDArray[np.float64], counts: NDArray[np.int64]) -> Choice:
    """Intervals where the values spread over them, bands of equally many rows where most would share one interval."""
    order = np.argsort(numbers, kind="stable")
    numbers, below = numbers[order], np.cumsum(counts[order]) / counts.sum()
    low, high = (float(numbers[np.searchsorted(below, share)]) for share in (0.01, 0.99))
    width = _round_width((high - low) / INTERVALS) if high > low else 1.0
    if all(number.is_integer() for number in numbers.tolist()):
        width = max(width, 2.0)
    fullest = np.bincount(np.floor((numbers - numbers[0]) / width).astype(np.int64), weights=counts[order]).max()
    if fullest > 0.5 * counts.sum() or numbers[-1] - numbers[0] > 1e6 * width:
        return Choice(
            column.name, "quantile_bands", {"bands": 16},
            ("Most rows would share one interval: the bands hold about equally many rows.",), data_dependent=True,
        )  # fmt: skip
    ends = {"lowest": _whole(math.floor(low / width) * width), "highest": _whole(math.ceil(high / width) * width)}
    widths = [_whole(width * 2**level) for level in range(4)]
    reason = f"About {INTERVALS} intervals hold 98 of 100 rows; rarer values lie in two open ends."
    return Choice(column.name, "intervals", {"widths": widths, **ends}, (reason,), data_dependent=True)


def _round_width(about: float) -> float:
    """1, 2 or 5 times a power of ten, from ``about`` on."""
    power = 10.0 ** math.floor(math.log10(about))
    return next(float(f"{step * power:.12g}") for step in (1, 2, 5, 10) if step * power >= about * 0.999)


def _whole(number: float) -> float | int:
    short = float(f"{number:.12g}")
    return int(short) if short.is_integer() else short
