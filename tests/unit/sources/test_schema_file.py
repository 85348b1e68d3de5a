"""The schema as a file that a person edits: comments, dates, refusals that say where and what."""

from __future__ import annotations

from pathlib import Path

import pytest

from cohortium.errors import InvalidRequest, SchemaMismatch, SourceUnreadable
from cohortium.records import (
    AllowedCombinations,
    Column,
    FunctionalDependency,
    Inequality,
    Kind,
    Role,
    Schema,
    SumRule,
)
from cohortium.sources import load_schema, save_schema, schema_text

SCHEMA = Schema(
    (
        Column(
            'a "quoted" name',
            Kind.INTEGER,
            frozenset({Role.TIME, Role.SENSITIVE}),
            unit="mg/dL",
            missing_codes=("-9", "?", 'he said "no"'),
            minimum=0.0,
            maximum=1.5,
            decimals=0,
            reasons=("All 920 values are whole.", "Unsure: # a hash, and [[column]] in a sentence"),
        ),
        Column("d", Kind.DATE, minimum=-3.0, maximum=10.5, date_format="%d.%m.%Y|%Y-%m-%d"),
        Column("t", Kind.DATETIME, minimum=1e9),
        Column("o", Kind.ORDINAL, levels=("low", "line\nbreak", "é \\ \t")),
        Column("c", Kind.CATEGORICAL, levels=tuple(f"level {i}" for i in range(40)), decimal_comma=True),
        Column("flc.grp", Kind.BOOLEAN, reasons=("Because.",)),
    ),
    (
        Inequality("d", "<", "t"),
        FunctionalDependency("o", "c"),
        SumRule('a "quoted" name', ("d", "t"), 0.5),
        AllowedCombinations(("o", "c"), (("low", "level 1"), ("low", "level 2"))),
    ),
    title="A trial",
)


def test_a_schema_comes_back_exactly(tmp_path: Path) -> None:
    path = save_schema(SCHEMA, tmp_path / "a.schema.toml")
    assert load_schema(path) == SCHEMA
    assert load_schema(save_schema(load_schema(path), tmp_path / "b.toml")) == SCHEMA
    assert (tmp_path / "b.toml").read_text() == path.read_text()


def test_the_file_explains_itself_and_gives_its_reasons(tmp_path: Path) -> None:
    text = schema_text(SCHEMA)
    for key in ("name", "kind", "roles", "unit", "missing_codes", "minimum", "levels", "decimals", "date_format"):
        assert f"\n#   {key}" in text
    for word in [*Kind, *Role]:
        assert word in text.split("\n[[column]]\n")[0]
    assert "# why: All 920 values are whole." in text
    assert "minimum = 1969-12-29" in text


def test_edits_are_read(tmp_path: Path) -> None:
    path = save_schema(SCHEMA, tmp_path / "a.toml")
    text = path.read_text()
    edited = text.replace('kind = "boolean"', '# mine: it is a code\nkind = "categorical"\nlevels = ["0", "1"]')
    edited = edited.replace("# why: Because.\n", "").replace("minimum = 1969-12-29", "minimum = 1970-01-11")
    path.write_text(edited)
    column = load_schema(path)["flc.grp"]
    assert (column.kind, column.levels, column.reasons) == (Kind.CATEGORICAL, ("0", "1"), ())
    assert load_schema(path)["d"].minimum == 10.0


COLUMN = '[[column]]\nname = "x"\nkind = "integer"\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[column]]\nkind = "integer"\n', r"\[\[column\]\] number 1 needs 'name'"),
        ('[[column]]\nname = "x"\n', r"column 'x' needs 'kind'"),
        ('[[column]]\nname = "x"\nkind = "number"\n', r"column 'x': 'kind' must be one of continuous, .*'number'"),
        (COLUMN + 'units = "kg"\n', r"column 'x' has unknown keys \['units'\]; known are .*'unit'"),
        (COLUMN + "unit = 5\n", r"column 'x': 'unit' must be a text"),
        (COLUMN + 'roles = ["owner"]\n', r"column 'x': 'roles' must be one of person_key"),
        (COLUMN + 'roles = "time"\n', r"column 'x': 'roles' must be a list of texts"),
        (COLUMN + "missing_codes = [-9]\n", r"column 'x': 'missing_codes' must be a list of texts"),
        (COLUMN + "minimum = 5\nmaximum = 1\n", r"column 'x': 'minimum' lies above"),
        (COLUMN + "minimum = 1990-01-01\n", r"column 'x': 'minimum' is a date, but the kind is integer"),
        (COLUMN + "minimum = true\n", r"column 'x': 'minimum' must be a number or a date"),
        (COLUMN + 'levels = ["1"]\n', r"column 'x': 'levels' must list each level once"),
        (COLUMN + "decimals = -1\n", r"column 'x': 'decimals' must be a whole number"),
        (COLUMN + 'decimal_comma = "yes"\n', r"column 'x': 'decimal_comma' must be true or false"),
        (COLUMN + 'date_format = "%Q"\n', r"column 'x': 'date_format'.*'%Q'"),
        (COLUMN + '[[constraint]]\nrule = "sums"\n', r"number 1: 'rule' must be one of inequality"),
        (
            COLUMN + '[[constraint]]\nrule = "inequality"\nleft = "x"\n',
            r"\[\[constraint\]\] number 1 needs 'comparison'",
        ),
        (COLUMN + '[[constraint]]\nrule = "sum"\ntotal = "x"\npart = ["x"]\n', r"unknown keys \['part'\]"),
        (
            COLUMN + '[[constraint]]\nrule = "allowed_combinations"\nof = ["x"]\ncombinations = [["a", "b"]]\n',
            r"'combinations' must be a list of lists of 1 texts",
        ),
        (COLUMN + "[author]\n", r"the top of the file has unknown keys \['author'\]"),
        ('title = "x"\n', r"at least one \[\[column\]\]"),
        ('[column]\nname = "x"\n', r"must be written as \[\[column\]\]"),
    ],
)
def test_a_mistake_is_refused_with_its_place_and_remedy(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "a.schema.toml"
    path.write_text(text)
    with pytest.raises(InvalidRequest, match=says) as caught:
        load_schema(path)
    assert str(path) in str(caught.value)


def test_broken_toml_and_contradictions_name_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.schema.toml"
    path.write_text("[[column]\n")
    with pytest.raises(SourceUnreadable, match=r"a\.schema\.toml is not valid TOML.*line 1"):
        load_schema(path)
    with pytest.raises(SourceUnreadable, match="cannot be read"):
        load_schema(tmp_path / "absent.toml")
    path.write_text(COLUMN + COLUMN)
    with pytest.raises(SchemaMismatch, match=r"a\.schema\.toml: Column names must be unique"):
        load_schema(path)
    path.write_text(COLUMN + '[[constraint]]\nrule = "functional_dependency"\ndeterminant = "x"\ndependent = "y"\n')
    with pytest.raises(SchemaMismatch, match=r"names .*'y'"):
        load_schema(path)
