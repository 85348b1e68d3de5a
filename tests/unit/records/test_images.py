"""Image columns: what a schema may say of them, what a table gives back, and what sites must agree on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from cohortium.errors import InvalidRequest, SchemaMismatch
from cohortium.records import (
    Column,
    Kind,
    Schema,
    Table,
    agreed_schema,
    as_agreed,
    concat,
    public_schema,
    schema_from_plain,
    schema_to_plain,
)
from cohortium.records.images import column_of_pixels

SCAN = Column("scan", Kind.IMAGE, shape=(4, 3, 1))
SCHEMA = Schema((SCAN, Column("age", Kind.INTEGER)))


def _pixels(n: int = 6, shape: tuple[int, int, int] = (4, 3, 1)) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, *shape)).astype(np.uint8)


def _table(pixels: np.ndarray) -> Table:
    return Table(pa.table({"scan": column_of_pixels(pixels), "age": pa.array(range(len(pixels)))}), SCHEMA)


@pytest.mark.parametrize("shape", [(4, 3, 2), (0, 3, 1), (4, 3), (4.0, 3, 1)])
def test_a_shape_that_is_none_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(SchemaMismatch, match="scan"):
        Column("scan", Kind.IMAGE, shape=shape)  # type: ignore[arg-type]


def test_only_images_have_a_shape_and_all_have_one() -> None:
    with pytest.raises(SchemaMismatch, match="without the shape"):
        Column("scan", Kind.IMAGE)
    with pytest.raises(SchemaMismatch, match="with the shape"):
        Column("age", Kind.INTEGER, shape=(4, 3, 1))


def test_pixels_come_back_and_a_missing_image_is_black() -> None:
    pixels = _pixels()
    table = _table(pixels)
    np.testing.assert_array_equal(table.pixels("scan"), pixels)
    cells = table.arrow.column("scan").to_pylist()
    holed = Table(pa.table({"scan": pa.array([cells[0], None, *cells[2:]]), "age": table.arrow["age"]}), SCHEMA)
    assert holed.missing("scan").tolist() == [False, True, False, False, False, False]
    np.testing.assert_array_equal(holed.pixels("scan")[[0, 2]], pixels[[0, 2]])
    assert holed.pixels("scan")[1].max() == 0


def test_pixels_of_parts_of_a_table_are_those_of_its_rows() -> None:
    pixels = _pixels()
    table = _table(pixels)
    np.testing.assert_array_equal(table.take([4, 1]).pixels("scan"), pixels[[4, 1]])
    sliced = Table(table.arrow.slice(2, 3), SCHEMA)
    np.testing.assert_array_equal(sliced.pixels("scan"), pixels[2:5])
    both = concat([sliced, table])
    np.testing.assert_array_equal(both.pixels("scan"), np.concatenate([pixels[2:5], pixels]))
    in_pieces = Table(pa.concat_tables([sliced.arrow, table.arrow]), SCHEMA)
    np.testing.assert_array_equal(in_pieces.pixels("scan"), both.pixels("scan"))
    assert table.take([]).pixels("scan").shape == (0, 4, 3, 1)


def test_colours_lie_beside_each_other() -> None:
    pixels = _pixels(2, (2, 2, 3))
    schema = Schema((Column("skin", Kind.IMAGE, shape=(2, 2, 3)),))
    table = Table(pa.table({"skin": pa.array([bytes(one.ravel()) for one in pixels])}), schema)
    np.testing.assert_array_equal(table.pixels("skin"), pixels)


def test_images_of_another_size_and_texts_are_counted() -> None:
    cells = [bytes(12), bytes(11), None, bytes(13)]
    with pytest.raises(SchemaMismatch, match="12 bytes, 4 x 3 pixels, grey; 2 of 4"):
        Table(pa.table({"scan": pa.array(cells)}), Schema((SCAN,)))
    with pytest.raises(SchemaMismatch, match="string in the data"):
        Table(pa.table({"scan": pa.array(["a.png"])}), Schema((SCAN,)))
    with pytest.raises(SchemaMismatch, match="1 of 1"):
        Table(pa.table({"scan": pa.array([bytes(3)], pa.binary(3))}), Schema((SCAN,)))


def test_other_columns_have_no_pixels_and_images_no_numbers() -> None:
    table = _table(_pixels())
    with pytest.raises(InvalidRequest, match="age"):
        table.pixels("age")
    for read in (table.numeric, table.codes):
        with pytest.raises(InvalidRequest, match="scan"):
            read("scan")
    assert table.modelled().schema.names == ("age",)


def test_the_shape_travels_with_the_schema() -> None:
    assert schema_from_plain(schema_to_plain(SCHEMA)) == SCHEMA
    assert public_schema(_table(_pixels()), ["scan"])["scan"].shape == (4, 3, 1)
    assert "shape" not in schema_to_plain(SCHEMA)["columns"][1]


def test_sites_agree_on_one_shape_alone() -> None:
    table = _table(_pixels())
    agreed = agreed_schema([table.schema, table.schema], ["scan", "age"])
    assert agreed["scan"] == SCAN
    np.testing.assert_array_equal(as_agreed(table, agreed).pixels("scan"), table.pixels("scan"))
    other = SCHEMA.replace_column(replace(SCAN, shape=(3, 4, 1)))
    with pytest.raises(InvalidRequest, match="4 x 3 pixels, grey at one site, and 3 x 4 pixels, grey at another"):
        agreed_schema([SCHEMA, other], ["scan"])
    with pytest.raises(InvalidRequest, match="where it was agreed on"):
        as_agreed(table, other)
    with pytest.raises(InvalidRequest, match="image at one site and text"):
        agreed_schema([SCHEMA, Schema((Column("scan", Kind.TEXT),))], ["scan"])


def test_a_site_without_the_column_has_every_image_missing() -> None:
    without = _table(_pixels()).select(["age"])
    assert as_agreed(without, SCHEMA).missing("scan").all()
