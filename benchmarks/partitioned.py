"""Larger than memory: the same four analyses pooled and over partitions; seconds, and the peak memory of all processes.

``python -m benchmarks.partitioned --rows 10000000 --partitions 64 --workers 2`` writes made patients to a Parquet file,
runs each way in processes of its own, and keeps what it found in ``results/partitioned.json``; ``--show`` prints that.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from tests.conformance.examples.example import patients

from benchmarks.results import RESULTS
from cohortium.analyse import Cox, Describe, LogisticRegression, Quantiles, pooled
from cohortium.analyse.partitioned import partitioned
from cohortium.analyse.workers import local_client
from cohortium.records import Algorithm, Column, Kind, Result, Role, Schema, Table
from cohortium.sources import read, save_schema, schema_path_for
from cohortium.sources.partitions import laid_out

KEPT = RESULTS / "partitioned.json"
CHUNK = 1_000_000
ALGORITHMS: dict[str, Algorithm] = {
    "describe": Describe(("age", "marker", "stage", "visits", "time_days")),
    "quantiles": Quantiles(("age", "marker", "visits")),
    "logistic_regression": LogisticRegression("relapse", ("age", "stage", "smoker", "treated")),
    "cox": Cox("time_days", "died", ("age", "stage", "smoker", "treated")),
}


def write_patients(path: Path, rows: int) -> None:
    """Made patients in ten columns, a person key among them, and the schema file beside the data."""
    schema, writer = _schema(), None
    for start in range(0, rows, CHUNK):
        made = patients(min(CHUNK, rows - start), seed=start)
        persons = pa.array([f"P{start + place:09}" for place in range(len(made))])
        arrow = made.arrow.drop_columns(["cause", "hospital"]).add_column(0, "person", persons)
        writer = writer or pq.ParquetWriter(path, arrow.schema)
        writer.write_table(arrow, row_group_size=200_000)
    if writer is not None:
        writer.close()
    save_schema(schema, schema_path_for(path))


def _schema() -> Schema:
    columns = [column for column in patients(5).schema.columns if column.name not in ("cause", "hospital")]
    return Schema((Column("person", Kind.IDENTIFIER, frozenset({Role.PERSON_KEY})), *columns))


def run_pooled(path: Path) -> dict[str, Any]:
    """Everything in the memory of this process."""
    started = time.perf_counter()
    table: Table = read(path)
    found: dict[str, Any] = {"read_s": time.perf_counter() - started}
    return found | _timed(lambda algorithm: pooled(algorithm, table))


def run_partitioned(path: Path, partitions: int, workers: int) -> dict[str, Any]:
    """Partitions on disk, one at a time in each worker."""
    started = time.perf_counter()
    with laid_out(path, partitions) as parts:
        found: dict[str, Any] = {"read_s": time.perf_counter() - started}
        with local_client(workers) as client:
            return found | _timed(lambda algorithm: partitioned(algorithm, parts, client=client))


def _timed(run: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, algorithm in ALGORITHMS.items():
        started = time.perf_counter()
        result: Result = run(algorithm)
        found[f"{name}_s"] = time.perf_counter() - started
        found[f"{name}_answer"] = [
            value
            for table in result.tables.values()
            for column in table.values()
            for value in column
            if isinstance(value, float)
        ]
    return found


def watched(arguments: list[str]) -> dict[str, Any]:
    """What a process of its own found, with the most memory that it and its children had, together and one alone."""
    command = [sys.executable, "-m", "benchmarks.partitioned", *arguments]
    with tempfile.TemporaryFile("w+") as said:  # a pipe would be full before anybody reads it
        process = subprocess.Popen(command, stdout=said)
        peaks = peaks_of(process)
        if process.returncode:
            raise SystemExit(f"{arguments} ended with {process.returncode}.")
        said.seek(0)
        return {**json.load(said), **{name: size / 2**20 for name, size in peaks.items()}}


def peaks_of(process: subprocess.Popen[bytes]) -> dict[str, int]:
    """Most bytes of a process and its children together, of itself, and of one child, until it ends."""
    found = dict.fromkeys(("peak_mb", "main_mb", "worker_mb"), 0)
    while process.poll() is None:
        sizes = _sizes(process.pid)
        for name, size in zip(found, (sum(sizes), *sizes[:1], max(sizes[1:], default=0)), strict=False):
            found[name] = max(found[name], size)
        time.sleep(0.1)
    return found


def _sizes(pid: int) -> list[int]:
    try:
        parent = psutil.Process(pid)
        return [one.memory_info().rss for one in (parent, *parent.children(recursive=True))]
    except psutil.NoSuchProcess:
        return []


def shown() -> str:
    """The Markdown table of what was measured."""
    kept = json.loads(KEPT.read_text("utf-8"))
    names = ["read_s", *(f"{name}_s" for name in ALGORITHMS), "peak_mb", "main_mb", "worker_mb"]
    lines = [f"{kept['rows']:,} rows, {kept['partitions']} partitions, {kept['workers']} workers", ""]
    lines += ["| | pooled | partitioned |", "|---|---|---|"]
    lines += [f"| {name} | {kept['pooled'][name]:,.1f} | {kept['partitioned'][name]:,.1f} |" for name in names]
    return "\n".join(
        [*lines, "", f"largest difference of a number, relative where it is above 1: {kept['difference']:.1e}"]
    )


def main() -> None:
    """Measure both ways, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--partitions", type=int, default=64)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--here", choices=("pooled", "partitioned"))
    parser.add_argument("--file", type=Path)
    parser.add_argument("--show", action="store_true")
    asked = parser.parse_args()
    if asked.show:
        print(shown())
        return
    if asked.here == "pooled":
        print(json.dumps(run_pooled(asked.file)))
        return
    if asked.here == "partitioned":
        print(json.dumps(run_partitioned(asked.file, asked.partitions, asked.workers)))
        return
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "patients.parquet"
        write_patients(path, asked.rows)
        settings = ["--file", str(path), "--partitions", str(asked.partitions), "--workers", str(asked.workers)]
        found = {way: watched(["--here", way, *settings]) for way in ("pooled", "partitioned")}
    answers = [{name: found[way].pop(f"{name}_answer") for name in ALGORITHMS} for way in found]
    gaps = [
        abs(one - other) / max(abs(one), 1.0)
        for name in ALGORITHMS
        for one, other in zip(answers[0][name], answers[1][name], strict=True)
    ]
    kept = {"rows": asked.rows, "partitions": asked.partitions, "workers": asked.workers, "difference": max(gaps)}
    KEPT.write_text(json.dumps({**kept, **found}, indent=1) + "\n", "utf-8")
    print(shown())


if __name__ == "__main__":
    main()
