"""How cost grows: rows, columns, ten million rows sampled to a file; the default method, CPU seconds and peak memory.

``python -m benchmarks.scale`` runs every measurement in a process of its own and keeps them in ``results/scale.json``;
name some (``rows_100000 columns_200 stream``) to run only these.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.results import RESULTS
from benchmarks.worker import cpu_seconds, peak_mb
from cohortium.records import Column, Kind, Role, Schema, Table
from cohortium.synthesise import SequentialTrees, generate

KEPT = RESULTS / "scale.json"
COLUMNS = 20
LATENT = 4
BASE_ROWS = 10_000
PLAN: dict[str, tuple[int, int, int]] = {
    "warm_up": (500, COLUMNS, 0),
    "rows_10000": (10_000, COLUMNS, 0),
    "rows_100000": (100_000, COLUMNS, 0),
    "rows_1000000": (1_000_000, COLUMNS, 0),
    "columns_50": (BASE_ROWS, 50, 0),
    "columns_100": (BASE_ROWS, 100, 0),
    "columns_200": (BASE_ROWS, 200, 0),
    "stream_10000000": (16_000, COLUMNS, 10_000_000),
}
"""Name -> training rows, columns, rows to sample to a Parquet file."""


def made_table(rows: int, columns: int, rng: np.random.Generator) -> Table:
    """Made patients: four hidden causes behind all columns; of every four, one continuous and skewed, one a count,
    one with six levels, one continuous with a tenth missing. The first column is a rare outcome.
    """
    hidden = rng.standard_normal((rows, LATENT))
    arrays: dict[str, pa.Array] = {}
    described = []
    for place in range(columns):
        signal = hidden @ rng.normal(size=LATENT) / 2 + rng.standard_normal(rows)
        name = f"column_{place}"
        if place == 0:
            arrays[name] = pa.array(np.where(signal > 1.5, "yes", "no")).dictionary_encode()
            described.append(Column(name, Kind.CATEGORICAL, frozenset({Role.OUTCOME})))
        elif place % 4 == 0:
            arrays[name] = pa.array(np.round(np.exp(signal), 3))
            described.append(Column(name, Kind.CONTINUOUS))
        elif place % 4 == 1:
            arrays[name] = pa.array(np.clip(np.round(3 + 2 * signal), 0, None).astype(np.int64))
            described.append(Column(name, Kind.INTEGER))
        elif place % 4 == 2:
            levels = np.array(list("abcdef"))[np.digitize(signal, [-1.5, -0.5, 0.3, 1.0, 2.0])]
            arrays[name] = pa.array(levels).dictionary_encode()
            described.append(Column(name, Kind.CATEGORICAL))
        else:
            arrays[name] = pa.array(np.round(signal, 4), mask=rng.random(rows) < 0.1)
            described.append(Column(name, Kind.CONTINUOUS))
    return Table(pa.table(arrays), Schema(tuple(described)))


def measure(name: str) -> dict[str, float]:
    """One line of the plan, in this process."""
    rows, columns, sampled = PLAN[name]
    few, real = (made_table(n, columns, np.random.default_rng(7)) for n in (400, rows))
    rng = np.random.default_rng(11)
    SequentialTrees().fit(few, rng=rng).sample(400, rng=rng)
    before_mb, started = peak_mb(), cpu_seconds()
    fitted = SequentialTrees().fit(real, rng=rng)
    found = {"rows": rows, "columns": columns, "fit_cpu_s": cpu_seconds() - started, "table_mb": before_mb}
    found["fit_peak_mb"] = peak_mb()
    started = cpu_seconds()
    if sampled:
        with tempfile.TemporaryDirectory() as place:
            generate(fitted, sampled, Path(place) / "rows.parquet", rng=rng)
    else:
        fitted.sample(rows, rng=rng)
    found |= {"sampled": sampled or rows, "sample_cpu_s": cpu_seconds() - started, "peak_mb": peak_mb()}
    return {key: round(value, 2) for key, value in found.items()}


def shown() -> str:
    """The Markdown table of what was measured."""
    lines = [
        "| training rows | columns | fit CPU s | peak MB after fit | sampled rows | sample CPU s | peak MB |",
        "|---|---|---|---|---|---|---|",
    ]
    kept = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {}
    for name in PLAN:
        if name in kept and name != "warm_up":
            m = kept[name]
            lines.append(
                f"| {m['rows']:,.0f} | {m['columns']:.0f} | {m['fit_cpu_s']:.1f} | {m['fit_peak_mb']:,.0f} "
                f"| {m['sampled']:,.0f} | {m['sample_cpu_s']:.1f} | {m['peak_mb']:,.0f} |"
            )
    return "\n".join(lines)


def main() -> None:
    """Run the plan, or the lines of it that are named; ``--show`` runs nothing."""
    if sys.argv[1:2] == ["--here"]:
        print(json.dumps(measure(sys.argv[2])))
        return
    for name in [] if "--show" in sys.argv else sys.argv[1:] or list(PLAN):
        command = [sys.executable, "-m", "benchmarks.scale", "--here", name]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        kept = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {}
        kept[name] = json.loads(said)
        KEPT.parent.mkdir(parents=True, exist_ok=True)
        KEPT.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
        print(name, said.strip(), flush=True)
    print(shown())


if __name__ == "__main__":
    main()
