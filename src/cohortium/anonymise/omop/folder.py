"""A CDM turned into a folder of Parquet files that may leave, and what was done on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cohortium.anonymise.omop.audit import Audit, audited
from cohortium.anonymise.omop.columns import CdmColumn
from cohortium.anonymise.omop.keys import offer_pseudonyms, offer_shifts
from cohortium.anonymise.omop.profile import Profile
from cohortium.anonymise.omop.reading import CdmSource, opened, quoted
from cohortium.anonymise.omop.statements import fills, person_column, select
from cohortium.anonymise.pseudonyms import KeyRing
from cohortium.errors import TargetUnwritable

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Anonymised:
    """What a run did, as counts without a value of any record.

    rows        : table -> rows before and after; after is None where the table was left out.
    treatments  : (table, column, role, method) for every column that was there.
    rare        : "table.column" -> how many concepts became 0 because few persons have them.
    """

    rows: dict[str, tuple[int, int | None]]
    treatments: tuple[tuple[str, str, str, str], ...]
    rare: dict[str, int]
    persons: int
    audit: Audit
    remarks: tuple[str, ...]


def anonymise_cdm(
    source: Path, target: Path, profile: Profile, ring: KeyRing, *, today: date, progress: Progress | None = None
) -> Anonymised:
    """Write every table of a CDM, changed, into the new folder ``target``, and compare it with the real one.

    DuckDB does the work and puts on disk what does not fit into memory.
    Raises : SourceUnreadable, InvalidRecords, TargetUnwritable.
    """
    say = progress or (lambda _doing, _share: None)
    try:
        target.mkdir(parents=True)
    except OSError as error:
        raise TargetUnwritable(f"The folder {target} cannot be made: {error.strerror}.") from error
    say("Reading tables", 0.0)
    with opened(source, target.parent, refuse_unknown=profile.unknown == "refuse") as found:
        wide = offer_pseudonyms(found, ring)
        persons = offer_shifts(found, ring, profile.person_key)
        leaving = {table: columns for table, columns in found.tables.items() if table not in profile.left_out}
        rows: dict[str, tuple[int, int | None]] = {}
        rare: dict[str, int] = {}
        for number, (table, columns) in enumerate(leaving.items()):
            say(f"Changing {table}", 0.1 + 0.6 * number / len(leaving))
            query = select(table, columns, profile, _rare(found, table, columns, profile, rare), today.year)
            _write(found, query, target / f"{table}.parquet")
        for table in found.tables:
            after = _count(found, f"read_parquet('{_path(target, table)}')") if table in leaving else None
            rows[table] = (_count(found, f"source.{quoted(table)}"), after)
        say("Comparing", 0.75)
        audit = audited(found, target, leaving, profile, today.year)
        treatments = tuple(
            (table, one.name, one.role, _word(profile, one)) for table in leaving for one in leaving[table]
        )
        remarks = (*found.remarks, *_remarks(profile, leaving, found.tables, wide))
    return Anonymised(rows, treatments, rare, persons, audit, remarks)


def _write(found: CdmSource, query: str, path: Path) -> None:
    place = str(path).replace("'", "''")
    # The order of rows must not follow that of the keys that were replaced.
    found.connection.execute(f"COPY ({query} ORDER BY ALL) TO '{place}' (FORMAT parquet, COMPRESSION zstd)")


def _rare(
    found: CdmSource, table: str, columns: tuple[CdmColumn, ...], profile: Profile, counted: dict[str, int]
) -> dict[str, str]:
    """Column -> name of a table of its concepts that too few persons have."""
    person = person_column(columns)
    if profile.rare_concepts < 2 or person is None:
        return {}
    made = {}
    for column in columns:
        if column.role == "concept" and profile.treatment(column).method == "keep":
            name, cell = f"rare {table} {column.name}", quoted(column.name)
            found.connection.execute(
                f"CREATE TEMP TABLE {quoted(name)} AS SELECT {cell} AS concept FROM source.{quoted(table)} "  # noqa: S608
                f"WHERE {cell} <> 0 GROUP BY 1 HAVING count(DISTINCT {quoted(person.name)}) < {profile.rare_concepts}"
            )
            counted[f"{table}.{column.name}"] = _count(found, quoted(name))
            made[column.name] = name
    return made


def _count(found: CdmSource, what: str) -> int:
    row = found.connection.execute(f"SELECT count(*) FROM {what}").fetchone()  # noqa: S608
    return int(row[0]) if row else 0


def _path(target: Path, table: str) -> str:
    return str(target / f"{table}.parquet").replace("'", "''")


def _word(profile: Profile, column: CdmColumn) -> str:
    treatment = profile.treatment(column)
    return f"{treatment.method} {treatment.width}" if treatment.width else treatment.method


def _remarks(
    profile: Profile, leaving: dict[str, tuple[CdmColumn, ...]], all_of: dict[str, tuple[CdmColumn, ...]],
    wide: dict[str, bool],
) -> list[str]:  # fmt: skip
    remarks = [
        f"The table '{table}' does not leave under this profile." for table in sorted(set(all_of) - set(leaving))
    ]
    filled = [f"{one.table}.{one.name}" for columns in leaving.values() for one in columns
              if fills(one, profile.treatment(one))]  # fmt: skip
    if filled:
        remarks.append(f"Required by the CDM, so filled with 0, '' or 1970-01-01 instead of NULL: {', '.join(filled)}.")
    remarks += [
        f"Keys of {kind}s go beyond 2^31, and so do their pseudonyms." for kind, is_wide in wide.items() if is_wide
    ]
    if "fact_relationship" in leaving:
        remarks.append(
            "Of fact_relationship only rows between clinical records leave: families would single people out."
        )
    return remarks
