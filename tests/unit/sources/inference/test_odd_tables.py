"""Tables at the edge: empty, tiny, constant, wide, and with very many levels."""

from __future__ import annotations

import datetime as dt
import time

import numpy as np
import pyarrow as pa
import pytest

from cohortium.errors import SourceUnreadable
from cohortium.records import Kind, Role
from cohortium.sources import conform, infer_schema, load_schema, save_schema


@pytest.mark.parametrize(
    "raw",
    [
        pa.table({"a": pa.array([], pa.string()), "b": pa.array([], pa.float64())}),
        pa.table({"a": ["1"], "b": [2.5]}),
        pa.table({"a": ["x"]}),
        pa.table({"a": ["", None], "b": pa.nulls(2), "c": pa.array([None, None], pa.int64()), "d": ["NA", "?"]}),
        pa.table({"a": ["same"] * 50, "b": [7] * 50, "c": [1.5] * 50, "d": [True] * 50, "e": ["2024-01-01"] * 50}),
        pa.table({"": ["1", "2"], " ": ["3", "4"], "ünïcödé ☂": ["5", "6"]}),
        pa.table({"a": [float("inf"), float("nan"), float("-inf")]}),
        pa.table({"a": pa.array([], pa.dictionary(pa.int8(), pa.string()))}),
        pa.table({"a": pa.array(["x", None]).dictionary_encode(), "b": pa.array([1, 0], pa.uint8())}),
        pa.table({"t": pa.array([dt.time(8, 30), None]), "u": pa.array([2**63, 1], pa.uint64())}),
    ],
)
def test_odd_tables_have_a_schema_that_reads_them(tmp_path_factory: pytest.TempPathFactory, raw: pa.Table) -> None:
    schema = infer_schema(raw)
    assert schema.names == tuple(raw.column_names)
    assert all(column.reasons for column in schema.columns)
    table = conform(raw, schema)
    assert len(table) == raw.num_rows
    path = tmp_path_factory.mktemp("odd") / "a.toml"
    assert load_schema(save_schema(schema, path)) == schema


def test_nothing_is_said_of_a_column_without_values() -> None:
    schema = infer_schema(pa.table({"psa": ["", None, "NA"], "x": pa.array([None] * 3, pa.float64())}))
    assert schema["psa"].kind is Kind.CATEGORICAL
    assert schema["x"].kind is Kind.CONTINUOUS
    assert all(any("nothing can be said" in reason for reason in column.reasons) for column in schema.columns)


def test_a_constant_column_is_said_to_be_one() -> None:
    schema = infer_schema(pa.table({"study": [1] * 30, "arm": ["TT2"] * 30}))
    assert all(any("constant" in reason for reason in column.reasons) for column in schema.columns)


def test_an_ordered_dictionary_keeps_its_order() -> None:
    stored = pa.DictionaryArray.from_arrays(pa.array([2, 0, 1] * 9, pa.int8()), ["cold", "tepid", "hot"], ordered=True)
    column = infer_schema(pa.table({"bath": stored}))["bath"]
    assert (column.kind, column.levels) == (Kind.ORDINAL, ("cold", "tepid", "hot"))


def test_a_hundred_thousand_categories_are_quick_and_not_listed() -> None:
    raw = pa.table({"code": [f"c{i % 100_000:06d}" for i in range(200_000)]})
    began = time.process_time()
    schema = infer_schema(raw)
    assert time.process_time() - began < 5
    assert (schema["code"].kind, schema["code"].levels) == (Kind.CATEGORICAL, None)
    assert len(conform(raw, schema).codes("code")[1]) == 100_000


@pytest.mark.slow
def test_five_thousand_columns() -> None:
    rng = np.random.default_rng(0)
    raw = pa.table(
        {f"c{i}": rng.normal(size=120) if i % 2 else rng.integers(0, 3, 120).astype(str) for i in range(5000)}
    )
    schema = infer_schema(raw)
    assert len(conform(raw, schema).schema.columns) == 5000
    assert schema.constraints == ()


@pytest.mark.slow
def test_a_million_rows_of_twenty_columns_take_seconds() -> None:
    rng = np.random.default_rng(0)
    rows = 1_000_000
    raw = pa.table(
        {
            "patient_id": rng.integers(0, 300_000, rows),
            **{f"marker {i}": rng.normal(i, 1, rows).round(3) for i in range(9)},
            **{f"visits {i}": rng.poisson(i + 1, rows) for i in range(5)},
            "sex": pa.array(["f", "m"]).take(pa.array(rng.integers(0, 2, rows))),
            "icd": pa.array([f"{a}{n:02d}" for a in "ABCDEF" for n in range(100)]).take(
                pa.array(rng.integers(0, 600, rows))
            ),
            "admitted": (np.datetime64("2015-01-01") + rng.integers(0, 3000, rows)).astype("datetime64[s]"),
            "flag": rng.random(rows) < 0.1,
            "weight_kg": rng.normal(70, 9, rows).round(1),
        }
    )
    began = time.process_time()
    schema = infer_schema(raw)
    assert time.process_time() - began < 30
    assert schema.only(Role.PERSON_KEY) == schema["patient_id"]


def test_nested_columns_are_refused_by_name() -> None:
    with pytest.raises(SourceUnreadable, match=r"\['codes'\]"):
        infer_schema(pa.table({"id": [1], "codes": [["a"]]}))
