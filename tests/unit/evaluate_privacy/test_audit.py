"""The audit of mechanisms whose epsilon is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from cohortium.errors import InvalidRequest, TooFewRecords
from cohortium.evaluate.audit import audit_epsilon, expose, shadow_membership
from cohortium.evaluate.comparison import Comparison
from cohortium.records import Column, Kind, Role, Schema, Table

A, B = 40, 10
SCHEMA = Schema((Column("a", Kind.CATEGORICAL), Column("b", Kind.CATEGORICAL)))


def cells(places: np.ndarray) -> Table:
    frame = pd.DataFrame(
        {"a": np.char.add("a", (places // B).astype(str)), "b": np.char.add("b", (places % B).astype(str))}
    )
    return Table.from_pandas(frame, SCHEMA)


def places_of(table: Table) -> np.ndarray:
    numbers = [
        np.array([int(level[1:]) for level in table.codes(name)[1]])[table.codes(name)[0]] for name in ("a", "b")
    ]
    return numbers[0] * B + numbers[1]


def noisy_histogram(epsilon: float) -> Callable[[Table, np.random.Generator], Table]:
    """Laplace noise on all cells: differentially private with exactly this epsilon, per row added or left out."""

    def fit_and_sample(table: Table, rng: np.random.Generator) -> Table:
        counts = np.bincount(places_of(table), minlength=A * B) + rng.laplace(0, 1 / epsilon, A * B)
        chances = np.maximum(counts, 0)
        return cells(rng.choice(A * B, len(table), p=chances / chances.sum()))

    return fit_and_sample


def bootstrap(table: Table, rng: np.random.Generator) -> Table:
    return table.take(rng.integers(0, len(table), len(table)))


@pytest.fixture
def crowd() -> Table:
    """A thousand rows in the first half of the cells."""
    return cells(np.random.default_rng(0).integers(0, A * B // 2, 1_000))


CANARIES = cells(np.arange(A * B // 2, A * B))
"""One row in each of the cells that nobody else is in."""


@pytest.mark.parametrize("epsilon", [0.5, 1.0, 2.0])
def test_the_bound_stays_below_the_true_epsilon_and_is_not_idle(epsilon: float, crowd: Table) -> None:
    bounds = [
        audit_epsilon(noisy_histogram(epsilon), crowd, canaries=CANARIES, runs=4, rng=np.random.default_rng(seed)).value
        for seed in range(6)
    ]
    assert max(bounds) <= epsilon
    assert np.median(bounds) > 0.15 * epsilon


def test_a_claim_that_is_broken_is_found_out(crowd: Table) -> None:
    """The noise is a twentieth of what the claim needs."""
    score = audit_epsilon(noisy_histogram(20.0), crowd, canaries=CANARIES, claim=1.0, rng=np.random.default_rng(1))
    assert score.value > 1.0 == score.detail["claim"]


def test_copying_is_proven_and_ignoring_the_data_is_not(crowd: Table) -> None:
    rng = np.random.default_rng(2)
    assert audit_epsilon(bootstrap, crowd, canaries=CANARIES, rng=rng).value > 2.0
    blind = audit_epsilon(lambda table, r: cells(r.integers(0, A * B, len(table))), crowd, canaries=CANARIES, rng=rng)
    assert blind.value < 0.2


def test_a_large_delta_proves_less(crowd: Table) -> None:
    found = [
        audit_epsilon(bootstrap, crowd, canaries=CANARIES, delta=delta, rng=np.random.default_rng(3)).value
        for delta in (0.0, 1e-4)
    ]
    assert found[1] < found[0]


def test_the_shadow_attack_finds_isolated_persons_in_copies_only(pair: Callable[..., Comparison]) -> None:
    one = pair(300)
    found = shadow_membership(bootstrap, one.real, canaries=20, runs=6, rng=np.random.default_rng(4))
    assert found.low > 0.65
    new = one.holdout
    assert new is not None
    nothing = shadow_membership(
        lambda table, r: bootstrap(new, r), one.real, canaries=20, runs=6, rng=np.random.default_rng(4)
    )
    assert nothing.low <= 0.5 <= nothing.high


def test_a_canary_s_rows_go_together_and_its_coin_decides(pair: Callable[..., Comparison]) -> None:
    import pyarrow as pa

    one = pair(120)
    key = Column("who", Kind.IDENTIFIER, frozenset({Role.PERSON_KEY}))
    arrow = one.real.arrow.append_column("who", pa.array((np.arange(120) // 3).astype(str)))
    table = Table(arrow, Schema((*one.real.schema.columns, key)))
    seen: list[Table] = []

    def remember(given: Table, rng: np.random.Generator) -> Table:
        seen.append(given)
        return bootstrap(given, rng)

    found = expose(remember, table, canaries=10, runs=5, rng=np.random.default_rng(0))
    assert found.included.shape == found.nearest.shape == (5, 10)
    for given, coins in zip(seen, found.included, strict=True):
        counts = np.bincount(given.factorised("who"))
        assert (counts == 3).all() and len(counts) == 30 + coins.sum()


def test_the_same_seed_repeats(crowd: Table) -> None:
    first, second = (
        audit_epsilon(noisy_histogram(5.0), crowd, canaries=40, runs=2, rng=np.random.default_rng(9)) for _ in range(2)
    )
    assert first == second


def test_what_cannot_be_audited_is_said(crowd: Table) -> None:
    with pytest.raises(TooFewRecords, match="20 more persons"):
        audit_epsilon(bootstrap, crowd, canaries=990, rng=np.random.default_rng(0))
    with pytest.raises(InvalidRequest, match="at least one run"):
        audit_epsilon(bootstrap, crowd, runs=0, rng=np.random.default_rng(0))
