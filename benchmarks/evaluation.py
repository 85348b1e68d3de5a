"""How long the whole evidence of one pair takes: every metric, every attack, all repetitions and references.

``python -m benchmarks.evaluation`` fits the default method on UCI Adult (16,280 x 15), samples as many rows and
evaluates them against as many held-out persons; the seconds are kept in ``results/evaluation.json``.
"""

from __future__ import annotations

import json
import time

import numpy as np

from benchmarks.datasets import DATASETS, load, split
from benchmarks.results import RESULTS
from benchmarks.worker import cpu_seconds, peak_mb
from cohortium.evaluate import evaluate
from cohortium.synthesise import SequentialTrees

DATASET = "adult"


def main() -> None:
    """Measure once, after a first small evaluation that loads compiled code."""
    train, holdout = split(load(DATASET), DATASET, 1)
    target = DATASETS[DATASET].target
    rng = np.random.default_rng(1)
    fitted = SequentialTrees().fit(train, rng=rng)
    few = np.arange(300)
    evaluate(train.take(few), fitted.sample(300, rng=rng), holdout.take(few), target=target, seeds=1, rng=rng)
    synthetic = fitted.sample(len(train), rng=rng)
    wall, used = time.perf_counter(), cpu_seconds()
    evidence = evaluate(train, synthetic, holdout, target=target, rng=rng)
    found = {
        "rows": len(train),
        "columns": len(train.schema.columns),
        "findings": len(evidence.findings),
        "cpu_s": round(cpu_seconds() - used, 1),
        "wall_s": round(time.perf_counter() - wall, 1),
        "peak_mb": round(peak_mb()),
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "evaluation.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
