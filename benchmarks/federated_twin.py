"""A twin with its evidence, trained and judged over sites from sums: what it costs, and what the gate says.

    COHORTIUM_DATA=... python -m benchmarks.federated_twin [adult/4] [flchain/10]

Each argument is a data set and the number of sites. Half of the persons take part, as in the other benchmarks. Sites
work one after the other in this process; sums pass through the bytes that would travel. Keeps its numbers in
``results/federated_twin.json``.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np

from benchmarks.datasets import load, split
from benchmarks.results import RESULTS
from benchmarks.worker import cpu_seconds
from cohortium.analyse import over_sites, pooled
from cohortium.federate.twin import FederatedTwin, twin_of
from cohortium.records import Result, Table

USUAL = ("adult/4", "adult_300/10", "flchain_300/10")
KEPT = RESULTS / "federated_twin.json"


def main() -> None:
    """Measure, print, keep."""
    found = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {}
    for name in sys.argv[1:] or USUAL:
        dataset, _, sites = name.partition("/")
        found[name] = measured(split(load(dataset), dataset, 0)[0], int(sites))
        print(name, json.dumps(found[name], indent=1))
    KEPT.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


def measured(table: Table, sites: int) -> dict[str, Any]:
    """One data set over so many sites, beside the same in one place."""
    method = "copula_mixture" if len(table) < 1000 else "sequential_trees"
    asked = FederatedTwin.of(table.schema, method=method)
    parts = [table.take(np.arange(site, len(table), sites)) for site in range(sites)]
    wall, cpu = time.perf_counter(), cpu_seconds()
    answer = over_sites(asked, parts)
    cost = {"wall_s": round(time.perf_counter() - wall, 2), "cpu_s": round(cpu_seconds() - cpu, 2)}
    together = pooled(asked, table)
    return {
        "persons": len(table),
        "method": method,
        "decision": answer.facts["decision"],
        **cost,
        "same_rows_as_pooled": _same(answer, together),
        **{name: round(value, 5) for name, value in _values(answer).items()},
    }


def _values(answer: Result) -> dict[str, float]:
    table = answer.tables["evidence"]
    return {name: value for name, value in zip(table["metric"], table["value"], strict=True) if value is not None}


def _same(one: Result, other: Result) -> bool | None:
    """Whether both gave the same synthetic rows; None where the gate kept one in."""
    if "rows" not in one.arrays or "rows" not in other.arrays:
        return None
    return bool(twin_of(one).table.arrow.equals(twin_of(other).table.arrow))


if __name__ == "__main__":
    main()
