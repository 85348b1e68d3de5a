"""The SQL by which each column is turned into what may leave."""

from __future__ import annotations

from cohortium.anonymise.omop.columns import CdmColumn
from cohortium.anonymise.omop.profile import Profile, Treatment
from cohortium.anonymise.omop.reading import quoted

OLDEST = 89
RECORD_DOMAINS = (8, 10, 13, 17, 19, 21, 27, 36)
"""Concepts of the domains visit, procedure, drug, device, condition, measurement, observation, specimen."""
_FILLED = {
    "integer": "0",
    "number": "0",
    "text": "''",
    "date": "DATE '1970-01-01'",
    "datetime": "TIMESTAMP '1970-01-01'",
}


def select(table: str, columns: tuple[CdmColumn, ...], profile: Profile, rare: dict[str, str], year: int) -> str:
    """A query for a whole table; "shifts" has a row (person_id, days) for every person.

    rare : column -> name of the table of its rare concepts.
    year : of today, for ages over 89.
    """
    cells = []
    for column in columns:
        treatment = profile.treatment(column)
        if treatment.method != "drop":
            made = _cell(column, treatment, profile, rare, year, {one.name for one in columns})
            cells.append(f"{made} AS {quoted(column.name)}")
    person = person_column(columns)
    joined = f" LEFT JOIN shifts s ON s.person_id = t.{quoted(person.name)}" if person else ""
    kept = f" WHERE {_records_only()}" if table == "fact_relationship" else ""
    return f"SELECT {', '.join(cells)} FROM source.{quoted(table)} t{joined}{kept}"  # noqa: S608


def person_column(columns: tuple[CdmColumn, ...]) -> CdmColumn | None:
    """The column that says whose row it is."""
    return next((column for column in columns if column.role == "person"), None)


def fills(column: CdmColumn, treatment: Treatment) -> bool:
    """Whether the CDM requires a value where the treatment takes it away."""
    return treatment.method == "null" and column.required


def _cell(
    column: CdmColumn, treatment: Treatment, profile: Profile, rare: dict[str, str], year: int, present: set[str]
) -> str:
    cell, method = f"t.{quoted(column.name)}", treatment.method
    if method == "null":
        return f"CAST({_FILLED[column.kind] if column.required else 'NULL'} AS {_sql_type(column)})"
    if method == "zero":
        return f"CASE WHEN {cell} IS NOT NULL THEN 0 END"
    if column.role == "birth_year":
        return _birth_year(cell, treatment, year, present)
    if method == "pseudonym":
        return _pseudonym(cell, column)
    if method == "shift":
        return f"CAST({cell} + to_days(CAST(s.days AS INTEGER)) AS {_sql_type(column)})"
    if method == "year":
        return f"CAST(make_date(greatest(year({cell}), {year - OLDEST - 1})::BIGINT, 1, 1) AS {_sql_type(column)})"
    if method == "zip3":
        return _zip3(cell, profile.restricted_zips)
    if method == "band":
        return f"floor({cell} / {treatment.width}) * {treatment.width}"
    if column.name in rare:
        return f"CASE WHEN {cell} IN (SELECT concept FROM {quoted(rare[column.name])}) THEN 0 ELSE {cell} END"  # noqa: S608
    return cell


def _birth_year(cell: str, treatment: Treatment, year: int, present: set[str]) -> str:
    """Years of persons over 89 become one; shifted together with the dates, from the middle of what is not known."""
    made = cell
    if treatment.method == "shift":
        month = 't."month_of_birth"' if "month_of_birth" in present else "NULL"
        day = 't."day_of_birth"' if "day_of_birth" in present else "NULL"
        # A day that its month does not have would make no date.
        born = (
            f"coalesce(TRY_CAST(format('{{:04d}}-{{:02d}}-{{:02d}}', {cell}, coalesce({month}, 7), coalesce({day}, 1)) "
            f"AS DATE), make_date({cell}, 7, 1))"
        )
        made = f"year({born} + to_days(CAST(s.days AS INTEGER)))"
    capped = f"greatest({made}, {year - OLDEST - 1})"
    if treatment.method == "band":
        capped = f"greatest(floor({cell} / {treatment.width}) * {treatment.width}, {year - OLDEST - 1})"
    return f"CAST(CASE WHEN {cell} IS NOT NULL THEN {capped} END AS BIGINT)"


def _pseudonym(cell: str, column: CdmColumn) -> str:
    if column.kind == "text":
        return f"word_pseudonym({cell})"
    return f"{'person' if column.role == 'person' else 'record'}_pseudonym({cell})"


def _zip3(cell: str, restricted: tuple[str, ...]) -> str:
    kept = f"left({cell}, 3) || regexp_replace(substr({cell}, 4), '\\w', '0', 'g')"
    if restricted:
        areas = ", ".join(f"'{area}'" for area in restricted)
        kept = f"CASE WHEN left({cell}, 3) IN ({areas}) THEN regexp_replace({cell}, '\\w', '0', 'g') ELSE {kept} END"
    return f"CASE WHEN length({cell}) >= 3 THEN {kept} END"


def _records_only() -> str:
    # Relationships between persons are families; of other domains nobody could say whose keys they are.
    domains = ", ".join(map(str, RECORD_DOMAINS))
    return f't."domain_concept_id_1" IN ({domains}) AND t."domain_concept_id_2" IN ({domains})'


def _sql_type(column: CdmColumn) -> str:
    return {"integer": "BIGINT", "number": "DOUBLE", "text": "VARCHAR", "date": "DATE"}.get(column.kind, "TIMESTAMP")
