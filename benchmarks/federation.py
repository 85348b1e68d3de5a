"""A real federation on this machine: seconds until it is ready, for a small query, and for Cox on four hospitals.

``python -m benchmarks.federation`` starts a hub and four nodes as processes, with NVIDIA FLARE and mutual TLS between
them, and writes ``results/federation.json``. ``--queries N`` small queries are asked in each trust mode.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.csv as arrow_csv
from tests.conformance.examples.example import patients

from benchmarks.results import RESULTS
from cohortium.analyse import Cox, Describe, pooled
from cohortium.federate import Analysis, Study
from cohortium.federate.client import HubClient
from cohortium.federate.node.decisions import Rule
from cohortium.records import Algorithm, Column, Kind, Result, Schema, Table
from cohortium.serve.local_federation import LocalFederation
from cohortium.sources import save_schema

SITES, PERSONS = 4, 2_000
SMALL = Describe(("age", "stage"))
COX = Cox(time="time_days", event="died", covariates=("age", "stage", "smoker", "treated"))


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=int, default=20)
    given = parser.parse_args()
    table = patients(SITES * PERSONS)
    found: dict[str, Any] = {"sites": SITES, "persons_per_site": PERSONS, "queries": given.queries}
    with tempfile.TemporaryDirectory(prefix="coh") as name:
        folder = Path(name)
        sources = sources_of(table, folder)
        rule = Rule("trial", ("describe", "cox"), modes=("plain", "secure"), researchers=("bench",))
        started = time.monotonic()
        with LocalFederation(folder / "f", sources, "trial", (rule,)) as federation:
            client = federation.researcher("bench")
            federation.wait_until_connected(client)
            found["ready_s"] = round(time.monotonic() - started, 2)
            for mode in ("plain", "secure"):
                ask(client, SMALL, mode)  # the workers start, and read their records
                seconds = sorted(ask(client, SMALL, mode)[0] for _ in range(given.queries))
                found[f"small_{mode}_median_s"] = round(statistics.median(seconds), 3)
                found[f"small_{mode}_p95_s"] = round(seconds[int(0.95 * (len(seconds) - 1))], 3)
                took, answer = ask(client, COX, mode)
                found[f"cox_{mode}_s"] = round(took, 2)
                found[f"cox_{mode}_gap"] = _gap(answer, pooled(COX, table))
    (RESULTS / "federation.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    print(json.dumps(found, indent=1))


def sources_of(table: Table, folder: Path, persons: int = PERSONS) -> dict[str, Path]:
    """The table as one file per site, with its schema beside it."""
    columns = [c if c.kind is not Kind.CATEGORICAL else Column(c.name, c.kind) for c in table.schema.columns]
    sources = {}
    for site in range(SITES):
        path = folder / f"site{site}.csv"
        rows = table.take(np.arange(site * persons, (site + 1) * persons))
        plain = [a.cast(a.type.value_type) if hasattr(a.type, "value_type") else a for a in rows.arrow.columns]
        arrow_csv.write_csv(type(rows.arrow).from_arrays(plain, names=rows.arrow.column_names), path)
        save_schema(Schema(tuple(columns)), path.with_name(path.name + ".schema.toml"))
        sources[f"site{site}"] = path
    return sources


def ask(client: HubClient, algorithm: Algorithm, mode: str) -> tuple[float, Result]:
    """Seconds from submission to the answer, and the answer."""
    study = Study("benchmark", "trial", (Analysis("answer", algorithm),), mode=mode, patience_s=600.0)
    started = time.monotonic()
    run = client.submit(study.to_plain())
    ended = client.watch(run, lambda _event: None)
    if ended["status"] != "done":
        raise SystemExit(ended["said"])
    answer = Result.from_bytes(client.fetch(f"/runs/{run}/results/answer"))
    return time.monotonic() - started, answer


def _gap(one: Result, other: Result) -> float:
    pair = [np.array(found.tables["coefficients"]["coefficient"], dtype=np.float64) for found in (one, other)]
    return float(np.abs(pair[0] - pair[1]).max())


if __name__ == "__main__":
    main()
