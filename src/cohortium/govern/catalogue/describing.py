"""The first draft of an entry, from a node's own table and its checks; its steward adds what only a person knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from cohortium.errors import InvalidRequest
from cohortium.govern.catalogue.entry import Entry
from cohortium.govern.catalogue.parts import Aspect, Coverage, QualityLabel, Variable
from cohortium.govern.catalogue.rounding import rounded
from cohortium.govern.catalogue.vocabularies import EntryKind
from cohortium.quality import CheckResult, CheckStatus, Dimension
from cohortium.records import Kind, Role, Table

_HIDDEN = frozenset({Role.QUASI_IDENTIFIER, Role.DIRECT_IDENTIFIER, Role.PERSON_KEY})


def from_profile(
    table: Table,
    results: Sequence[CheckResult],
    *,
    identifier: str,
    name: str,
    checked: date,
    kind: EntryKind = EntryKind.DATASET,
    concepts: Mapping[str, Sequence[str]] | None = None,
    rounded_to: int = 10,
    fewest: int = 10,
    **told: Any,
) -> Entry:
    """An entry with what the table itself says.

    results  : of ``cohortium.quality.run_checks``, on the day ``checked``.
    concepts : column -> codes that say what it is.
    fewest   : years in which fewer persons have a date are not within the coverage.
    told     : further fields of the entry, such as title, publisher, coverage.
    Reveals  : persons and rows rounded to ``rounded_to``, below it nothing; names, kinds and units of columns; first
               and last year with dates of ``fewest`` persons, birth dates and other quasi-identifiers aside; how many
               checks passed. No level and no value.
    Raises   : InvalidRequest for what no entry can be.
    """
    variables = tuple(
        Variable(one.name, one.kind, unit=one.unit or "", concepts=tuple((concepts or {}).get(one.name, ())))
        for one in table.schema.columns
    )
    title = table.schema.title.strip() or name
    covered = told.pop("coverage", Coverage())
    fields = {
        "title": title,
        "description": f"{title}: {len(variables)} columns.",
        "variables": variables,
        "persons": rounded(len(np.unique(table.persons())), rounded_to),
        "rows": rounded(len(table), rounded_to),
        "rounded_to": rounded_to,
        "quality": label_from(results, checked),
        "coverage": _dated(covered, table, fewest),
        **told,
    }
    try:
        return Entry(identifier, kind, name=name, **fields)
    except TypeError as error:
        raise InvalidRequest("An entry has no field of one of these names.") from error


def label_from(results: Sequence[CheckResult], checked: date) -> QualityLabel:
    """What checks say about technical quality: how many of each dimension came out how."""
    counted = Counter((one.dimension, one.status) for one in results)
    aspects = [
        Aspect(one, *(counted[one, status] for status in (CheckStatus.PASS, CheckStatus.WARN, CheckStatus.FAIL)))
        for one in Dimension
    ]
    return QualityLabel(checked, tuple(one for one in aspects if one.applied))


def _dated(covered: Coverage, table: Table, fewest: int) -> Coverage:
    if covered.starts or covered.ends:
        return covered
    dated = [
        one.name for one in table.schema.columns if one.kind in (Kind.DATE, Kind.DATETIME) and not one.roles & _HIDDEN
    ]
    years = sorted(year for name in dated for year in _years(table, name, fewest))
    if not years:
        return covered
    return replace(covered, starts=date(years[0], 1, 1), ends=date(years[-1], 12, 31))


def _years(table: Table, name: str, fewest: int) -> list[int]:
    """Years in which so many persons have a date."""
    values, persons = table.numeric(name), table.persons()
    known = ~np.isnan(values)
    unit = "D" if table.schema[name].kind is Kind.DATE else "s"
    days = values[known].astype(np.int64).astype(f"datetime64[{unit}]")
    years = days.astype("datetime64[Y]").astype(np.int64) + 1970
    pairs = np.unique(np.stack([years, persons[known]]), axis=1)
    found, carried = np.unique(pairs[0], return_counts=True)
    return [int(year) for year in found[carried >= fewest] if 1800 <= year <= 2200]
