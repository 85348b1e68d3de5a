"""The federated part of the demo: four hospitals as real nodes and a hub, their answers beside the pooled ones."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

import cohortium.federate.offered  # noqa: F401 - registers the algorithms
from cohortium.analyse import pooled
from cohortium.federate.client import answered, receipts_of, results_of
from cohortium.federate.node.decisions import Rule
from cohortium.federate.study import Study, read_study, study_from_plain
from cohortium.records import Result, name_of
from cohortium.serve.federated_twins import is_twin
from cohortium.serve.local_federation import LocalFederation, clear
from cohortium.serve.reporter import Reporter
from cohortium.serve.study_results import write_results
from cohortium.sources import read

SITE_COLUMN = "dataset"
NAMES = {"Cleveland": "cleveland", "Hungary": "budapest", "Switzerland": "zurich-basel", "VA Long Beach": "long-beach"}


def run_federated_demo(folder: Path, reporter: Reporter) -> list[str]:
    """Four hospitals answer one study; the answers, and how far they are from the pooled ones, as lines for people.

    Writes ``study.toml``, ``results/`` and ``federated-and-pooled.json`` into ``folder``; no process is left after it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    packaged = resources.files("cohortium.serve").joinpath("demo_data")
    (folder / "study.toml").write_bytes(packaged.joinpath("study.toml").read_bytes())
    study = read_study(folder / "study.toml")
    sources = split_by_site(packaged, folder / "hospitals")
    algorithms = tuple(sorted({name_of(analysis.algorithm) for analysis in study.analyses}))
    rule = Rule(study.dataset, algorithms, researchers=("demo",))  # what four stewards would decide by hand
    running = folder / "processes"
    clear(running)
    reporter("starting a hub and four nodes", 0.0)
    with LocalFederation(running, sources, study.dataset, (rule,)) as federation:
        client = federation.researcher("demo")
        federation.wait_until_connected(client)
        reporter("asking the four hospitals", 0.5)
        record = answered(client, study)
        results, receipts = results_of(client, record), receipts_of(client, record)
    write_results(folder / "results", study_from_plain(record["study"]), results, record, receipts)
    reporter("comparing with the pooled table", 0.9)
    gaps = beside_pooled(study, results, packaged)
    document = json.dumps({"largest_relative_difference": gaps}, indent=1)
    (folder / "federated-and-pooled.json").write_text(document + "\n", "utf-8")
    clear(running)
    worst = max(gaps.values())
    return [
        f"Four hospitals answered '{study.title}' as four nodes; the hub saw only sums over all four.",
        f"Largest relative difference from the pooled answer: {worst:.1e}",
        f"Results: {folder / 'results' / 'results.html'}",
        *_twin_lines(folder / "results", results),
    ]


def _twin_lines(folder: Path, results: Mapping[str, Result]) -> list[str]:
    return [
        f"A synthetic twin that the hospitals trained together, with its evidence: {folder / name / 'report.html'}"
        if is_twin(result)
        else f"The gate kept the federated twin in: {'; '.join(result.facts['reasons'])}"
        for name, result in results.items()
        if "decision" in result.facts
    ]


def split_by_site(packaged: Any, folder: Path) -> dict[str, Path]:
    """The demo table as one file per hospital, with its schema file beside it: site -> file."""
    folder.mkdir(parents=True, exist_ok=True)
    table = arrow_csv.read_csv(str(packaged.joinpath("heart_disease.csv")))
    schema = packaged.joinpath("heart_disease.csv.schema.toml").read_bytes()
    sources = {}
    for level, name in NAMES.items():
        sources[name] = folder / f"{name}.csv"
        arrow_csv.write_csv(table.filter(pc.equal(table.column(SITE_COLUMN), level)), sources[name])
        (folder / f"{name}.csv.schema.toml").write_bytes(schema)
    return sources


def beside_pooled(study: Study, results: Mapping[str, Result], packaged: Any) -> dict[str, float]:
    """Analysis -> largest relative difference between a federated number and the pooled one."""
    table = read(str(packaged.joinpath("heart_disease.csv")), save=False,
                 schema_path=str(packaged.joinpath("heart_disease.csv.schema.toml")))  # fmt: skip
    gaps = {}
    for analysis in study.analyses:
        expected = pooled(analysis.algorithm, table)
        gaps[analysis.name] = _gap(results[analysis.name].tables, expected.tables)
    return gaps


def _gap(one: Any, other: Any) -> float:
    """Largest relative difference of numbers at the same place; what the gate blanked is not compared."""
    if isinstance(one, dict):
        return max((_gap(one[key], other[key]) for key in one), default=0.0)
    if isinstance(one, list):
        return max((_gap(left, right) for left, right in zip(one, other, strict=True)), default=0.0)
    if isinstance(one, float) and isinstance(other, (int, float)):
        return abs(one - other) / max(abs(other), 1.0)
    return 0.0 if one == other or one is None else math.inf
