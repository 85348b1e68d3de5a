"""What noise costs comparisons of groups, survival and trees: mode "dp" over four sites beside the pooled records.

    COHORTIUM_DATA=/path/to/data python -m benchmarks.private_statistics [--runs 5] [--show]

Whole studies through ``simulate``, with the noise that real nodes would add; medians over runs. "false alarms" is
simulated: how often tests at the 5 % level reject where nothing differs. ``--show`` prints what
``results/private_statistics.json`` keeps.
"""

from __future__ import annotations

import argparse
import json
import statistics
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
from sklearn.metrics import roc_auc_score

from benchmarks.datasets import folder, load
from benchmarks.results import RESULTS
from cohortium.analyse import ExplainableBoosting, GradientBoosting, KaplanMeier, LogRank, TTest, pooled
from cohortium.analyse.trees import predict
from cohortium.federate import Analysis, Study, simulate
from cohortium.privacy.accounting import rho_of
from cohortium.privacy.distributed_noise import plan_noise
from cohortium.privacy.secure_noise import InsecureNoise
from cohortium.privacy.sensitivity import Weighing, bounded, noisy_start
from cohortium.records import Algorithm, Column, Kind, Result, Schema, Table, name_of
from cohortium.sources import read_raw

KEPT = RESULTS / "private_statistics.json"
SITES = ("a", "b", "c", "d")
EPSILONS, DELTA = (1.0, 3.0), 1e-5
PUBLIC = {
    "age": (17, 90),
    "education.num": (1, 16),
    "capital.gain": (0, 99_999),
    "capital.loss": (0, 5_000),
    "hours.per.week": (1, 99),
}
"""Ranges of Adult's numbers, as a code book would state them."""
NULLS = 2_000
"""Simulated studies of a test of which nothing is true; persons in each."""
MADE = 2_000


def private(algorithm: Algorithm, table: Table, epsilon: float) -> Result:
    """The answer of a study in mode "dp" over four sites of equal size."""
    asked = Study("benchmark", "records", (Analysis("it", algorithm),), mode="dp", epsilon=epsilon, delta=DELTA)
    return simulate(asked, {site: table.take(np.arange(place, len(table), 4)) for place, site in enumerate(SITES)})[
        "it"
    ]


def adult() -> Table:
    """Adult without its survey weight, whose numbers have the ranges of a code book."""
    table = load("adult")
    names = [name for name in table.schema.names if name != "fnlwgt"]
    columns = []
    for name in names:
        low, high = PUBLIC.get(name, (None, None))
        columns.append(replace(table.schema[name], minimum=low, maximum=high))
    return Table(table.arrow.select(names), Schema(tuple(columns)))


def boosting(runs: int) -> dict[str, Any]:
    """Held-out AUC on Adult of explainable boosting with and without noise, and of gradient boosting without."""
    table = adult()
    features = tuple(name for name in table.schema.names if name != "income")
    event = table.schema["income"].levels[1]  # type: ignore[index]
    ours, trees = ExplainableBoosting("income", features, event), GradientBoosting("income", features, event=event)
    found: dict[str, Any] = {}
    for persons in (20_000, 3_000):
        scores: dict[str, list[float]] = {}
        for run in range(runs):
            order = np.random.default_rng([run, persons]).permutation(len(table))
            train, test = table.take(order[:persons]), table.take(order[persons : persons + 10_000])
            truth = test.codes("income")[0] == 1
            answers = {"gradient boosting": pooled(trees, train), "no noise": pooled(replace(ours, rounds=60), train)}
            answers |= {f"epsilon {epsilon:g}": private(ours, train, epsilon) for epsilon in EPSILONS}
            for name, answer in answers.items():
                scores.setdefault(name, []).append(float(roc_auc_score(truth, predict(answer, test)[:, 1])))
        found[f"{persons}"] = {name: round(statistics.median(values), 4) for name, values in scores.items()}
        print(persons, found[f"{persons}"], flush=True)
    return found


def followed(name: str) -> tuple[Table, KaplanMeier]:
    """A real follow-up with a public horizon in days, and the curve that is asked for."""
    home = folder()
    if home is None:
        raise SystemExit("Set COHORTIUM_DATA to the folder that holds tabular/.")
    time, event, horizon = {
        "veteran": ("time", "status", 600),
        "flchain": ("futime", "death", 5_400),
        "rotterdam": ("dtime", "death", 5_400),
    }[name]
    raw = read_raw(home / f"survival_{name}.csv.gz")
    columns = {time: raw.column(time).cast(pa.float64()), event: raw.column(event).cast(pa.int64()).cast(pa.bool_())}
    schema = Schema((Column(time, Kind.DURATION, unit="days", minimum=0, maximum=horizon), Column(event, Kind.BOOLEAN)))
    return Table(pa.table(columns), schema), KaplanMeier(time, event)


def curves(runs: int) -> dict[str, Any]:
    """How far noisy curves are from the pooled one: largest gap, width of their intervals, how far they go."""
    found: dict[str, Any] = {}
    for name in ("veteran", "rotterdam", "flchain"):
        table, algorithm = followed(name)
        exact = pooled(algorithm, table).tables["curve"]
        times, survival = np.array([0.0, *exact["time"]]), np.array([1.0, *exact["survival"]])
        for epsilon in EPSILONS:
            gaps, widths, ends = [], [], []
            for _ in range(runs):
                noisy = private(algorithm, table, epsilon).tables.get("curve")
                if noisy is None:
                    ends.append(0.0)
                    continue
                at = np.array(noisy["time"])
                truth = survival[np.searchsorted(times, at, "right") - 1]
                gaps.append(float(np.abs(np.array(noisy["survival"]) - truth).max()))
                widths.append(float(np.median(np.array(noisy["high"]) - np.array(noisy["low"]))))
                ends.append(float(at[-1]))
            found[f"{name} ({len(table)}), epsilon {epsilon:g}"] = {
                "largest gap": round(statistics.median(gaps), 3) if gaps else None,
                "median width": round(statistics.median(widths), 3) if widths else None,
                "told to day": round(statistics.median(ends)),
            }
        print({key: value for key, value in found.items() if key.startswith(name)}, flush=True)
    return found


def comparisons(runs: int) -> dict[str, Any]:
    """Ages with and without heart disease, four hospitals: estimate and width of its interval."""
    table = load("heart")
    schema = table.schema.replace_column(replace(table.schema["age"], minimum=18, maximum=100))
    ages = Table(table.arrow, schema)
    disease = schema["disease"]
    exact = pooled(TTest("age", "disease", between=disease.levels or ()), ages).facts
    found: dict[str, Any] = {
        "no noise": {"difference": round(exact["estimate"], 2), "width": round(exact["high"] - exact["low"], 2)}
    }
    for epsilon in EPSILONS:
        answers = [
            private(TTest("age", "disease", between=disease.levels or ()), ages, epsilon).facts for _ in range(runs)
        ]
        width = statistics.median(one["high"] - one["low"] for one in answers)
        off = statistics.median(abs(one["estimate"] - exact["estimate"]) for one in answers)
        found[f"epsilon {epsilon:g}"] = {"off by": round(off, 2), "width": round(width, 2)}
    print(found, flush=True)
    return found


def noisy(algorithm: Algorithm, table: Table, rho: Fraction, rng: np.random.Generator) -> Result:
    """The answer of an algorithm of one step, under noise that can be repeated and costs ``rho``."""
    state, limits = noisy_start(algorithm, table.schema), bounded(algorithm, table.schema)
    sums = algorithm.local(limits.clip(table, state), state)
    weights = algorithm.array_weights(state) if isinstance(algorithm, Weighing) else {}
    plan = plan_noise(sums.layout, limits.sensitivity(state), rho, weights=weights, sites=1)
    answer = algorithm.combine(plan.total(plan.words(sums, InsecureNoise(rng)), sums.layout), state)
    if not isinstance(answer, Result):
        raise TypeError(f"An algorithm of one step was expected; '{name_of(algorithm)}' takes more.")
    return answer


def false_alarms() -> dict[str, float]:
    """How often tests reject at the 5 % level where nothing differs, at epsilon 1; ``NULLS`` simulated studies."""
    schema = Schema(
        (
            Column("age", Kind.CONTINUOUS, minimum=18, maximum=100),
            Column("arm", Kind.CATEGORICAL, levels=("x", "y")),
            Column("days", Kind.DURATION, unit="days", minimum=0, maximum=1000),
            Column("died", Kind.BOOLEAN),
        )
    )
    rng = np.random.default_rng(0)
    rejected: dict[str, list[bool]] = {"Welch's t test": [], "log-rank test": []}
    budget = Fraction(rho_of(1.0, DELTA))
    for _ in range(NULLS):
        time, leaves = rng.exponential(700, MADE), np.minimum(rng.exponential(1500, MADE), 900)
        columns = {
            "age": rng.normal(60, 12, MADE),
            "arm": rng.choice(["x", "y"], MADE),
            "days": np.ceil(np.minimum(time, leaves)),
            "died": time <= leaves,
        }
        table = Table(pa.table(columns), schema)
        for name, algorithm in (
            ("Welch's t test", TTest("age", "arm")),
            ("log-rank test", LogRank("days", "died", ("arm",))),
        ):
            rejected[name].append(noisy(algorithm, table, budget, rng).facts["p"] < 0.05)
    found = {name: round(float(np.mean(values)), 4) for name, values in rejected.items()}
    print(found, flush=True)
    return found


def main() -> None:
    """Measure and keep, or show what was kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--show", action="store_true")
    chosen = parser.parse_args()
    if not chosen.show:
        kept = {
            "comparisons": comparisons(chosen.runs),
            "curves": curves(chosen.runs),
            "boosting": boosting(chosen.runs),
        }
        kept |= {"false alarms": false_alarms(), "runs": chosen.runs}
        KEPT.write_text(json.dumps(kept, indent=1) + "\n")
    print(KEPT.read_text())


if __name__ == "__main__":
    main()
