"""Whether the changed CDM still holds together and what is left in it, by comparing it with the real one in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cohortium.anonymise.omop.columns import CdmColumn
from cohortium.anonymise.omop.profile import Profile
from cohortium.anonymise.omop.reading import CdmSource, quoted
from cohortium.anonymise.omop.statements import OLDEST, person_column

_NAMING = frozenset(("name",))
_PLAIN = frozenset(("vocabulary", "code"))
_SHORTEST = 5


@dataclass(frozen=True, slots=True)
class Audit:
    """Counts over the whole CDM.

    orphans        : "table.column" -> rows whose key is not in the table it refers to, before and after.
    torn_persons   : persons whose dates did not all move by the same days, of ``moved_persons``.
    names_left     : "table.column" -> cells that hold a known name, number or street.
    same_keys      : share of persons' keys after that were some person's key before; chance alone gives persons / 2^31.
    free_text_left : "table.column" -> cells of text that stayed.
    """

    orphans: dict[str, tuple[int, int]]
    moved_persons: int
    torn_persons: int
    names_left: dict[str, int]
    names: int
    same_keys: float
    free_text_left: dict[str, int]
    births_over_89: int


def audited(
    found: CdmSource, target: Path, leaving: dict[str, tuple[CdmColumn, ...]], profile: Profile, year: int
) -> Audit:
    """Look through what was written; ``leaving`` are its tables and the columns that these had before."""
    connection = found.connection
    connection.execute("CREATE SCHEMA made")
    for table in leaving:
        path = str(target / f"{table}.parquet").replace("'", "''")
        connection.execute(f"CREATE VIEW made.{quoted(table)} AS SELECT * FROM read_parquet('{path}')")  # noqa: S608
    kept = {
        table: tuple(one for one in columns if profile.treatment(one).method != "drop")
        for table, columns in leaving.items()
    }
    moved, torn = _intervals(found, kept, profile)
    names, names_left = _names(found, kept)
    return Audit(_orphans(found, kept), moved, torn, names_left, names, _same_keys(found, kept),
                 _free_text(found, kept), _births(found, kept, year))  # fmt: skip


def _one(found: CdmSource, query: str) -> tuple[Any, ...]:
    return found.connection.execute(query).fetchone() or (0, 0)


def _orphans(found: CdmSource, kept: dict[str, tuple[CdmColumn, ...]]) -> dict[str, tuple[int, int]]:
    counted = {}
    for table, columns in kept.items():
        for column in columns:
            parent, _, key = column.references.partition(".")
            if parent in kept and key in {one.name for one in kept[parent]}:
                before, after = (
                    int(_one(found, _orphaned(schema, table, column.name, parent, key))[0])
                    for schema in ("source", "made")
                )
                counted[f"{table}.{column.name}"] = (before, after)
    return counted


def _orphaned(schema: str, table: str, column: str, parent: str, key: str) -> str:
    return (
        f"SELECT count(*) FROM {schema}.{quoted(table)} c WHERE c.{quoted(column)} IS NOT NULL AND NOT EXISTS "  # noqa: S608
        f"(SELECT 1 FROM {schema}.{quoted(parent)} p WHERE p.{quoted(key)} = c.{quoted(column)})"
    )


def _intervals(found: CdmSource, kept: dict[str, tuple[CdmColumn, ...]], profile: Profile) -> tuple[int, int]:
    """Persons with dates that moved, and those whose first, last and mean dates moved by different days.

    First, last and mean of every column of dates move by the person's one shift if each date does.
    """
    parts = []
    for table, columns in kept.items():
        person = person_column(columns)
        dates = [one for one in columns if one.kind in ("date", "datetime") and profile.treatment(one).method == "shift"
                 and not one.role.startswith("birth")]  # fmt: skip
        if person is None or not dates or profile.treatment(person).method != "pseudonym":
            continue
        own, names = quoted(person.name), [one.name for one in dates]
        gaps = [f"a.{quoted(f'{name} {measured}')} - b.{quoted(f'{name} {measured}')}" for name in names
                for measured in ("first", "last", "mean")]  # fmt: skip
        parts.append(
            f"SELECT a.person, unnest([{', '.join(gaps)}]) AS gap "  # noqa: S608
            f"FROM ({_summary('source', table, own, names, f'person_pseudonym({own})')}) b "
            f"JOIN ({_summary('made', table, own, names, own)}) a USING (person)"
        )
    if not parts:
        return 0, 0
    moved, torn = _one(
        found,
        "SELECT count(*), count(*) FILTER (least <> most) FROM (SELECT person, min(round(gap, 3)) AS least, "  # noqa: S608
        f"max(round(gap, 3)) AS most FROM ({' UNION ALL '.join(parts)}) WHERE gap IS NOT NULL GROUP BY person)",
    )
    return int(moved), int(torn)


def _summary(schema: str, table: str, person: str, dates: list[str], key: str) -> str:
    """Per person: first, last and mean of each column of dates, in days."""
    cells = []
    for name in dates:
        days = f"epoch(CAST({quoted(name)} AS TIMESTAMP)) / 86400"
        for measured, function in (("first", "min"), ("last", "max"), ("mean", "avg")):
            cells.append(f"{function}({days}) AS {quoted(f'{name} {measured}')}")
    return (
        f"SELECT {key} AS person, {', '.join(cells)} FROM {schema}.{quoted(table)} "  # noqa: S608
        f"WHERE {person} IS NOT NULL GROUP BY {person}"
    )


def _names(found: CdmSource, kept: dict[str, tuple[CdmColumn, ...]]) -> tuple[int, dict[str, int]]:
    """How many names and numbers of persons, providers and places are known, and where one stands in a text after."""
    naming = [one for columns in found.tables.values() for one in columns if one.role in _NAMING]
    found.connection.execute("CREATE TEMP TABLE known (word VARCHAR)")
    for one in naming:
        found.connection.execute(
            f"INSERT INTO known SELECT DISTINCT lower(trim({quoted(one.name)})) FROM source.{quoted(one.table)} "  # noqa: S608
            f"WHERE length(trim({quoted(one.name)})) >= {_SHORTEST}"
        )
    left = {}
    for table, columns in kept.items():
        for column in columns:
            if column.kind == "text" and column.role not in _PLAIN:
                cell = quoted(column.name)
                # Whole cells, and words within them: "seen by 41c7f626" as well as "41c7f626".
                query = (
                    f"SELECT count(*) FROM (SELECT lower(trim({cell})) AS cell FROM made.{quoted(table)} "  # noqa: S608
                    f"WHERE {cell} <> '') WHERE cell IN (SELECT word FROM known) OR EXISTS (SELECT 1 FROM "
                    r"(SELECT unnest(regexp_split_to_array(cell, '[\s,;:()]+')) AS part) "
                    "WHERE part IN (SELECT word FROM known))"
                )
                number = int(_one(found, query)[0])
                if number:
                    left[f"{table}.{column.name}"] = number
    return int(_one(found, "SELECT count(DISTINCT word) FROM known")[0]), left


def _same_keys(found: CdmSource, kept: dict[str, tuple[CdmColumn, ...]]) -> float:
    if "person_id" not in {one.name for one in kept.get("person", ())}:
        return 0.0
    known = "person_id IN (SELECT person_id FROM source.person)"
    same, of = _one(found, f"SELECT count(*) FILTER ({known}), count(*) FROM made.person")  # noqa: S608
    return float(same) / float(of) if of else 0.0


def _free_text(found: CdmSource, kept: dict[str, tuple[CdmColumn, ...]]) -> dict[str, int]:
    counted = {}
    for table, columns in kept.items():
        for column in columns:
            if column.role in ("text", "source_value", "local_map"):
                query = f"SELECT count(*) FROM made.{quoted(table)} WHERE {quoted(column.name)} <> ''"  # noqa: S608
                if column.kind == "text" and (number := int(_one(found, query)[0])):
                    counted[f"{table}.{column.name}"] = number
    return counted


def _births(found: CdmSource, kept: dict[str, tuple[CdmColumn, ...]], year: int) -> int:
    """Persons whose year of birth tells of an age over 90."""
    if "year_of_birth" not in {one.name for one in kept.get("person", ())}:
        return 0
    return int(_one(found, f"SELECT count(*) FROM made.person WHERE year_of_birth < {year - OLDEST - 1}")[0])  # noqa: S608
