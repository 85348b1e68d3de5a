"""Tables larger than memory: streams, samples by person, and DuckDB within a limit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from cohortium.errors import InvalidRequest, SchemaMismatch, TargetUnwritable
from cohortium.records import Column, Kind, Schema
from cohortium.sources import Options, open_large, read, read_raw


@pytest.fixture(scope="module")
def visits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30,000 visits of 4,000 persons, in no order."""
    rng = np.random.default_rng(5)
    path = tmp_path_factory.mktemp("visits") / "visits.parquet"
    persons = rng.integers(0, 4000, 30_000)
    table = pa.table({"person": persons, "value": rng.normal(size=30_000)})
    pq.write_table(table, path, row_group_size=1000)
    return path


def test_a_sample_of_rows_repeats_with_its_seed_and_keeps_the_order(visits: Path) -> None:
    first, again, other = (read_raw(visits, rows=1000, seed=seed) for seed in (1, 1, 2))
    assert first.num_rows == again.num_rows == other.num_rows == 1000
    assert first.equals(again)
    assert not first.equals(other)
    whole = read_raw(visits).column("value").to_numpy()
    places = [int(np.flatnonzero(whole == value)[0]) for value in first.column("value").to_pylist()]
    assert places == sorted(places)
    assert 0.4 < np.mean(places) / 30_000 < 0.6
    other_places = [int(np.flatnonzero(whole == value)[0]) for value in other.column("value").to_pylist()]
    assert len(set(places) & set(other_places)) < 100  # 33 by chance


def test_a_sample_of_persons_holds_all_their_rows(visits: Path) -> None:
    whole = read_raw(visits)
    sample = read_raw(visits, rows=3000, person="person", seed=3)
    assert 2900 < sample.num_rows <= 3000
    chosen = set(sample.column("person").to_pylist())
    assert sum(person in chosen for person in whole.column("person").to_pylist()) == sample.num_rows


def test_the_same_persons_are_drawn_whatever_the_order_or_format(visits: Path, tmp_path: Path) -> None:
    whole = read_raw(visits)
    csv.write_csv(whole.take(np.random.default_rng(1).permutation(len(whole))), tmp_path / "a.csv")
    from_parquet = read_raw(visits, rows=500, person="person", seed=9)
    from_csv = read_raw(tmp_path / "a.csv", rows=500, person="person", seed=9)
    assert {str(p) for p in from_parquet.column("person").to_pylist()} == set(from_csv.column("person").to_pylist())
    more = read_raw(visits, rows=2000, person="person", seed=9)
    assert set(from_parquet.column("person").to_pylist()) < set(more.column("person").to_pylist())


def test_a_sample_is_never_empty_and_never_larger_than_the_source(visits: Path) -> None:
    one = read_raw(visits, rows=1, person="person")
    assert len(set(one.column("person").to_pylist())) == 1
    assert read_raw(visits, rows=10**6).num_rows == 30_000
    with pytest.raises(InvalidRequest, match="at least 1 row"):
        read_raw(visits, rows=0)
    with pytest.raises(InvalidRequest, match="no column 'patient'"):
        read_raw(visits, rows=5, person="patient")


def test_a_schema_inferred_from_a_sample_is_not_saved(visits: Path) -> None:
    assert len(read(visits, rows=100)) == 100
    assert not visits.with_name("visits.parquet.schema.toml").exists()


def test_batches_come_as_tables_under_a_schema(visits: Path) -> None:
    schema = Schema((Column("person", Kind.IDENTIFIER), Column("value", Kind.CONTINUOUS)))
    tables = list(open_large(visits).tables(schema))
    assert sum(len(table) for table in tables) == 30_000
    wrong = Schema((Column("person", Kind.DATE), Column("value", Kind.CONTINUOUS)))
    with pytest.raises(SchemaMismatch, match="'person'"):
        next(open_large(visits).tables(wrong))


def test_a_stream_that_breaks_leaves_no_parquet_behind(tmp_path: Path) -> None:
    lines = ["a,b"] + ["1,2"] * 10 + ["1"]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    with pytest.raises(Exception, match="line 12 has 1"):
        open_large(tmp_path / "a.csv").to_parquet(tmp_path / "a.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
    with pytest.raises(TargetUnwritable):
        open_large(tmp_path / "a.csv").to_parquet(tmp_path / "absent" / "a.parquet")


_CHILD = """
import resource, sys
import duckdb
from cohortium.sources import open_large
source, target = sys.argv[1:]
large = open_large(source)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
large.to_parquet(target)
sample = large.sample(5000, person="person")
connection = duckdb.connect(config={"memory_limit": "100MB", "threads": 1})
connection.execute("SET temp_directory = ''")
connection.execute("SET enable_progress_bar = false")
answer = large.relation(connection).aggregate("count(*), sum(CAST(value AS DOUBLE)), count(DISTINCT person)").fetchone()
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(answer[0], answer[1], answer[2], sample.num_rows, (after - before) / 1024)
"""


@pytest.mark.slow
def test_a_file_larger_than_the_memory_limit_streams_samples_and_aggregates(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows, path = 0, tmp_path / "large.csv"
    total = 0.0
    with path.open("wb") as stream:
        for part in range(6):
            values = rng.normal(size=100_000)
            table = pa.table(
                {
                    "person": rng.integers(0, 50_000, 100_000),
                    "value": values,
                    "note": pa.array(["seen in the ward, no change since the last visit " * 11]).take(
                        pa.array(np.zeros(100_000, dtype=np.int64))
                    ),
                }
            )
            csv.write_csv(table, stream, csv.WriteOptions(include_header=part == 0))
            rows, total = rows + 100_000, total + float(values.sum())
    size_mb = path.stat().st_size / 2**20
    assert size_mb > 300  # three times the memory limit of the connection
    result = subprocess.run(
        [sys.executable, "-c", _CHILD, str(path), str(tmp_path / "large.parquet")],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert int(result[0]) == rows
    assert float(result[1]) == pytest.approx(total)
    assert int(result[2]) == 50_000
    assert 4900 < int(result[3]) <= 5000
    assert float(result[4]) < 0.8 * size_mb, "memory grew with the file"
    assert pq.ParquetFile(tmp_path / "large.parquet").metadata.num_rows == rows


def test_a_relation_runs_sql_over_any_source(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("id\tn\n1\t5\n2\t7\n")
    large = open_large(tmp_path / "a.tsv", Options(delimiter="\t"))
    with duckdb.connect() as connection:
        assert large.relation(connection).aggregate("sum(CAST(n AS INT))").fetchone() == (12,)
