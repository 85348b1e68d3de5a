"""The claimed epsilon against an attacker who knows everybody but one: many fits with and without that one."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from cohortium.privacy.secure_noise import InsecureNoise
from cohortium.records import Column, Kind, Schema, Table
from cohortium.synthesise.tables.private_marginals import FittedPrivateMarginals, PrivateMarginals

CLAIM, DELTA, FITS, PERSONS = 1.0, 1e-3, 240, 300
NAMES = ("sick", "smokes", "sex")
SCHEMA = Schema(
    (*(Column(name, Kind.BOOLEAN) for name in NAMES[:2]), Column("sex", Kind.CATEGORICAL, levels=("F", "M")))
)


def cohort(with_person: bool) -> Table:
    """The same persons each time, and perhaps one more: the sick, smoking man whom the attacker looks for."""
    traits = np.random.default_rng(0).random((PERSONS, 3)) < 0.5
    traits = np.vstack([traits, np.ones((int(with_person), 3), dtype=np.bool_)])
    columns = {name: traits[:, place] for place, name in enumerate(NAMES[:2])}
    return Table(pa.table({**columns, "sex": np.where(traits[:, 2], "M", "F")}), SCHEMA)


def traces(made: FittedPrivateMarginals) -> list[float]:
    """Every number in which the person could have left a trace: the size, and the counts of his traits and pairs."""
    cells = [int(column.cells[1]) for column in made.columns]
    single = [made.model.marginal((place,))[cells[place]] for place in range(3)]
    pairs = [made.model.marginal(pair)[cells[pair[0]], cells[pair[1]]] for pair in itertools.combinations(range(3), 2)]
    pieces = [float(column.weights[1]) for column in made.columns]
    return [made.patients, *pieces, *(made.patients * share for share in (*single, *pairs))]


def attacked(epsilon: float, seed: int) -> float:
    """Largest epsilon that the attack proves at 99.9 %. It learns how to guess from one half of the fits."""
    noise = InsecureNoise(np.random.default_rng(seed))
    maker = PrivateMarginals(epsilon=epsilon, delta=DELTA, noise=noise)
    rng = np.random.default_rng(0)
    here, gone = (
        np.array([traces(maker.fit(table, rng=rng)) for _ in range(FITS)]) for table in map(cohort, (True, False))
    )
    half = FITS // 2
    spread = np.cov(np.vstack([here[:half], gone[:half]]).T) + np.eye(here.shape[1]) * 1e-3
    direction = np.linalg.solve(spread, here[:half].mean(axis=0) - gone[:half].mean(axis=0))
    score_here, score_gone = here @ direction, gone @ direction
    cuts = np.quantile(np.concatenate([score_here[:half], score_gone[:half]]), np.linspace(0.02, 0.98, 49))
    best = max(cuts, key=lambda cut: _proven(score_here[:half] > cut, score_gone[:half] > cut))
    return _proven(score_here[half:] > best, score_gone[half:] > best)


def _proven(hits: np.ndarray, false_alarms: np.ndarray) -> float:
    """Lower bound on epsilon from Clopper-Pearson intervals of both rates, for the guess and its opposite."""
    proven = 0.0
    for right, wrong in ((hits.sum(), false_alarms.sum()), ((~false_alarms).sum(), (~hits).sum())):
        low = stats.beta.ppf(0.0005, right, len(hits) - right + 1) if right else 0.0
        high = stats.beta.ppf(0.9995, wrong + 1, len(hits) - wrong) if wrong < len(hits) else 1.0
        if low > DELTA:
            proven = max(proven, math.log((low - DELTA) / high))
    return proven


@pytest.mark.slow
def test_the_audit_never_proves_more_than_the_claim() -> None:
    assert attacked(CLAIM, seed=1) <= CLAIM


@pytest.mark.slow
def test_the_audit_catches_a_broken_claim() -> None:
    assert attacked(100 * CLAIM, seed=2) > CLAIM
