"""A builder for every column, with reasons, the same each time; and the file in which a steward corrects it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tests.tables import mixed, visits

from cohortium.anonymise.tables.building import Choice, choices_text, infer_hierarchies, read_choices
from cohortium.anonymise.tables.coded import places
from cohortium.errors import InvalidRequest, SourceUnreadable
from cohortium.records import Column, Kind, Role, Schema, Table

TABLE = mixed(2_000)


def table_of(name: str, values: pa.Array, kind: Kind, **more: object) -> Table:
    return Table(pa.table({name: values}), Schema((replace(Column(name, kind), **more),)))  # type: ignore[arg-type]


def builder_for(table: Table) -> Choice:
    return infer_hierarchies(table, table.schema.names)[0]


def test_every_column_gets_the_builder_that_suits_it() -> None:
    found = {choice.column: choice.builder for choice in infer_hierarchies(TABLE, TABLE.schema.names)}
    assert found == {
        "age": "intervals", "sex": "star", "stage": "ordered", "grade": "star", "pack_years": "quantile_bands",
        "creatinine": "intervals", "admitted": "dates", "left": "dates", "ward": "frequency", "severe": "star",
    }  # fmt: skip


def test_quasi_identifiers_are_chosen_where_no_columns_are_named() -> None:
    assert [choice.column for choice in infer_hierarchies(TABLE)] == ["age", "sex"]
    with pytest.raises(InvalidRequest, match="quasi_identifier"):
        infer_hierarchies(TABLE.select(["stage"]))


def test_a_hierarchy_covers_every_row_of_its_column() -> None:
    for choice in infer_hierarchies(TABLE, TABLE.schema.names):
        found = choice.build(TABLE)
        assert len(places(TABLE, found)) == len(TABLE)
        assert found.labels[-1] == ("*",)


def test_levels_that_depend_on_the_values_say_so() -> None:
    depend = {choice.column for choice in infer_hierarchies(TABLE, TABLE.schema.names) if choice.data_dependent}
    assert depend == {"pack_years", "creatinine", "ward"}
    text = choices_text(infer_hierarchies(TABLE, ["ward"]))
    assert "# note: these levels were chosen by looking at the values" in text


def test_the_same_rows_in_another_order_give_the_same() -> None:
    turned = TABLE.take(np.arange(len(TABLE))[::-1])
    first, second = (infer_hierarchies(one, one.schema.names) for one in (TABLE, turned))
    assert choices_text(first) == choices_text(second)
    assert [one.build(TABLE).to_csv() for one in first] == [one.build(turned).to_csv() for one in second]


@pytest.mark.parametrize(
    ("table", "builder"),
    [
        (table_of("PLZ", pa.array(["81667", "10115", "20095"]), Kind.IDENTIFIER), "prefixes"),
        (table_of("diag_1", pa.array(["I21.4", "E11", "C50.9", "Z95.1"]), Kind.CATEGORICAL), "icd10"),
        (table_of("drug", pa.array(["A10BA02", "C07AB02", "N02BE01"]), Kind.CATEGORICAL), "atc"),
        (table_of("letter", pa.array(["A", "B", "C"]), Kind.CATEGORICAL), "frequency"),
        (table_of("birth_year", pa.array(range(1930, 2000)), Kind.INTEGER), "intervals"),
        (table_of("children", pa.array([0, 1, 2, 3]), Kind.INTEGER), "ordered"),
        (table_of("cage", pa.array(range(0, 5_000, 7)), Kind.INTEGER), "intervals"),
        (table_of("constant", pa.array([7.5] * 9), Kind.CONTINUOUS), "star"),
        (table_of("empty", pa.array([None] * 9, pa.float64()), Kind.CONTINUOUS), "star"),
        (table_of("wide", pa.array([10.0**one for one in range(-20, 20)]), Kind.CONTINUOUS), "quantile_bands"),
    ],
)  # fmt: skip
def test_columns_are_told_by_name_and_form(table: Table, builder: str) -> None:
    choice = builder_for(table)
    assert choice.builder == builder and choice.reasons
    assert choice.build(table).labels[-1] == ("*",)


def test_the_oldest_are_never_told_apart() -> None:
    found = builder_for(table_of("age", pa.array(range(0, 116)), Kind.INTEGER)).build(
        table_of("age", pa.array(range(0, 116)), Kind.INTEGER)
    )
    assert {found.labels[1][group] for group in found.groups[1, 90:]} == {">=90"}


def test_identifiers_and_texts_have_no_levels() -> None:
    with pytest.raises(InvalidRequest, match="is an identifier"):
        infer_hierarchies(visits(20), ["patient"])
    with pytest.raises(InvalidRequest, match="no levels"):
        builder_for(table_of("note", pa.array(["Mr Smith came."]), Kind.TEXT))


def test_the_file_of_choices_comes_back_as_it_was_written(tmp_path: Path) -> None:
    chosen = infer_hierarchies(TABLE, TABLE.schema.names)
    (tmp_path / "c.toml").write_text(choices_text(chosen))
    again = read_choices(tmp_path / "c.toml")
    assert [(one.column, one.builder, one.settings) for one in again] == [
        (one.column, one.builder, one.settings) for one in chosen
    ]
    assert [one.build(TABLE).to_csv() for one in again] == [one.build(TABLE).to_csv() for one in chosen]


def test_an_edited_choice_is_followed(tmp_path: Path) -> None:
    (tmp_path / "wards.csv").write_text("A;surgery\nB;surgery\nC;medicine\nrare ward;medicine\n")
    (tmp_path / "c.toml").write_text(
        '[[hierarchy]]\ncolumn = "age"\nbuilder = "intervals"\nwidths = [10, 30]\n'
        '[[hierarchy]]\ncolumn = "ward"\nbuilder = "tree"\npairs = "wards.csv"\n'
    )
    age, ward = (one.build(TABLE, tmp_path) for one in read_choices(tmp_path / "c.toml"))
    assert age.levels == 4 and "60-89" in age.labels[2]
    assert set(ward.labels[1]) == {"surgery", "medicine"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "were expected"),
        ("hierarchy = 3", "were expected"),
        ('[[hierarchy]]\ncolumn = "age"', "builder ="),
        ('[[hierarchy]]\ncolumn = "age"\nbuilder = "magic"', "no builder 'magic'"),
        ('[[hierarchy]]\ncolumn = "age"\nbuilder = "intervals"\nwidht = [5]', "widht"),
        ('[[hierarchy]]\ncolumn = "age"\nbuilder = "intervals"\nwidths = 5', "numbers"),
        ('[[hierarchy]]\ncolumn = "age"\nbuilder = "prefixes"\nkeep = [1.5]', "whole numbers"),
        ('[[hierarchy]]\ncolumn = "age"\nbuilder = "atc"\n[[hierarchy]]\ncolumn = "age"\nbuilder = "atc"', "repeat"),
        ("hierarchy = [", "not TOML"),
    ],
)
def test_mistakes_in_the_file_are_named(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(InvalidRequest, match=message):
        read_choices(tmp_path / "c.toml")


def test_a_file_or_a_column_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable):
        read_choices(tmp_path / "none.toml")
    with pytest.raises(InvalidRequest, match="no column 'weight'"):
        Choice("weight", "star").build(TABLE)
    with pytest.raises(InvalidRequest, match="needs order"):
        Choice("stage", "ordered").build(TABLE)
    with pytest.raises(InvalidRequest, match="needs pairs"):
        Choice("stage", "tree").build(TABLE)


def test_roles_are_those_of_the_schema() -> None:
    asked = TABLE.with_schema(TABLE.schema.replace_column(TABLE.schema["ward"].with_roles(Role.QUASI_IDENTIFIER)))
    assert [choice.column for choice in infer_hierarchies(asked)] == ["age", "sex", "ward"]
