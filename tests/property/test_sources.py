"""What holds for any table: schemas come back from their files, written tables from theirs, inferred ones read."""

from __future__ import annotations

import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cohortium.errors import SchemaMismatch
from cohortium.records import Column, FunctionalDependency, Inequality, Kind, Role, Schema, SumRule, Table
from cohortium.sources import conform, infer_schema, load_schema, read_raw, save_schema, write_table
from cohortium.sources.annotations import one_line
from cohortium.sources.cells import read_dates, read_numbers

FAST = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
sentences = words.map(one_line)
sides = st.integers(1, 4096)
limits = st.none() | st.floats(-1e12, 1e12) | st.integers(-40_000, 40_000).map(float)


@st.composite
def schemas(draw: st.DrawFn) -> Schema:
    names = draw(st.lists(words, min_size=1, max_size=6, unique=True))
    columns = []
    for name in names:
        kind = draw(st.sampled_from(Kind))
        low, high = sorted([draw(limits), draw(limits)], key=lambda limit: (limit is None, limit or 0.0))
        levels = (
            tuple(draw(st.lists(words, unique=True, max_size=4))) if kind.is_nominal and draw(st.booleans()) else None
        )
        columns.append(
            Column(
                name,
                kind,
                draw(st.frozensets(st.sampled_from([Role.SENSITIVE, Role.SITE, Role.OUTCOME]), max_size=2)),
                draw(st.none() | words),
                tuple(draw(st.lists(words, max_size=3))),
                low,
                high,
                levels,
                draw(st.none() | st.integers(0, 9)),
                draw(st.sampled_from([None, "%d.%m.%Y", "%Y%m%d|%d/%m/%y"])),
                draw(st.booleans()),
                tuple(draw(st.lists(sentences.filter(bool), max_size=3))),
                draw(st.tuples(sides, sides, st.sampled_from([1, 3]))) if kind is Kind.IMAGE else None,
            )
        )
    rules = [
        Inequality(names[0], draw(st.sampled_from(["<=", "<"])), names[-1]),
        FunctionalDependency(names[-1], names[0]),
        SumRule(names[0], tuple(names), draw(st.floats(0, 10))),
    ]
    return Schema(tuple(columns), tuple(draw(st.sets(st.sampled_from(rules)))), draw(words))


@FAST
@given(schemas())
def test_any_schema_comes_back_from_its_file(schema: Schema) -> None:
    with tempfile.TemporaryDirectory() as folder:
        again = load_schema(save_schema(schema, Path(folder) / "a.toml"))
    assert again.columns == schema.columns
    assert set(again.constraints) == set(schema.constraints)
    assert again.title == schema.title


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=8)
CELLS = st.one_of(
    st.none(),
    st.sampled_from(
        ["", "NA", "?", "1", "0", "2", "3,5", "3.5", "-9", "999", "yes", "no", "2024-01-31", "31.01.24", "007"]
    ),
    st.integers(-(10**6), 10**6).map(str),
    st.floats(allow_nan=True, allow_infinity=True).map(str),
    TEXTS,
)
TYPED = st.sampled_from([pa.int64(), pa.float64(), pa.bool_(), pa.date32(), pa.timestamp("us"), pa.string()])
VALUES = {
    pa.int64(): st.integers(-(2**62), 2**62),
    pa.float64(): st.floats(),
    pa.bool_(): st.booleans(),
    pa.date32(): st.dates(date(1800, 1, 1)),
    pa.timestamp("us"): st.datetimes(datetime(1800, 1, 1)),
    pa.string(): CELLS,
}


@st.composite
def raw_tables(draw: st.DrawFn) -> pa.Table:
    rows = draw(st.integers(0, 40))
    columns = {}
    for place in range(draw(st.integers(1, 4))):
        kind = draw(TYPED)
        pool = draw(st.lists(st.none() | VALUES[kind], min_size=1, max_size=6))
        columns[f"column {place}"] = pa.array([draw(st.sampled_from(pool)) for _ in range(rows)], kind)
    return pa.table(columns)


@FAST
@given(raw_tables())
def test_an_inferred_schema_reads_the_table_that_it_came_from(raw: pa.Table) -> None:
    schema = infer_schema(raw)
    table = conform(raw, schema)
    assert len(table) == raw.num_rows
    assert not any(rule.violated(table).any() for rule in schema.constraints)
    with tempfile.TemporaryDirectory() as folder:
        assert load_schema(save_schema(schema, Path(folder) / "a.toml")) == schema


@st.composite
def tables(draw: st.DrawFn) -> Table:
    rows = draw(st.integers(1, 12))
    makers = {
        Kind.CONTINUOUS: st.floats(allow_nan=False, allow_infinity=False),
        Kind.INTEGER: st.integers(-(2**60), 2**60),
        Kind.DURATION: st.floats(0, 1e9),
        Kind.CATEGORICAL: TEXTS.map(str.strip).filter(bool),
        Kind.BOOLEAN: st.booleans(),
        Kind.DATE: st.dates(date(1000, 1, 1)),
        Kind.DATETIME: st.datetimes(datetime(1000, 1, 1)),
        Kind.IDENTIFIER: TEXTS.map(str.strip).filter(bool),
        Kind.TEXT: TEXTS.filter(bool),
    }
    kinds = draw(st.lists(st.sampled_from(sorted(makers)), min_size=2, max_size=5))
    columns = tuple(Column(f"{kind} {place}", kind) for place, kind in enumerate(kinds))
    cells = [[draw(st.none() | makers[column.kind]) for _ in range(rows)] for column in columns]
    return Table(pa.table(cells, names=[column.name for column in columns]), Schema(columns))


@FAST
@given(tables(), st.sampled_from(["a.csv", "a.csv.gz", "a.parquet"]))
def test_any_table_comes_back_from_its_file(table: Table, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        again = conform(read_raw(write_table(table, Path(folder) / name)), table.schema)
    for column in table.schema.columns:
        ours, theirs = table.arrow.column(column.name).to_pylist(), again.arrow.column(column.name).to_pylist()
        assert ours == theirs, column.kind


@FAST
@given(st.dates(date(1000, 1, 1)), st.sampled_from(["%d.%m.%Y", "%m/%d/%Y", "%Y%m%d", "%d-%b-%Y", "%B %d, %Y"]))
def test_every_day_reads_back_in_every_format(day: date, form: str) -> None:
    text = day.strftime(form).replace(str(day.year), f"{day.year:04d}")
    read = read_dates(pa.array([text]), form)
    assert read.readable[0]
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(read.microseconds[0])) == datetime(
        day.year, day.month, day.day, tzinfo=UTC
    )


@FAST
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_every_float_reads_back_with_point_and_with_comma(values: list[float]) -> None:
    points = pa.array([repr(value) for value in values])
    commas = pa.array([repr(value).replace(".", ",") for value in values])
    assert np.array_equal(read_numbers(points), values)
    assert np.array_equal(read_numbers(commas, decimal_comma=True), values)


@FAST
@given(st.lists(TEXTS, min_size=1, max_size=20))
def test_no_cell_gets_into_a_refusal(cells: list[str]) -> None:
    marked = [f"§{cell}§" for cell in cells]
    for kind in (Kind.INTEGER, Kind.DATE, Kind.BOOLEAN, Kind.DURATION):
        try:
            conform(pa.table({"x": marked}), Schema((Column("x", kind),)))
        except SchemaMismatch as error:
            assert "§" not in str(error)
            assert f"{len(cells)} of {len(cells)} cells" in str(error)
        else:
            raise AssertionError("a text between § marks is no value of the kind")
