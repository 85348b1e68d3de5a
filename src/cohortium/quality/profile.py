"""A table described for the person who is responsible for it, without showing any single patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from cohortium.numerics.associations import association_matrix
from cohortium.quality.inspection import Inspection
from cohortium.quality.summaries import Levels, Numbers, Texts, numbers_of, summarise
from cohortium.quality.values import LARGEST
from cohortium.quality.windows import LEAST_PERSONS
from cohortium.records import Kind, Role, Table

_MOST_COLUMNS, _MOST_ROWS, _MOST_LEVELS, _FEWEST_ROWS = 100, 5_000, 100, 50
_STRONG, _MOST_PARTNERS = 0.3, 3


@dataclass(frozen=True, slots=True)
class Partner:
    """A column that goes along with another: -1 to 1 between two columns of numbers, 0 to 1 otherwise."""

    column: str
    strength: float


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column.

    rows, missing : all rows, and those without a value.
    distinct      : how many different values there are.
    partners      : the columns that it goes along with most.
    """

    name: str
    kind: Kind
    roles: tuple[Role, ...]
    unit: str | None
    rows: int
    missing: int
    distinct: int
    summary: Numbers | Levels | Texts
    partners: tuple[Partner, ...]

    @property
    def missing_share(self) -> float:
        """Share of rows without a value; 0 in a table without rows."""
        return self.missing / self.rows if self.rows else 0.0


@dataclass(frozen=True, slots=True)
class Profile:
    """A table.

    persons         : how many persons; as many as rows where no column names them.
    has_person_key  : whether a column names them.
    rows_per_person : where some have several; None otherwise.
    complete_rows   : rows in which nothing is missing.
    notes           : what was left out to keep the time short, in plain words.
    """

    title: str
    rows: int
    persons: int
    has_person_key: bool
    rows_per_person: Numbers | None
    complete_rows: int
    columns: tuple[ColumnProfile, ...]
    notes: tuple[str, ...]

    @property
    def missing_cells(self) -> int:
        """Cells without a value, over all columns."""
        return sum(column.missing for column in self.columns)


def profile(table: Table, *, rng: np.random.Generator | None = None) -> Profile:
    """What ``table`` holds, column by column.

    rng     : draws the rows over which associations are measured, where there are very many; a fixed one if not given.
    Reveals : counts, shares and means over ten persons or more, and levels that ten or more carry; for those who may
              see the table itself.
    """
    inspection = Inspection(table, None)
    partners, notes = _partners(table, np.random.default_rng(0) if rng is None else rng)
    columns, complete = [], np.ones(len(table), dtype=np.bool_)
    for column in table.schema.columns:
        values = inspection.values(column)
        complete &= ~values.missing
        columns.append(
            ColumnProfile(
                name=column.name,
                kind=column.kind,
                roles=tuple(sorted(column.roles)),
                unit=column.unit,
                rows=len(table),
                missing=values.missing_count,
                distinct=_distinct(inspection, column.name),
                summary=summarise(inspection, values),
                partners=partners.get(column.name, ()),
            )
        )
    return Profile(
        title=table.schema.title,
        rows=len(table),
        persons=inspection.person_count,
        has_person_key=inspection.key is not None,
        rows_per_person=_rows_per_person(inspection),
        complete_rows=int(complete.sum()),
        columns=tuple(columns),
        notes=notes,
    )


def _distinct(inspection: Inspection, name: str) -> int:
    column = inspection.schema[name]
    values = inspection.values(column)
    if column.kind.is_nominal:
        return int(np.count_nonzero(values.level_rows))
    if column.kind.is_numeric:
        return len(values.distinct[0])
    return int(pc.count_distinct(inspection.table.arrow.column(name), mode="only_valid").as_py())


def _rows_per_person(inspection: Inspection) -> Numbers | None:
    if not inspection.repeats or inspection.person_count < LEAST_PERSONS:
        return None
    rows = np.sort(np.bincount(inspection.persons)).astype(np.float64)
    return numbers_of(rows, None, len(rows), len(rows))


def _partners(table: Table, rng: np.random.Generator) -> tuple[dict[str, tuple[Partner, ...]], tuple[str, ...]]:
    """The strongest associations of each column, over a sample of rows and as many columns as time allows."""
    if len(table) < _FEWEST_ROWS:
        return {}, (f"Associations are measured from {_FEWEST_ROWS} rows on.",)
    rows = np.arange(len(table))
    if len(table) > _MOST_ROWS:
        rows = np.sort(rng.choice(len(table), _MOST_ROWS, replace=False))
    sample = table.take(rows)
    able = [c for c in table.schema.modelled if not c.kind.is_nominal or len(sample.codes(c.name)[1]) <= _MOST_LEVELS]
    chosen = able[:_MOST_COLUMNS]
    notes = [f"Associations are measured on {_MOST_ROWS:,} rows drawn at random."] if len(table) > _MOST_ROWS else []
    if len(able) > len(chosen):
        notes.append(f"Associations are measured among the first {_MOST_COLUMNS} of {len(able):,} columns.")
    if len(chosen) < 2:
        return {}, tuple(notes)
    X = np.empty((len(rows), len(chosen)))
    for place, column in enumerate(chosen):
        if column.kind.is_nominal:
            codes = sample.codes(column.name)[0]
            X[:, place] = np.where(codes < 0, np.nan, codes)
        else:
            found = sample.numeric(column.name)
            X[:, place] = np.where(np.abs(found) < LARGEST, found, np.nan)
    matrix = association_matrix(X, np.array([column.kind.is_nominal for column in chosen]))
    np.fill_diagonal(matrix, 0.0)
    strengths = np.nan_to_num(matrix)
    known = ~np.isnan(X)
    strengths[(known.T.astype(np.float64) @ known) < _FEWEST_ROWS] = 0.0
    return {
        column.name: _strongest(strengths[place], [c.name for c in chosen]) for place, column in enumerate(chosen)
    }, tuple(notes)


def _strongest(strengths: np.ndarray, names: list[str]) -> tuple[Partner, ...]:
    order = np.argsort(-np.abs(strengths), kind="stable")[:_MOST_PARTNERS]
    return tuple(Partner(names[at], float(strengths[at])) for at in order if abs(strengths[at]) >= _STRONG)
