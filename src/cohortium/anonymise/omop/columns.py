"""All tables and columns of the OMOP Common Data Model 5.3 and 5.4, and what each column holds.

Source : OHDSI CommonDataModel, inst/csv/OMOP_CDMv5.3_ and v5.4_Field_Level.csv (Apache-2.0); the roles are ours.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

ROLES = (
    "person", "key", "fact", "concept", "date", "datetime", "time", "number", "code", "birth_year", "birth_month",
    "birth_day", "birth_datetime", "other_birth", "source_value", "text", "name", "place", "region", "zip",
    "vocabulary", "about", "local_map", "processing_date", "definition",
)  # fmt: skip
TYPES = {"integer": "BIGINT", "number": "DOUBLE", "text": "VARCHAR", "date": "DATE", "datetime": "TIMESTAMP"}


@dataclass(frozen=True, slots=True)
class CdmColumn:
    """One column.

    kind       : "integer", "number", "text", "date" or "datetime".
    role       : what it holds, one of ROLES; rules go by it.
    references : "table.column" that its values must be found in, or "".
    """

    table: str
    name: str
    kind: str
    role: str
    required: bool
    primary: bool
    references: str


@cache
def cdm() -> dict[str, dict[str, CdmColumn]]:
    """Table -> column -> what is known of it."""
    text = resources.files("cohortium.anonymise.omop").joinpath("data/cdm_columns.csv").read_text("utf-8")
    tables: dict[str, dict[str, CdmColumn]] = {}
    for row in csv.DictReader(text.splitlines()):
        column = CdmColumn(row["table"], row["column"], row["type"], row["role"], bool(row["required"]),
                           bool(row["primary"]), row["references"])  # fmt: skip
        tables.setdefault(column.table, {})[column.name] = column
    return tables
