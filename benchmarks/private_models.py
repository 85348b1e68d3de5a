"""Models in mode "dp" on real patients and persons, beside the pooled answer without noise.

    python -m benchmarks.private_models [--runs 10] [--show]

Every answer comes from a whole study over four sites through ``simulate``, which spends all of epsilon on it, with the
secure noise of real nodes; delta is 1e-5. Heart disease: the four hospitals of UCI, 920 persons. Adult: 32,561 persons
dealt over four sites. Plausible ranges are set below from what such values can be, not from the rows. Numbers are
medians over runs (means of shares); ``results/private_models.json`` keeps them. Needs COHORTIUM_DATA.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks.datasets import DATASETS
from benchmarks.results import RESULTS
from cohortium.analyse import PCA, Correlation, KMeans, LinearRegression, LogisticRegression, pooled
from cohortium.analyse.design import complete, design
from cohortium.errors import CohortiumError
from cohortium.federate import Analysis, Study, simulate
from cohortium.records import Algorithm, Result, Schema, Table
from cohortium.sources import conform, infer_schema

KEPT = RESULTS / "private_models.json"
EPSILONS, DELTA, SITES = (1.0, 3.0), 1e-5, 4
RANGES = {
    "heart": {"age": (18, 100), "trestbps": (60, 240), "thalach": (40, 220), "oldpeak": (-4, 8)},
    "adult": {"age": (16, 100), "education.num": (1, 16), "hours.per.week": (0, 100)},
}
HEART, ADULT = ("age", "trestbps", "thalach", "oldpeak"), ("age", "education.num", "hours.per.week")
MODELS: dict[str, dict[str, Algorithm]] = {
    "heart": {
        "linear": LinearRegression("thalach", ("age", "sex", "exang")),
        "logistic": LogisticRegression("disease", ("age", "sex", "exang", "oldpeak")),
        "correlation": Correlation(HEART),
        "pca": PCA(HEART),
        "k-means": KMeans(HEART, 3),
    },
    "adult": {
        "linear": LinearRegression("hours.per.week", ("age", "sex", "education.num", "race")),
        "logistic": LogisticRegression("income", (*ADULT, "sex", "marital.status"), event=">50K"),
        "correlation": Correlation(ADULT),
        "pca": PCA(ADULT),
        "k-means": KMeans(ADULT, 3),
    },
}
Score = Callable[[Algorithm, Result, Result, Table], dict[str, float | None]]


def ranged(name: str) -> Table:
    """The data set with the plausible ranges of this page."""
    raw = DATASETS[name].load()
    table, ends = conform(raw, infer_schema(raw, name)), RANGES[name]
    columns = [
        replace(column, minimum=ends[column.name][0], maximum=ends[column.name][1]) if column.name in ends else column
        for column in table.schema.columns
    ]
    return table.with_schema(Schema(tuple(columns)))


def hospitals(name: str, table: Table) -> dict[str, Table]:
    """The rows of each site."""
    if name == "heart":
        codes, levels = table.codes("site")
        return {level: table.take(codes == place) for place, level in enumerate(levels)}
    dealt = np.random.default_rng(0).integers(0, SITES, len(table))
    return {f"site{place}": table.take(dealt == place) for place in range(SITES)}


def coefficients(algorithm: Algorithm, exact: Result, found: Result, table: Table) -> dict[str, float | None]:
    """How far coefficients but the intercept are off, in standard errors of the exact ones; how wide intervals are."""
    wanted = ("estimate", "standard_error", "low", "high")
    one, other = (
        np.array([result.tables["coefficients"][name][1:] for name in wanted], dtype=np.float64)
        for result in (exact, found)
    )
    away, known = np.abs(other[0] - one[0]) / one[1], np.isfinite(other[1])
    inside = (other[2] <= one[0]) & (one[0] <= other[3])
    measured: dict[str, float | None] = {
        "off_in_se": float(np.median(away)),
        "with_errors": float(known.mean()),
        "se_ratio": float(np.median((other[1] / one[1])[known])) if known.any() else None,
        "covers_pooled": float(inside[known].mean()) if known.any() else None,
    }
    if isinstance(algorithm, LogisticRegression):
        rows = complete(table, algorithm.columns())
        X = design(rows, algorithm.covariates)
        happened = rows.codes(algorithm.outcome)[0] == 1
        for name, result in (("auc", found), ("auc_pooled", exact)):
            measured[name] = float(roc_auc_score(happened, X @ result.arrays["coefficients"][1:]))
    return measured


def pairs(algorithm: Algorithm, exact: Result, found: Result, table: Table) -> dict[str, float | None]:
    """Mean distance of the correlations, and how many intervals hold the exact one."""
    one, other = exact.tables["pairs"], found.tables["pairs"]
    known = [place for place, value in enumerate(other["r"]) if value is not None]
    away = [abs(other["r"][place] - one["r"][place]) for place in known]
    inside = [other["low"][place] <= one["r"][place] <= other["high"][place] for place in known]
    return {"mean_gap": float(np.mean(away)) if known else None, "covers_pooled": float(np.mean(inside))}


def axes(algorithm: Algorithm, exact: Result, found: Result, table: Table) -> dict[str, float | None]:
    """The angle between the first components, and how far its share of the variance is off."""
    first, other = exact.arrays["loadings"][:, 0], found.arrays["loadings"][:, 0]
    shares = [result.tables["components"]["share"][0] for result in (exact, found)]
    angle = float(np.degrees(np.arccos(min(abs(float(first @ other)), 1.0))))
    return {"angle_degrees": angle, "share_gap": abs(shares[0] - shares[1])}


def clusters(algorithm: Algorithm, exact: Result, found: Result, table: Table) -> dict[str, float | None]:
    """The squared distances of the rows to the nearest noisy mean, over those to the exact ones."""
    rows = complete(table, algorithm.columns())
    X = np.stack([rows.numeric(name) for name in algorithm.columns()], axis=1)
    X, scale = X / X.std(axis=0), X.std(axis=0)
    within = [
        float(((X[:, None, :] - result.arrays["centres"] / scale) ** 2).sum(axis=2).min(axis=1).sum())
        for result in (exact, found)
    ]
    return {"within_ratio": within[1] / within[0]}


SCORES: dict[str, Score] = {
    "linear": coefficients,
    "logistic": coefficients,
    "correlation": pairs,
    "pca": axes,
    "k-means": clusters,
}


def measured(name: str, model: str, epsilon: float, runs: int) -> dict[str, float | None]:
    """Medians over the runs that gave an answer."""
    table, algorithm = ranged(name), MODELS[name][model]
    sites, exact = hospitals(name, table), pooled(algorithm, table)
    study = Study("benchmark", name, (Analysis("model", algorithm),), mode="dp", epsilon=epsilon, delta=DELTA)
    taken: list[dict[str, float | None]] = []
    for _ in range(runs):
        try:
            found = simulate(study, sites)["model"]
        except CohortiumError:
            continue
        taken.append(SCORES[model](algorithm, exact, found, table))
    medians: dict[str, float | None] = {"persons": float(exact.persons), "runs": float(runs), "answered": len(taken)}
    for key in taken[0] if taken else ():
        known = [one[key] for one in taken if one[key] is not None]
        medians[key] = float(statistics.median(known)) if known else None  # type: ignore[type-var, arg-type]
        if key in ("with_errors", "covers_pooled"):
            medians[key] = float(np.mean(known)) if known else None  # type: ignore[arg-type]
    return medians


def show(found: dict[str, Any]) -> None:
    """What was measured, as a Markdown table."""
    print("| data | model | epsilon | persons | beside the pooled answer |\n|---|---|---|---|---|")
    for key, own in found.items():
        name, model, epsilon = key.split("/")
        rest = {one: value for one, value in own.items() if one != "persons" and value is not None}
        said = ", ".join(f"{one} {value:.3g}" for one, value in rest.items())
        print(f"| {name} | {model} | {epsilon} | {own['persons']:.0f} | {said} |")


def main() -> None:
    """Measure, keep and show."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--show", action="store_true")
    given = parser.parse_args()
    if given.show:
        show(json.loads(KEPT.read_text("utf-8")))
        return
    found: dict[str, Any] = {}
    for name, models in MODELS.items():
        for model in models:
            for epsilon in EPSILONS:
                found[f"{name}/{model}/{epsilon:g}"] = measured(name, model, epsilon, given.runs)
                KEPT.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    show(found)


if __name__ == "__main__":
    main()
