"""What the default methods must reach, and what they do: a table of targets with the measured medians beside them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.results import REAL, RESULTS, kept, medians

TREES, PRIVATE = "sequential_trees", "private_marginals_1"
Measured = dict[str, float]


@dataclass(frozen=True, slots=True)
class Target:
    """One number that must not pass a limit.

    value : from the medians of the method and of real held-out persons.
    most  : the value may be at most ``limit``; otherwise at least.
    """

    says: str
    dataset: str
    method: str
    value: Callable[[Measured, Measured], float]
    limit: float
    most: bool = True


def _of(name: str) -> Callable[[Measured, Measured], float]:
    return lambda own, _real: own[name]


TARGETS = (
    Target("C2ST", "adult", TREES, _of("c2st"), 0.56),
    Target("membership inference, nearest record (AUC)", "adult", TREES, _of("mia_nearest"), 0.512),
    Target("singling out by one value", "adult", TREES, _of("singling_out_univariate"), 0.02),
    Target("singling out by four values", "adult", TREES, _of("singling_out_multivariate"), 0.02),
    Target("copies beyond chance", "adult", TREES, _of("identical_excess"), 0.0005),
    Target("DCR share", "adult", TREES, _of("dcr_share"), 0.52),
    Target("TSTR gap", "adult", TREES, _of("tstr_gap"), 0.006),
    Target(
        "pair trends, share of real against real",
        "adult", TREES, lambda own, real: own["pair_trends"] / real["pair_trends"], 0.99, False,
    ),
    Target("fit, CPU s", "adult", TREES, _of("fit_cpu_s"), 4.0),
    Target("a million rows, CPU s", "adult", TREES, _of("million_cpu_s"), 5.0),
    Target("peak memory, MB", "adult", TREES, _of("peak_mb"), 1_000),
    Target(
        "KM divergence, times real against real",
        "flchain", TREES, lambda own, real: own["km_divergence"] / real["km_divergence"], 2.0,
    ),
    Target("optimism, absolute", "flchain", TREES, lambda own, _real: abs(own["optimism"]), 0.005),
    Target("C2ST", "flchain", TREES, _of("c2st"), 0.58),
    Target("membership inference, nearest record (AUC)", "flchain", TREES, _of("mia_nearest"), 0.52),
    Target("membership inference at 300 persons", "adult_300", TREES, _of("mia_nearest"), 0.53),
    Target("membership inference at 300 persons", "flchain_300", TREES, _of("mia_nearest"), 0.53),
    Target("TSTR at epsilon 1", "adult", PRIVATE, _of("tstr"), 0.87, False),
    Target("fit at epsilon 1, CPU s", "adult", PRIVATE, _of("fit_cpu_s"), 30.0),
)  # fmt: skip
# file in results/, entry or None, key, what it says, limit
COSTS = (
    ("scale.json", "rows_1000000", "fit_cpu_s", "fit of a million rows x 20 columns, CPU s", 60.0),
    ("scale.json", "rows_1000000", "fit_peak_mb", "its peak memory, MB", 4_000.0),
    ("evaluation.json", None, "cpu_s", "whole evaluation of 16k x 15 with all attacks, CPU s", 240.0),
    ("evaluation.json", None, "wall_s", "the same, seconds on two (shared) cores", 120.0),
)


def shown() -> str:
    """The Markdown table; what has not been measured says so."""
    lines = ["| data | what | limit | measured | seeds | |", "|---|---|---|---|---|---|"]
    for target in TARGETS:
        runs = [run for run in kept(target.dataset, target.method) if not run.failed]
        own, real = medians(runs), medians(kept(target.dataset, REAL))
        sign = "at most" if target.most else "at least"
        try:
            value = target.value(own, real)
        except KeyError:
            lines.append(f"| {target.dataset} | {target.says} | {sign} {target.limit:g} | not measured | 0 | |")
            continue
        met = value <= target.limit if target.most else value >= target.limit
        verdict = "met" if met else f"missed by {abs(value - target.limit):.3g}"
        lines.append(
            f"| {target.dataset} | {target.says} | {sign} {target.limit:g} | {value:.4g} | {len(runs)} | {verdict} |"
        )
    for name, entry, key, says, limit in COSTS:
        path = RESULTS / name
        found = json.loads(path.read_text("utf-8")) if path.exists() else {}
        found = found.get(entry, {}) if entry else found
        if key not in found:
            lines.append(f"| made | {says} | at most {limit:g} | not measured | 0 | |")
            continue
        verdict = "met" if found[key] <= limit else f"missed by {found[key] - limit:.3g}"
        lines.append(f"| made | {says} | at most {limit:g} | {found[key]:.4g} | 1 | {verdict} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(shown())
