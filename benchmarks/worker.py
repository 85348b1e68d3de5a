"""One method on one training table, in a process of its own: what it makes, and what that costs.

``python -m benchmarks.worker METHOD FOLDER SEED`` reads the training table in FOLDER and leaves ``synthetic.parquet``
and ``cost.json`` there. Run by ``benchmarks.tables`` with the interpreter of the method's environment.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import warnings
from pathlib import Path
from typing import Any

import pandas as pd

MILLION = 1_000_000
MOST_SECONDS_FOR_A_MILLION = 75.0


def cpu_seconds() -> float:
    """Of this process, its threads, and its children that have ended."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def peak_mb() -> float:
    """Largest resident memory so far, of this process or of a child."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    own = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


class PeerRun:
    """A peer with the training frame that lies in ``folder``."""

    def __init__(self, method: str, folder: Path) -> None:
        from benchmarks.peers import PEERS

        facts = json.loads((folder / "kinds.json").read_text("utf-8"))
        self.kinds, self.target = facts["kinds"], facts["target"]
        frame = pd.read_parquet(folder / "frame.parquet")
        nominal = [name for name, kind in self.kinds.items() if kind == "categorical"]
        texts = {name: frame[name].astype(object).where(frame[name].notna(), None) for name in nominal}
        self.frame = frame.assign(**{name: pd.Series(column, dtype=object) for name, column in texts.items()})
        self.peer = PEERS[method].make()

    def warm_up(self) -> None:
        """Nothing: what a peer imports was imported when it was made."""

    def fit(self, seed: int) -> None:
        """Learn the training frame."""
        self.peer.fit(self.frame, self.kinds, self.target, seed)

    def sample(self, n: int) -> pd.DataFrame:
        """New rows."""
        return self.peer.sample(n)

    def write(self, made: pd.DataFrame, path: Path) -> None:
        """Floats for numbers, texts for levels, nothing else."""
        columns: dict[str, Any] = {}
        for name, kind in self.kinds.items():
            column = pd.Series(made[name]).reset_index(drop=True)
            if kind == "categorical":
                columns[name] = column.astype(object).map(lambda level: None if pd.isna(level) else str(level))
            else:
                columns[name] = pd.to_numeric(column, errors="coerce").astype(float)
        pd.DataFrame(columns).to_parquet(path)


def main() -> None:
    """Fit, sample as many rows as there were, perhaps a million, and write down what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("method")
    parser.add_argument("folder", type=Path)
    parser.add_argument("seed", type=int)
    parser.add_argument(
        "--settings", type=json.loads, default={}, help="other than the default settings of our method, as JSON"
    )
    parser.add_argument("--million", action="store_true")
    given = parser.parse_args()
    warnings.filterwarnings("ignore")
    run = made_run(given.method, given.folder, given.settings)
    run.warm_up()
    cost: dict[str, float] = {}
    started = cpu_seconds()
    run.fit(given.seed)
    cost["fit_cpu_s"] = cpu_seconds() - started
    rows = json.loads((given.folder / "kinds.json").read_text("utf-8"))["rows"]
    started = cpu_seconds()
    made = run.sample(rows)
    cost["sample_cpu_s"] = cpu_seconds() - started
    cost["peak_mb"] = peak_mb()
    run.write(made, given.folder / "synthetic.parquet")
    path = given.folder / "cost.json"
    path.write_text(json.dumps(cost), "utf-8")
    if given.million:
        per_row = cost["sample_cpu_s"] / rows
        n = next((n for n in (MILLION, MILLION // 10) if n * per_row < MOST_SECONDS_FOR_A_MILLION), 0)
        started = cpu_seconds()
        if n:
            run.sample(n)
        spent = cpu_seconds() - started
        cost["million_cpu_s"] = spent * MILLION / n if n else cost["sample_cpu_s"] * MILLION / rows
        cost["million_measured_on"] = n or rows
        cost["million_peak_mb"] = peak_mb()
        path.write_text(json.dumps(cost), "utf-8")


def made_run(method: str, folder: Path, settings: dict[str, Any]) -> Any:
    """The method with its training table; our own package is not even imported in a peer's environment."""
    if Path(sys.prefix).parent.name == "peers":
        return PeerRun(method, folder)
    from benchmarks.own import OwnRun

    return OwnRun(method, folder, settings)


if __name__ == "__main__":
    main()
