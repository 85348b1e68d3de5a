from __future__ import annotations

import csv
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from cohortium.anonymise.omop import cdm, load_profile, read_profile
from cohortium.anonymise.omop.columns import ROLES
from cohortium.anonymise.omop.profile import PROFILES
from cohortium.errors import InvalidRequest, SourceUnreadable

TEXT = resources.files("cohortium.anonymise.omop").joinpath("profiles/eu_research.toml").read_text("utf-8")


def test_every_column_has_a_role_and_every_reference_an_end() -> None:
    columns = [column for table in cdm().values() for column in table.values()]
    assert len(columns) == 446
    assert {column.role for column in columns} == set(ROLES)
    for column in columns:
        if column.references:
            table, _, name = column.references.partition(".")
            assert name in cdm()[table]


@pytest.mark.parametrize("version", ["5.3", "5.4"])
def test_no_column_of_ohdsis_specification_is_missing(data_folder: Path, version: str) -> None:
    path = data_folder / "omop" / "cdm" / f"OMOP_CDMv{version}_Field_Level.csv"
    with path.open(encoding="utf-8", errors="replace") as stream:
        named = {
            (row["cdmTableName"].lower(), row["cdmFieldName"].strip('"').lower()) for row in csv.DictReader(stream)
        }
    assert len(named) > 390
    assert [pair for pair in named if pair[1] not in cdm().get(pair[0], {})] == []


@pytest.mark.parametrize("name", PROFILES)
def test_shipped_profiles_leave_no_identifying_role_as_it_is(name: str) -> None:
    profile = load_profile(name)
    for role in ("person", "key", "name", "place", "text", "source_value", "birth_datetime"):
        assert profile.roles[role].method in ("pseudonym", "null")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p.update(extra=1), "extra"),
        (lambda p: p["roles"].pop("date"), "date"),
        (lambda p: p["roles"].update(dates="shift"), "dates"),
        (lambda p: p["roles"].update(date="move"), "not 'move'"),
        (lambda p: p["roles"].update(text="shift"), "no meaning"),
        (lambda p: p.update(columns={"person.shoe_size": "null"}), "shoe_size"),
        (lambda p: p.update(columns={"measurement.value_as_number": "band"}), "band 5"),
        (lambda p: p["tables"].update(persons="drop"), "persons"),
        (lambda p: p["tables"].update(note="hide"), "'drop' or 'keep'"),
        (lambda p: p.update(unknown="ignore"), "'drop' or 'refuse'"),
        (lambda p: p.update(person_key="name"), "person_key"),
        (lambda p: p.update(rare_concepts=-1), "rare_concepts"),
        (lambda p: p.update(restricted_zips=["0'6"]), "restricted_zips"),
    ],
)
def test_mistakes_are_named(change: Any, message: str) -> None:
    plain = tomllib.loads(TEXT)
    change(plain)
    with pytest.raises(InvalidRequest, match=message):
        read_profile(plain, "p.toml")


def test_profiles_from_files(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(TEXT)
    assert load_profile(str(tmp_path / "p.toml")) == load_profile("eu_research")
    with pytest.raises(SourceUnreadable, match="safe_harbour"):
        load_profile("nowhere")
    (tmp_path / "p.toml").write_text("a = ")
    with pytest.raises(InvalidRequest, match="not TOML"):
        load_profile(str(tmp_path / "p.toml"))
