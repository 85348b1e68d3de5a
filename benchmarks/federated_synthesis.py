"""What training across hospitals costs a synthetic twin: pooled and federated fits of one table, side by side.

    COHORTIUM_DATA=... python -m benchmarks.federated_synthesis [adult/4] [adult_300/10] [flchain_300/10] [--fits 3]

Each argument is a data set and the number of sites over which its training persons are spread. Every fit is drawn
from once; scores are means over fits, with the standard error of the mean. Sums pass through the bytes that would
travel; sites work one after the other, so the time is that of all of them together, without a network.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pyarrow as pa

from benchmarks.datasets import DATASETS, load, split
from benchmarks.scoring import scores
from cohortium.analyse import drive
from cohortium.records import Schema, State, Sums, Table, agreed_schema, as_agreed
from cohortium.synthesise import CopulaMixture, Fitted, PrivateMarginals, SequentialTrees
from cohortium.synthesise.federated import FederatedMarginals, FederatedMixture, FederatedTrees, fitted_of

SCORES = (
    "c2st",
    "tstr_gap",
    "mia_nearest",
    "mia_density",
    "dcr_share",
    "singling_out_univariate",
    "singling_out_multivariate",
    "pair_trends",
)
USUAL = ("adult/4", "adult_300/10", "flchain_300/10")
PRIVATE = {"epsilon": 1.0, "delta": 1e-5}


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted model, and what it took: seconds, rounds, and bytes of sums that left one site."""

    fitted: Fitted
    seconds: float
    rounds: int = 0
    sent: int = 0


Learner = Callable[[Table, int, int], Fit]
"""Learns a table that is spread over so many sites, from a seed."""


def pooled_trees(train: Table, _sites: int, seed: int) -> Fit:
    """The default synthesiser on all persons."""
    return _timed(lambda: SequentialTrees().fit(train, rng=np.random.default_rng(seed)))


def federated_trees(train: Table, sites: int, seed: int) -> Fit:
    """The default synthesiser across sites."""
    return _federated(FederatedTrees.of(train.schema, seed=seed), train, sites)


def pooled_marginals(train: Table, _sites: int, seed: int) -> Fit:
    """Private marginals on all persons."""
    return _timed(lambda: PrivateMarginals(**PRIVATE).fit(train, rng=np.random.default_rng(seed)))


def federated_marginals(train: Table, sites: int, seed: int) -> Fit:
    """Private marginals across sites."""
    return _federated(FederatedMarginals.of(train.schema, seed=seed, **PRIVATE), train, sites)


def pooled_mixture(train: Table, _sites: int, seed: int) -> Fit:
    """The copula mixture on all persons."""
    return _timed(lambda: CopulaMixture().fit(train, rng=np.random.default_rng(seed)))


def federated_mixture(train: Table, sites: int, seed: int) -> Fit:
    """The copula mixture across sites."""
    return _federated(FederatedMixture.of(train.schema, seed=seed), train, sites)


LEARNERS: dict[str, Learner] = {
    "trees, pooled": pooled_trees,
    "trees, federated": federated_trees,
    "mixture, pooled": pooled_mixture,
    "mixture, federated": federated_mixture,
    "marginals, epsilon 1, pooled": pooled_marginals,
    "marginals, epsilon 1, federated": federated_marginals,
}


def _timed(learn: Callable[[], Fitted]) -> Fit:
    start = time.perf_counter()
    fitted = learn()
    return Fit(fitted, time.perf_counter() - start)


def _federated(algorithm: FederatedTrees | FederatedMarginals | FederatedMixture, train: Table, sites: int) -> Fit:
    tables = [train.take(np.arange(site, len(train), sites)) for site in range(sites)]
    start = time.perf_counter()
    schema = agreed_schema([table.schema for table in tables], algorithm.columns(), tables)
    ready = [as_agreed(table, schema) for table in tables]
    sent: list[int] = []

    def total_of(state: State) -> Sums:
        told = State.from_bytes(state.to_bytes())
        parts = [algorithm.local(table, told).to_bytes() for table in ready]
        sent.append(len(parts[0]))
        return reduce(Sums.__add__, map(Sums.from_bytes, parts))

    result = drive(algorithm, schema, total_of)
    return Fit(fitted_of(result), time.perf_counter() - start, len(sent), sum(sent))


def as_the_real(made: Table, schema: Schema) -> Table:
    """The synthetic rows with the real table's columns in its order, under its schema."""
    return Table(pa.table([made.arrow.column(name) for name in schema.names], names=list(schema.names)), schema)


def compare(name: str, sites: int, fits: int, learners: Sequence[str]) -> None:
    """Print one row per learner: mean and standard error of every score."""
    table = load(name)
    print(f"\n{name}, {sites} sites, {fits} fits", flush=True)
    print(f"{'':32}" + "".join(f"{score[:17]:>18}" for score in SCORES) + f"{'s':>8}{'rounds':>8}{'MB':>8}")
    for learner in learners:
        found, took = [], []
        for seed in range(1, fits + 1):
            train, holdout = split(table, name, seed)
            fit = LEARNERS[learner](train, sites, seed)
            made = as_the_real(fit.fitted.sample(len(train), rng=np.random.default_rng([seed, 5])), train.schema)
            own = scores(train, made, holdout, DATASETS[name].target, seed, SCORES)
            found.append([np.nan if own[score] is None else own[score] for score in SCORES])
            took.append(fit)
        values = np.array(found, dtype=np.float64)
        error = values.std(axis=0, ddof=1) / np.sqrt(fits) if fits > 1 else np.full(len(SCORES), np.nan)
        cells = [f"{mean:10.4f} ±{reach:6.4f}" for mean, reach in zip(values.mean(axis=0), error, strict=True)]
        seconds = float(np.median([fit.seconds for fit in took]))
        print(
            f"{learner:32}" + "".join(cells) + f"{seconds:8.2f}{took[0].rounds:8}{took[0].sent / 1e6:8.1f}", flush=True
        )


def main() -> None:
    """Compare on the command line's data sets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*", default=list(USUAL), help="data set / number of sites")
    parser.add_argument("--fits", type=int, default=3)
    parser.add_argument("--learners", nargs="*", default=list(LEARNERS), choices=list(LEARNERS))
    chosen = parser.parse_args()
    for table in chosen.tables:
        name, _, sites = table.partition("/")
        compare(name, int(sites or 4), chosen.fits, chosen.learners)


if __name__ == "__main__":
    main()
