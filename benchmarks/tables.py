"""Every method on every data set: fit, sample, attack, measure, and a Markdown table of the medians over seeds.

``python -m benchmarks.tables --dataset adult --method sequential_trees --seeds 3 --million`` measures;
``python -m benchmarks.tables --show`` only prints what was measured before. Without arguments our own quick methods are
measured on the tables that this machine has.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as arrow_parquet

from benchmarks.datasets import DATASETS, WITHOUT_A_FOLDER, folder, load, split
from benchmarks.environments import interpreter
from benchmarks.own import OWN
from benchmarks.peers import PEERS
from benchmarks.results import REAL, RESULTS, Run, keep, kept, medians
from benchmarks.scoring import read_made, real_scores, scores
from cohortium.records import Kind, Table, schema_to_plain

SCRATCH = Path(__file__).parent / "scratch"
ROOT = Path(__file__).parent.parent
LIMIT_SECONDS = 1_200
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "LOKY_MAX_CPU_COUNT"), "1"
)
# name in the results, heading, digits
COLUMNS = (
    ("fit_cpu_s", "fit s", 1),
    ("million_cpu_s", "1M rows s", 0),
    ("peak_mb", "peak MB", 0),
    ("pair_trends", "trend", 3),
    ("trivariate_accuracy", "tri", 3),
    ("c2st", "C2ST", 3),
    ("tstr", "TSTR", 3),
    ("tstr_gap", "gap", 3),
    ("mia_nearest", "MIA", 3),
    ("mia_density", "density", 3),
    ("dcr_share", "DCR share", 3),
    ("singling_out_univariate", "SO uni", 3),
    ("singling_out_multivariate", "SO multi", 3),
    ("identical_excess", "copies", 4),
    ("km_divergence", "KM", 3),
    ("optimism", "optimism", 3),
)


def prepare(train: Table, target: str, place: Path) -> None:
    """The training table as both kinds of worker want it."""
    place.mkdir(parents=True, exist_ok=True)
    arrow_parquet.write_table(train.arrow, place / "train.parquet")
    (place / "schema.json").write_text(json.dumps(schema_to_plain(train.schema)), "utf-8")
    kinds, columns = {}, []
    for column in train.schema.columns:
        array = train.arrow.column(column.name)
        if column.kind.is_nominal:
            kinds[column.name] = "categorical"
            columns.append(array.cast(pa.string()))
        else:
            values = train.numeric(column.name)
            known = values[~np.isnan(values)]
            whole = column.kind is not Kind.CONTINUOUS and bool((known == np.round(known)).all())
            kinds[column.name] = "integer" if whole else "numeric"
            exact = whole and len(known) == len(values)
            columns.append(pa.array(values.astype(np.int64) if exact else values, from_pandas=True))
    arrow_parquet.write_table(pa.table(columns, names=list(train.schema.names)), place / "frame.parquet")
    (place / "kinds.json").write_text(json.dumps({"kinds": kinds, "target": target, "rows": len(train)}), "utf-8")


def make(
    method: str, place: Path, seed: int, million: bool, settings: dict[str, Any] | None = None
) -> tuple[dict[str, float], str | None]:
    """Run the worker: what it cost, or why it failed."""
    python = Path(sys.executable) if method in OWN else interpreter(PEERS[method].environment)
    for name in ("cost.json", "synthetic.parquet"):
        (place / name).unlink(missing_ok=True)
    command = [str(python), "-m", "benchmarks.worker", method, str(place), str(seed)]
    command += ["--settings", json.dumps(settings or {})] + (["--million"] if million else [])
    log = place / f"{method}.log"
    with log.open("w") as written:
        try:
            subprocess.run(
                command, cwd=ROOT, env={**os.environ, **ONE_THREAD}, stdout=written, stderr=subprocess.STDOUT,
                timeout=LIMIT_SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return {}, f"over {LIMIT_SECONDS} s"
    cost = place / "cost.json"
    if not cost.exists():
        said = [line for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
        return {}, said[-1][:200] if said else "ended without a word"
    return {name: round(value, 2) for name, value in json.loads(cost.read_text("utf-8")).items()}, None


def measure(
    dataset: str, method: str, seed: int, million: bool = False, table: Table | None = None, again: bool = False
) -> Run:
    """One method, one data set, one split; ``again`` scores the rows that lie in the scratch folder once more."""
    train, holdout = split(load(dataset) if table is None else table, dataset, seed)
    target = DATASETS[dataset].target
    if method == REAL:
        return Run(seed, {}, real_scores(train, holdout, target, seed))
    place = SCRATCH / f"{dataset}-{method}-{seed}"
    if again:
        cost = next((run.cost for run in kept(dataset, method) if run.seed == seed), {})
    else:
        prepare(train, target, place)
        cost, failed = make(method, place, seed, million)
        if failed:
            return Run(seed, failed=failed)
    synthetic = read_made(place / "synthetic.parquet", train.schema)
    return Run(seed, cost, scores(train, synthetic, holdout, target, seed))


def title(method: str) -> str:
    """What the table calls a method."""
    if method in OWN:
        return OWN[method].title
    if method in PEERS:
        return PEERS[method].title + (f" ({PEERS[method].tuned})" if PEERS[method].tuned else "")
    return "real held-out persons"


def shown(dataset: str) -> str:
    """The Markdown table of a data set: real persons first, then ours, then the peers by how well they are detected."""
    names = [path.stem for path in (RESULTS / dataset).glob("*.json")]
    rows = {name: (medians(kept(dataset, name)), kept(dataset, name)) for name in names if name in (REAL, *OWN, *PEERS)}
    present = [one for one in COLUMNS if any(one[0] in found for found, _ in rows.values())]
    order = sorted(rows, key=lambda name: (name != REAL, name not in OWN, rows[name][0].get("c2st", 2.0)))
    lines = [
        "| method | seeds | " + " | ".join(heading for _, heading, _ in present) + " |",
        "|---|---|" + "---|" * len(present),
    ]
    for name in order:
        found, runs = rows[name]
        good = [run for run in runs if not run.failed]
        cells = [f"{found[key]:,.{digits}f}" if key in found else "-" for key, _, digits in present]
        if not good:
            cells = [f"failed: {runs[0].failed}", *[""] * (len(present) - 1)]
        lines.append(f"| {title(name)} | {len(good)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Measure what the command line asks for, keep it, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", nargs="*", choices=list(DATASETS))
    parser.add_argument("--method", nargs="*", choices=[REAL, *OWN, *PEERS])
    parser.add_argument("--seeds", type=int, default=1, help="splits and fits, numbered from 1")
    parser.add_argument("--first", type=int, default=1, help="number of the first seed")
    parser.add_argument("--million", action="store_true", help="also time a million sampled rows")
    parser.add_argument("--again", action="store_true", help="only score again what was made before")
    parser.add_argument("--show", action="store_true", help="measure nothing")
    given = parser.parse_args()
    here = [name for name in DATASETS if folder() is not None or name in WITHOUT_A_FOLDER]
    datasets = given.dataset or ([path.name for path in sorted(RESULTS.iterdir())] if given.show else here)
    for dataset in [] if given.show else datasets:
        table = load(dataset)
        for method in given.method or [REAL, "sequential_trees", "independent_columns"]:
            for seed in range(given.first, given.first + given.seeds):
                run = measure(dataset, method, seed, given.million, table, given.again)
                keep(dataset, method, run)
                print(dataset, method, seed, run.failed or {**run.cost, **run.scores}, flush=True)
    for dataset in datasets:
        if dataset in DATASETS:
            print(f"\n### {dataset}\n\n{shown(dataset)}")


if __name__ == "__main__":
    main()
