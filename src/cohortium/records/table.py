"""A table of records with its meaning: Arrow columns under a schema."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cohortium.errors import InvalidRecords, InvalidRequest, SchemaMismatch
from cohortium.records.images import check_pixels, pixels_of
from cohortium.records.schema import Column, Kind, Role, Schema

if TYPE_CHECKING:
    import pandas
    import polars
    from numpy.typing import NDArray

ARROW_TYPES: dict[Kind, pa.DataType] = {
    Kind.CONTINUOUS: pa.float64(),
    Kind.INTEGER: pa.int64(),
    Kind.DURATION: pa.float64(),
    Kind.ORDINAL: pa.dictionary(pa.int32(), pa.string()),
    Kind.CATEGORICAL: pa.dictionary(pa.int32(), pa.string()),
    Kind.BOOLEAN: pa.bool_(),
    Kind.DATE: pa.date32(),
    Kind.DATETIME: pa.timestamp("us"),
    Kind.IDENTIFIER: pa.string(),
    Kind.TEXT: pa.string(),
    Kind.IMAGE: pa.binary(),
}

BOOLEAN_LEVELS = ("false", "true")


class Table:
    """Rows of records under a schema. Immutable; every method gives a new table.

    arrow  : a pyarrow.Table whose column types follow ``ARROW_TYPES`` for the kinds of ``schema``; an image is its
             8-bit pixels row by row, the channels of a pixel beside each other.
    schema : the columns in the same order.
    Raises : SchemaMismatch when the columns differ from the schema or cannot take its types without loss.
    """

    __slots__ = ("_codes", "arrow", "schema")

    def __init__(self, arrow: pa.Table, schema: Schema) -> None:
        if tuple(arrow.column_names) != schema.names:
            missing = [name for name in schema.names if name not in arrow.column_names]
            extra = [name for name in arrow.column_names if name not in schema]
            raise SchemaMismatch(
                f"The table's columns are not the schema's. Missing: {missing}; not in the schema: {extra}; "
                "or they stand in another order."
            )
        arrays = [_typed(arrow.column(place), column) for place, column in enumerate(schema.columns)]
        self.arrow: pa.Table = pa.table(arrays, names=list(schema.names))
        self.schema = schema
        self._codes: dict[str, tuple[NDArray[np.int32], tuple[str, ...]]] = {}

    # ---- in and out -------------------------------------------------------------------------------------------

    @classmethod
    def from_pandas(cls, frame: pandas.DataFrame, schema: Schema) -> Table:
        """A pandas frame under ``schema``; numeric columns without missing values are shared, not copied."""
        return cls(pa.Table.from_pandas(frame, preserve_index=False), schema)

    @classmethod
    def from_polars(cls, frame: polars.DataFrame, schema: Schema) -> Table:
        """A Polars frame under ``schema``; buffers are shared where the types agree."""
        return cls(frame.to_arrow(), schema)

    def to_pandas(self) -> pandas.DataFrame:
        """A pandas frame; nominal columns become pandas categoricals."""
        frame: pandas.DataFrame = self.arrow.to_pandas(date_as_object=False)
        return frame

    def to_polars(self) -> polars.DataFrame:
        """A Polars frame that shares this table's buffers where it can."""
        import polars as pl

        frame = pl.from_arrow(self.arrow)
        assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a table never becomes a series
        return frame

    # ---- looking ----------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return int(self.arrow.num_rows)

    def __repr__(self) -> str:
        return f"Table({len(self):,} rows x {len(self.schema.columns)} columns)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and self.schema == other.schema and self.arrow.equals(other.arrow)

    __hash__ = None  # type: ignore[assignment]

    def numeric(self, name: str) -> NDArray[np.float64]:
        """Values of a numeric column as float64 (n,), NaN where missing; dates in days, datetimes in seconds."""
        column = self.schema[name]
        array = self.arrow.column(name)
        if column.kind is Kind.DATE:
            array = array.cast(pa.int32())
        elif column.kind is Kind.DATETIME:
            return _floats(array.cast(pa.int64())) / 1e6
        elif column.kind is Kind.BOOLEAN:
            array = array.cast(pa.int8())
        elif not column.kind.is_numeric:
            raise InvalidRequest(f"Column '{name}' is {column.kind}; a number, date or boolean was expected.")
        return _floats(array)

    def codes(self, name: str) -> tuple[NDArray[np.int32], tuple[str, ...]]:
        """Levels of a nominal column as codes (n,), -1 where missing, with the levels that they count.

        The levels are the schema's where it lists them, then any others in sorted order.
        """
        if name not in self._codes:
            self._codes[name] = _coded(self.arrow.column(name), self.schema[name])
        return self._codes[name]

    def pixels(self, name: str) -> NDArray[np.uint8]:
        """Pixels of an image column (n, height, width, channels), 0 where the image is missing.

        They are read where they lie, if they lie in one piece and none is missing, and cannot be written to.
        """
        column = self.schema[name]
        if column.shape is None:
            raise InvalidRequest(f"Column '{name}' is {column.kind}; an image was expected.")
        return pixels_of(self.arrow.column(name), column.shape)

    def factorised(self, name: str) -> NDArray[np.int32]:
        """Codes (n,) that are equal where the values of a column of any kind are equal; -1 where missing."""
        array = self.arrow.column(name).combine_chunks()
        if not pa.types.is_dictionary(array.type):
            array = array.dictionary_encode()
        if isinstance(array, pa.ChunkedArray):
            array = array.unify_dictionaries().combine_chunks()
        return np.asarray(array.indices.fill_null(-1), dtype=np.int32)

    def missing(self, name: str) -> NDArray[np.bool_]:
        """True (n,) where the column has no value."""
        return np.asarray(self.arrow.column(name).is_null(nan_is_null=True))

    def persons(self) -> NDArray[np.int32]:
        """Which person each row belongs to, as codes (n,); one person per row where no column is the person key."""
        key = self.schema.only(Role.PERSON_KEY)
        if key is None:
            return np.arange(len(self), dtype=np.int32)
        codes = self.factorised(key.name)
        if (codes < 0).any():
            raise InvalidRecords(
                f"The person key '{key.name}' is missing in {int((codes < 0).sum())} rows; every row needs a person."
            )
        return codes

    # ---- taking parts -----------------------------------------------------------------------------------------

    def select(self, names: Iterable[str]) -> Table:
        """Only these columns, in this order."""
        chosen = list(names)
        return Table(self.arrow.select(chosen), self.schema.select(chosen))

    def take(self, rows: NDArray[np.integer[Any]] | NDArray[np.bool_] | Sequence[int]) -> Table:
        """Rows by number, or by a boolean mask of length n."""
        places = np.asarray(rows)
        if places.dtype == np.bool_:
            places = np.flatnonzero(places)
        return Table(self.arrow.take(pa.array(places, type=pa.int64())), self.schema)

    def with_schema(self, schema: Schema) -> Table:
        """The same rows under another schema with the same names."""
        return Table(self.arrow, schema)

    def modelled(self) -> Table:
        """Only the columns that a statistical model may use."""
        return self.select(column.name for column in self.schema.modelled)

    def split_by_person(self, share: float, rng: np.random.Generator) -> tuple[Table, Table]:
        """Two tables, the first with ``share`` of the persons, so that no person has rows in both.

        Raises : InvalidRequest unless 0 < share < 1.
        """
        if not 0 < share < 1:
            raise InvalidRequest(f"The share of persons must lie between 0 and 1, not {share}.")
        persons = self.persons()
        chosen = np.zeros(int(persons.max(initial=-1)) + 1, dtype=np.bool_)
        chosen[rng.permutation(len(chosen))[: round(share * len(chosen))]] = True
        return self.take(chosen[persons]), self.take(~chosen[persons])


def concat(tables: Sequence[Table]) -> Table:
    """The rows of several tables of one schema, one after the other."""
    arrow = pa.concat_tables([table.arrow for table in tables]).unify_dictionaries()
    return Table(arrow.combine_chunks(), tables[0].schema)


def _typed(array: pa.ChunkedArray, column: Column) -> pa.ChunkedArray:
    wanted = ARROW_TYPES[column.kind]
    if column.shape is not None:
        check_pixels(array, column)
    if array.type.equals(wanted):
        return array
    try:
        if pa.types.is_dictionary(wanted):
            if pa.types.is_dictionary(array.type):
                array = array.cast(array.type.value_type)
            return array.cast(pa.string()).dictionary_encode()
        if pa.types.is_dictionary(array.type):
            array = array.cast(array.type.value_type)
        if pa.types.is_floating(array.type) and wanted == pa.int64():
            array = pc.if_else(pc.is_nan(array), pa.scalar(None, array.type), array)
        return array.cast(wanted)
    except pa.ArrowInvalid as error:
        # Arrow's own message quotes the value it stumbled over, so it must not travel on.
        raise SchemaMismatch(
            f"Column '{column.name}' is {column.kind} in the schema and {array.type} in the data, and some of its "
            "values cannot be read as such. Correct the kind in the schema, or the values."
        ) from _without_values(error)
    except pa.ArrowNotImplementedError as error:
        raise SchemaMismatch(
            f"Column '{column.name}' is {column.kind} in the schema and {array.type} in the data, which cannot be "
            "turned into it. Correct the kind in the schema."
        ) from _without_values(error)


def _without_values(error: Exception) -> Exception:
    return type(error)("the values are not repeated here")


def _floats(array: pa.ChunkedArray) -> NDArray[np.float64]:
    values = array.cast(pa.float64(), safe=False)
    if values.null_count:
        values = values.fill_null(float("nan"))
    return np.asarray(values.to_numpy(), dtype=np.float64)


def _coded(array: pa.ChunkedArray, column: Column) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    if column.kind is Kind.BOOLEAN:
        return np.asarray(array.cast(pa.int32()).fill_null(-1), dtype=np.int32), BOOLEAN_LEVELS
    if not column.kind.is_nominal:
        raise InvalidRequest(f"Column '{column.name}' is {column.kind}; a nominal column was expected.")
    one = array.unify_dictionaries().combine_chunks()
    if isinstance(one, pa.ChunkedArray):
        one = one.chunk(0) if one.num_chunks else pa.array([], ARROW_TYPES[column.kind])
    present = one.dictionary.to_pylist()
    raw = np.asarray(one.indices.fill_null(-1), dtype=np.int32)
    listed = list(column.levels or ())
    used = {present[place] for place in np.unique(raw[raw >= 0])}
    levels = listed + sorted(used - set(listed))
    place_of = {level: place for place, level in enumerate(levels)}
    lookup = np.array([place_of.get(level, -1) for level in present] + [-1], dtype=np.int32)
    return lookup[raw], tuple(levels)
