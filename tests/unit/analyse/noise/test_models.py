"""Regressions, correlations, components and clusters in mode "dp": bounds, agreement without noise, intervals."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.modelled import MODELLED, SCHEMA, made
from tests.neighbours import agreed, largest_changes
from tests.neighbours import visits as few_kinds

from cohortium.analyse import (
    PCA,
    Correlation,
    KMeans,
    LinearRegression,
    LogisticRegression,
    PoissonRegression,
    drive,
)
from cohortium.errors import NotApplicable
from cohortium.privacy.sensitivity import Bounded, Stepped, Weighing, noisy_start, part_of_budget
from cohortium.records import Algorithm, Column, Kind, Schema, State, Sums, Table, agreed_schema, as_agreed

COVARIATES = ("age", "log(later)", "smoker", "ward", "ward:age", "smoker:stage", "rcs(days, 100, 300, 700)")
ALGORITHMS: tuple[Algorithm, ...] = (
    LinearRegression("marker", COVARIATES),
    LinearRegression("marker", ("square(age)",)),
    LogisticRegression("died", COVARIATES),
    LogisticRegression("ward", ("age", "days"), event="B"),
    PoissonRegression("age", ("later", "stage")),
    PoissonRegression("smoker", ("later",)),
    Correlation(("age", "marker", "smoker", "days")),
    PCA(("age", "marker", "later")),
    PCA(("age", "marker"), is_scaled=False),
    KMeans(("age", "marker"), 3),
    KMeans(("age", "later"), 2, is_scaled=False),
)


def states(algorithm: Algorithm, table: Table) -> list[State]:
    """All states in mode "dp", from records without noise, as they would travel."""
    seen: list[State] = []
    records = agreed(algorithm, table)

    def total_of(state: State) -> Sums:
        seen.append(State.from_bytes(state.to_bytes()))
        assert isinstance(algorithm, Bounded)
        return algorithm.local(algorithm.clip(records, state), state)

    drive(algorithm, records.schema, total_of, state=noisy_start(algorithm, records.schema))
    return seen


def narrowed(state: State, factor: float) -> State:
    """The state with nearer ends of rows and residuals."""
    ends = {name: state.facts[name] * factor for name in ("reach", "ends") if name in state.facts}
    return replace(state, facts=state.facts | ends)


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=repr)
def test_no_person_changes_more_than_is_said(algorithm: Algorithm) -> None:
    assert isinstance(algorithm, Bounded) and isinstance(algorithm, Stepped)
    table = few_kinds(90, 20)
    found = states(algorithm, table)
    assert sum(part_of_budget(algorithm, step) for step in range(len(found))) == 1
    for state, narrow in product([*found[:2], found[-1]], (1.0, 0.05)):  # at last a reach that most rows go beyond
        asked = narrowed(state, narrow)
        limits, changes = algorithm.sensitivity(asked), largest_changes(algorithm, table, asked)
        assert set(limits) == set(changes)
        for name, limit in limits.items():
            assert changes[name] <= limit * (1 + 1e-9), f"{name} in '{state.step}'"


@pytest.mark.parametrize(
    "algorithm", [Correlation(("age", "marker")), PCA(("age", "marker")), KMeans(("age", "marker"), 2)]
)
def test_bounds_are_what_a_person_at_the_ends_of_the_ranges_nearly_reaches(algorithm: Any) -> None:
    table = few_kinds(150, 40)
    for state in states(algorithm, table):
        limits, changes = algorithm.sensitivity(state), largest_changes(algorithm, table, state)
        assert max(changes[name] / limits[name] for name in limits if name not in ("persons", "size")) > 0.3


@settings(max_examples=30, deadline=None)
@given(
    algorithm=st.sampled_from(ALGORITHMS),
    seed=st.integers(0, 10_000),
    size=st.sampled_from([0.0, 1e-3, 1.0, 1e6, float("nan"), float("inf")]),
)
def test_bounds_hold_for_any_state_that_a_hub_could_send(algorithm: Algorithm, seed: int, size: float) -> None:
    assert isinstance(algorithm, Bounded)
    rng = np.random.default_rng(seed)
    table = few_kinds(40, 8, seed)
    told = states(algorithm, few_kinds(90, 20))
    state = told[rng.integers(len(told))]
    arrays = {name: rng.normal(size=value.shape) * size for name, value in state.arrays.items() if "level" not in name}
    facts = {name: abs(rng.normal()) * 3 if name in ("reach", "ends") else value for name, value in state.facts.items()}
    sent = State(state.step, facts, state.arrays | arrays)
    limits = algorithm.sensitivity(sent)
    with np.errstate(all="ignore"):
        changes = largest_changes(algorithm, table, sent)
    for name, limit in limits.items():
        assert changes[name] <= limit * (1 + 1e-9) or not np.isfinite(limit), name  # no plan takes what is not finite


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=repr)
def test_a_step_of_another_mode_is_not_bounded(algorithm: Algorithm) -> None:
    assert isinstance(algorithm, Bounded)
    state = algorithm.start(agreed(algorithm, few_kinds()).schema)
    with pytest.raises(NotApplicable, match="no step"):
        algorithm.sensitivity(state)


@pytest.mark.parametrize(
    ("algorithm", "message"),
    [
        (LinearRegression("score", MODELLED, errors="HC1"), "errors = 'HC1'"),
        (LinearRegression("score", ("age",), lasso=0.1), "lasso"),
        (LinearRegression("score", ("age",), weights="pressure"), "'weights'"),
        (LogisticRegression("relapse", ("age",), offset="score"), "'offset'"),
        (PoissonRegression("visits", ("age",), exposure="pressure"), "'exposure'"),
        (Correlation(("age", "score"), method="spearman"), "method = 'pearson'"),
        (LinearRegression("score", ("log(age)",)), "log"),
        (PCA(("age", "free")), "plausible range of 'free'"),
    ],
    ids=repr,
)
def test_what_cannot_be_had_is_refused_before_any_record_is_read(algorithm: Algorithm, message: str) -> None:
    schema = Schema((*SCHEMA.columns, Column("free", Kind.CONTINUOUS)))
    with pytest.raises(NotApplicable, match=message):
        noisy_start(algorithm, schema)


def test_weights_of_arrays_follow_from_the_state() -> None:
    algorithm = LinearRegression("score", MODELLED)
    assert isinstance(algorithm, Weighing)
    table = made(200, 1)
    state = states(algorithm, table)[-1]
    schema = agreed_schema([table.schema], algorithm.columns())
    sums = reduce(Sums.__add__, (algorithm.local(as_agreed(table, schema), state) for _ in range(2)))
    assert set(algorithm.array_weights(state)) <= set(sums)
