"""The claimed epsilon against an attacker who knows everybody but one: many fits with and without that one."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from cohortium.privacy.secure_noise import InsecureNoise
from cohortium.records import Column, Kind, Schema, Table
from cohortium.synthesise.tables.private_marginals import PrivateMarginals

CLAIM, DELTA, FITS = 1.0, 1e-3, 400
SCHEMA = Schema(
    (
        Column("sick", Kind.BOOLEAN),
        Column("smokes", Kind.BOOLEAN),
        Column("sex", Kind.CATEGORICAL, levels=("F", "M")),
        Column("age", Kind.INTEGER, minimum=0, maximum=7),
    )
)


def cohort(with_person: bool) -> Table:
    """Six persons without the trait, and perhaps the one whom the attacker looks for."""
    last = int(with_person)
    return Table(
        pa.table(
            {
                "sick": [False] * 6 + [True] * last,
                "smokes": [False] * 6 + [True] * last,
                "sex": ["F"] * 6 + ["M"] * last,
                "age": [1] * 6 + [6] * last,
            }
        ),
        SCHEMA,
    )


def evidence(table: Table, epsilon: float, fits: int, noise: InsecureNoise) -> np.ndarray:
    """What speaks for the person in each of many fits: how many sick smoking men the model thinks there are."""
    found = []
    for _ in range(fits):
        made = PrivateMarginals(epsilon=epsilon, delta=DELTA, noise=noise).fit(table, rng=np.random.default_rng(0))
        traits = np.array([_share(made, name) for name in ("sick", "smokes", "sex", "age")])
        found.append(made.patients + made.patients * traits.sum())
    return np.array(found)


def _share(made, name: str) -> float:
    """Share of the trait in the model: the highest level or number of the column, by the weight of its pieces."""
    place = [column.column.name for column in made.columns].index(name)
    column, cells = made.columns[place], made.model.marginal((place,))
    trait = np.append(column.edges[:-1] >= 4, False) if name == "age" else np.arange(len(column.cells)) == 1
    shares = [
        column.weights[(column.cells == cell) & trait].sum() / max(column.weights[column.cells == cell].sum(), 1e-9)
        for cell in range(column.size)
    ]
    return float(cells @ np.array(shares))


def audited(epsilon: float, seed: int) -> float:
    """Largest epsilon that the attack proves at 99.9 %, for a cut that was found on other fits than it is tried on."""
    noise = InsecureNoise(np.random.default_rng(seed))
    here, gone = (evidence(cohort(with_person), epsilon, FITS, noise) for with_person in (True, False))
    half = FITS // 2
    cuts = np.quantile(np.concatenate([here[:half], gone[:half]]), np.linspace(0.02, 0.98, 49))
    best = max(cuts, key=lambda cut: _bound((here[:half] > cut).sum(), (gone[:half] > cut).sum(), half))
    return _bound((here[half:] > best).sum(), (gone[half:] > best).sum(), half)


def _bound(hits: int, false_alarms: int, tries: int) -> float:
    """Lower bound on epsilon from Clopper-Pearson intervals of both rates, for the attack and its opposite."""
    proven = 0.0
    for right, wrong in ((hits, false_alarms), (tries - false_alarms, tries - hits)):
        low = stats.beta.ppf(0.0005, right, tries - right + 1) if right else 0.0
        high = stats.beta.ppf(0.9995, wrong + 1, tries - wrong) if wrong < tries else 1.0
        if low > DELTA:
            proven = max(proven, math.log((low - DELTA) / high))
    return proven


@pytest.mark.slow
def test_the_audit_never_proves_more_than_the_claim() -> None:
    assert audited(CLAIM, seed=1) <= CLAIM


@pytest.mark.slow
def test_the_audit_catches_a_claim_that_is_broken() -> None:
    assert audited(40 * CLAIM, seed=2) > CLAIM
