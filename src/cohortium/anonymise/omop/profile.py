"""What becomes of each column: methods by role, with exceptions by table and column, as a TOML file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from cohortium.anonymise.omop.columns import ROLES, CdmColumn, cdm
from cohortium.errors import InvalidRequest, SourceUnreadable

PROFILES = ("safe_harbour", "eu_research", "strict")
METHODS = ("keep", "null", "drop", "pseudonym", "shift", "year", "zip3", "zero", "band")
_TOP = {"title", "unknown", "person_key", "rare_concepts", "restricted_zips", "roles", "tables", "columns"}
_FITS: dict[str, set[str]] = {
    "pseudonym": {"person", "key", "fact", "name", "source_value"},
    "shift": {"date", "datetime", "birth_year", "birth_month", "birth_day", "birth_datetime"},
    "year": {"date", "datetime", "birth_datetime"},
    "zip3": {"zip"},
    "zero": {"concept", "number", "key"},
    "band": {"number", "birth_year"},
}
"""Roles that a method has a meaning for; keep, null and drop fit all."""


@dataclass(frozen=True, slots=True)
class Treatment:
    """A method, with the width of a band."""

    method: str
    width: int = 0


@dataclass(frozen=True, slots=True)
class Profile:
    """Rules for a whole CDM.

    roles, columns  : treatment of a role, and of "table.column" where it differs.
    left_out        : tables that do not leave.
    unknown         : what becomes of tables and columns that the CDM does not know: "drop" with a remark, or "refuse".
    person_key      : column of person that date shifts follow from; the same key as in other rooms moves alike.
    rare_concepts   : concepts that fewer persons have become 0; 0 or 1 leaves all.
    restricted_zips : beginnings of postal codes of few people, which become zeros as a whole.
    """

    title: str
    roles: dict[str, Treatment]
    columns: dict[str, Treatment]
    left_out: frozenset[str]
    unknown: str = "drop"
    person_key: str = "person_id"
    rare_concepts: int = 0
    restricted_zips: tuple[str, ...] = ()

    def treatment(self, column: CdmColumn) -> Treatment:
        """What becomes of a column."""
        return self.columns.get(f"{column.table}.{column.name}", self.roles[column.role])


def load_profile(name: str) -> Profile:
    """A shipped profile by its name, or the TOML file at a path.

    Raises : SourceUnreadable; InvalidRequest naming the key, role, table or column that cannot be understood.
    """
    if name in PROFILES:
        text = resources.files("cohortium.anonymise.omop").joinpath(f"profiles/{name}.toml").read_text("utf-8")
        return read_profile(tomllib.loads(text), name)
    try:
        plain = tomllib.loads(Path(name).read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SourceUnreadable(
            f"{name} is none of the shipped profiles {list(PROFILES)}, and cannot be read as a file: {error}."
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise InvalidRequest(f"{name} is not TOML: {error}.") from error
    return read_profile(plain, Path(name).name)


def read_profile(plain: dict[str, Any], name: str) -> Profile:
    """A profile from plain data; raises InvalidRequest naming what cannot be understood."""
    _only(plain, _TOP, name)
    roles = {role: _treatment(word, f"{name}, role '{role}'") for role, word in _table(plain, "roles", name).items()}
    _only(roles, set(ROLES), f"{name}, roles")
    missing = sorted(set(ROLES) - set(roles))
    if missing:
        raise InvalidRequest(f"{name}: [roles] must say what becomes of {missing}.")
    columns = {place: _treatment(word, f"{name}, column '{place}'")
               for place, word in _table(plain, "columns", name).items()}  # fmt: skip
    known = {f"{table}.{column}": one for table, all_of in cdm().items() for column, one in all_of.items()}
    _only(columns, set(known), f"{name}, columns")
    for role, treatment in roles.items():
        _fitting(treatment, role, f"{name}, role '{role}'")
    for place, treatment in columns.items():
        _fitting(treatment, known[place].role, f"{name}, column '{place}'")
    tables = _table(plain, "tables", name)
    _only(tables, set(cdm()), f"{name}, tables")
    if any(word not in ("drop", "keep") for word in tables.values()):
        raise InvalidRequest(f"{name}: [tables] says 'drop' or 'keep'.")
    left_out = frozenset(table for table, word in tables.items() if word == "drop")
    return Profile(str(plain.get("title", name)), roles, columns, left_out, **_settings(plain, name))


def _settings(plain: dict[str, Any], name: str) -> dict[str, Any]:
    unknown, key, rare = (
        plain.get("unknown", "drop"),
        plain.get("person_key", "person_id"),
        plain.get("rare_concepts", 0),
    )
    zips = plain.get("restricted_zips", [])
    if unknown not in ("drop", "refuse"):
        raise InvalidRequest(f"{name}: unknown is 'drop' or 'refuse'.")
    if key not in ("person_id", "person_source_value"):
        raise InvalidRequest(f"{name}: person_key is 'person_id' or 'person_source_value'.")
    if isinstance(rare, bool) or not isinstance(rare, int) or rare < 0:
        raise InvalidRequest(f"{name}: rare_concepts is a whole number of persons.")
    if not isinstance(zips, list) or not all(isinstance(area, str) and area.isalnum() for area in zips):
        raise InvalidRequest(f"{name}: restricted_zips is a list of beginnings of postal codes.")
    return {"unknown": unknown, "person_key": key, "rare_concepts": rare, "restricted_zips": tuple(zips)}


def _treatment(word: Any, where: str) -> Treatment:
    parts = str(word).split()
    if len(parts) == 2 and parts[0] == "band" and parts[1].isdecimal() and int(parts[1]) > 0:
        return Treatment("band", int(parts[1]))
    if len(parts) != 1 or parts[0] not in METHODS or parts[0] == "band":
        raise InvalidRequest(f"{where}: expected one of {list(METHODS)}, band with its width ('band 5'); not '{word}'.")
    return Treatment(parts[0])


def _fitting(treatment: Treatment, role: str, where: str) -> None:
    if treatment.method in _FITS and role not in _FITS[treatment.method]:
        raise InvalidRequest(f"{where}: '{treatment.method}' has no meaning for a column of the role '{role}'.")


def _table(plain: dict[str, Any], key: str, name: str) -> dict[str, Any]:
    found = plain.get(key, {})
    if not isinstance(found, dict):
        raise InvalidRequest(f"{name}: [{key}] must be a table.")
    return found


def _only(plain: dict[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(plain) - known)
    if unknown:
        raise InvalidRequest(f"{where}: unknown {unknown}; known: {sorted(known)[:40]}.")
