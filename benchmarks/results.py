"""What was measured, one small JSON file per data set and method under ``results/``, one entry per seed."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass, field
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
REAL = "real_holdout"


@dataclass(frozen=True, slots=True)
class Run:
    """One fit of one method on one split.

    cost   : CPU seconds and megabytes.
    scores : metric -> value; None where the metric is not applicable.
    failed : why there is neither.
    """

    seed: int
    cost: dict[str, float] = field(default_factory=dict)
    scores: dict[str, float | None] = field(default_factory=dict)
    failed: str | None = None


def path_of(dataset: str, method: str) -> Path:
    """The file that keeps the runs of a method on a data set."""
    return RESULTS / dataset / f"{method}.json"


def kept(dataset: str, method: str) -> list[Run]:
    """All runs so far."""
    path = path_of(dataset, method)
    return [Run(**run) for run in json.loads(path.read_text("utf-8"))["runs"]] if path.exists() else []


def keep(dataset: str, method: str, run: Run, settings: dict[str, object] | None = None) -> None:
    """Add a run, in the place of an earlier one with the same seed."""
    runs = sorted([*(old for old in kept(dataset, method) if old.seed != run.seed), run], key=lambda one: one.seed)
    path = path_of(dataset, method)
    path.parent.mkdir(parents=True, exist_ok=True)
    facts = {"dataset": dataset, "method": method, "settings": settings or {}, "runs": [asdict(one) for one in runs]}
    path.write_text(json.dumps(facts, indent=1) + "\n", "utf-8")


def medians(runs: list[Run]) -> dict[str, float]:
    """The median of each number over the runs that ended well; what none of them has is left out."""
    found: dict[str, list[float]] = {}
    for run in runs:
        for name, value in [*run.cost.items(), *run.scores.items()]:
            if value is not None:
                found.setdefault(name, []).append(value)
    return {name: statistics.median(values) for name, values in found.items()}
