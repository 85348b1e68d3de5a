"""Counts in mode "dp": no person adds more than is said, the noise is what was declared, and intervals hold."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats
from tests.noise import SITES, plan_for, with_noise

from cohortium.analyse import CohortCount, Contingency, Histogram, Quantiles, pooled
from cohortium.analyse.noise.counts import interval, shares
from cohortium.privacy.accounting import rho_of
from cohortium.privacy.secure_noise import InsecureNoise, discrete_gaussian
from cohortium.privacy.sensitivity import Bounded, one_row_per_person
from cohortium.records import Algorithm, Column, Kind, Role, Schema, Sums, Table, agreed_schema, as_agreed

SCHEMA = Schema(
    (
        Column("person", Kind.IDENTIFIER, frozenset({Role.PERSON_KEY})),
        Column("age", Kind.INTEGER, minimum=18, maximum=100),
        Column("marker", Kind.CONTINUOUS, minimum=0, maximum=50),
        Column("stage", Kind.CATEGORICAL, levels=("I", "II")),
        Column("ward", Kind.CATEGORICAL, levels=("A", "B", "C")),
    )
)
ALGORITHMS: tuple[Algorithm, ...] = (
    Histogram("marker", bins=6),
    Contingency("stage", "ward"),
    CohortCount(("age >= 40", "marker > 10"), ("ward",)),
    CohortCount(("age >= 40",)),
    Quantiles(("age", "marker"), cuts=5),
)
RHO = Fraction(1, 20)


def visits(n: int = 90, persons: int = 30, seed: int = 0) -> Table:
    """Several rows a person, some cells missing, some values beyond their plausible ranges."""
    rng = np.random.default_rng(seed)
    columns = {
        "person": [f"P{k}" for k in rng.integers(0, persons, n)],
        "age": pa.array(rng.integers(10, 110, n)),
        "marker": pa.array(np.where(rng.random(n) < 0.2, np.nan, rng.normal(25, 20, n)), from_pandas=True),
        "stage": pa.array(rng.choice(["I", "II"], n), mask=rng.random(n) < 0.2),
        "ward": rng.choice(["A", "B", "C"], n),
    }
    return Table(pa.table(columns), SCHEMA)


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda one: type(one).__name__)
def test_no_person_changes_more_than_is_said(algorithm: Algorithm) -> None:
    assert isinstance(algorithm, Bounded)
    table = visits()
    agreed = as_agreed(table, agreed_schema([SCHEMA], algorithm.columns()))
    state = algorithm.start(agreed.schema)
    limits = algorithm.sensitivity(state)
    whole = algorithm.local(algorithm.clip(agreed, state), state)
    assert set(limits) == set(whole)
    largest = dict.fromkeys(limits, 0.0)
    for person in np.unique(table.persons()):
        rest = algorithm.local(algorithm.clip(agreed.take(table.persons() != person), state), state)
        for name in limits:
            largest[name] = max(largest[name], float(np.linalg.norm(whole[name] - rest[name])))
    for name, limit in limits.items():
        assert largest[name] <= limit * (1 + 1e-9)
        # of a quantile's points all but the first are above somebody's value
        assert largest[name] == pytest.approx(limit, rel=0.2 if name == "at_most" else 1e-9) or name in (
            "outside",
            "missing",
        )
    unclipped = algorithm.local(agreed, state)
    assert whole.persons == unclipped.persons < len(agreed)


def test_the_record_that_goes_furthest_stands_for_the_person() -> None:
    """Counts after each criterion are those of all records, though one record of each person is left."""
    table, algorithm = visits(), CohortCount(("age >= 40", "marker > 10"), ("ward",))
    agreed = as_agreed(table, agreed_schema([SCHEMA], algorithm.columns()))
    state = algorithm.start(agreed.schema)
    kept = algorithm.clip(agreed, state)
    assert len(kept) == len(np.unique(table.persons())) < len(table)
    assert (algorithm.local(kept, state)["after"] == algorithm.local(agreed, state)["after"]).all()
    first = one_row_per_person(agreed)
    assert (algorithm.local(first, state)["after"] != algorithm.local(agreed, state)["after"]).any()


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda one: type(one).__name__)
def test_without_noise_nothing_is_said_of_it(algorithm: Algorithm) -> None:
    answer = pooled(algorithm, visits())
    assert not {"noise_sd", "noise_level", "cohort_low"} & set(answer.facts)
    assert not any(name.endswith("_low") for table in answer.tables.values() for name in table)


def test_noise_is_right_on_average_and_as_wide_as_the_answer_says() -> None:
    algorithm, table = Histogram("marker", bins=2_000, low=-1e3, high=1e3), one_row_per_person(visits(3_000, 2_000))
    exact = pooled(algorithm, table)
    noisy = with_noise(algorithm, table, RHO, np.random.default_rng(1))
    gaps = np.array(noisy.tables["bins"]["n"]) - np.array(exact.tables["bins"]["n"])
    said = noisy.facts["noise_sd"]["inside"]
    assert abs(gaps.mean()) < 4 * said / math.sqrt(len(gaps))
    assert gaps.std() == pytest.approx(said, rel=0.08)
    assert said**2 >= 1 / (2 * float(RHO) / 2 / 4)  # a step costs half, and its four arrays a quarter of that each
    assert min(noisy.tables["bins"]["n"]) < 0
    held = [
        low <= n <= high
        for low, n, high in zip(
            noisy.tables["bins"]["n_low"], exact.tables["bins"]["n"], noisy.tables["bins"]["n_high"], strict=True
        )
    ]
    assert 0.935 < np.mean(held) < 0.985
    assert min(noisy.tables["bins"]["n_low"]) == 0
    assert noisy.facts["n"] == pytest.approx(exact.facts["n"], abs=6 * said)


def test_a_total_says_how_much_noise_it_carries(rng: np.random.Generator) -> None:
    algorithm = Histogram("marker", bins=4)
    schema = agreed_schema([SCHEMA], algorithm.columns())
    records = as_agreed(visits(), schema)
    plan = plan_for(algorithm, schema, algorithm.start(schema), RHO)
    words = plan.words(algorithm.local(one_row_per_person(records), algorithm.start(schema)), InsecureNoise(rng))
    layout = algorithm.local(records, algorithm.start(schema)).layout
    total = plan.total(words, layout, sites=2)
    assert total.noise == {name: plan.deviation(name, 2) for name in total}
    assert (total + total).noise["inside"] == pytest.approx(math.sqrt(2) * plan.deviation("inside", 2))
    assert plan.total(words, layout).noise["inside"] > total.noise["inside"]
    assert not Sums.from_bytes(total.to_bytes()).noise  # what a site sends carries no claim about noise


def test_steps_of_a_cohort_carry_their_intervals() -> None:
    algorithm, table = CohortCount(("age >= 40", "marker > 10"), ("ward",)), visits(3_000, 2_000)
    exact, noisy = pooled(algorithm, table), with_noise(algorithm, table, Fraction(1, 2), np.random.default_rng(2))
    steps = noisy.tables["steps"]
    assert steps["persons"] != exact.tables["steps"]["persons"]
    for low, noise_free, high in zip(
        steps["persons_low"], exact.tables["steps"]["persons"], steps["persons_high"], strict=True
    ):
        assert low <= noise_free <= high
    assert noisy.facts["cohort_low"] <= exact.facts["cohort"] <= noisy.facts["cohort_high"]
    assert len(noisy.tables["groups"]["persons_low"]) == len(noisy.tables["groups"]["ward"])
    assert any("one group" in note for note in noisy.facts["notes"])


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda one: type(one).__name__)
def test_an_empty_cohort_under_noise_still_gives_an_answer(algorithm: Algorithm) -> None:
    for seed in range(8):
        answer = with_noise(algorithm, visits().take([]), RHO, np.random.default_rng(seed))
        for table in answer.tables.values():
            assert all(0 <= share <= 1 for share in table.get("share", []) if share is not None)
            for name in (column for column in table if column.endswith("_low")):
                assert min(table[name]) >= 0


def test_bounds_start_at_zero_and_are_rounded_outwards() -> None:
    assert interval([-50, 0, 10], 2.0) == ([0, 0, 6], [0, 4, 14])
    assert shares([-3, 5, 30], 20) == [0.0, 0.25, 1.0]
    assert shares([1], -2) == [None]


CLAIM, DELTA, RUNS = 1.0, 1e-5, 20_000


def proven(rho: Fraction) -> float:
    """Largest epsilon, at 99.9 %, that an attacker proves who knows all but one person and sees every count.

    He weighs the two counts that the person changes by their noise, the best that he can do, and picks his cut on one
    half of the runs.
    """
    algorithm = Histogram("marker", bins=4)
    here = as_agreed(one_row_per_person(visits()), agreed_schema([SCHEMA], algorithm.columns()))
    state = algorithm.start(here.schema)
    known = ~here.missing("marker") & (here.numeric("marker") > 0) & (here.numeric("marker") < 50)
    gone = here.take(np.arange(len(here)) != np.flatnonzero(known)[0])
    plan, noise = plan_for(algorithm, here.schema, state, rho), InsecureNoise(np.random.default_rng(3))
    with_one, without = (algorithm.local(algorithm.clip(one, state), state) for one in (here, gone))
    changed = int(np.flatnonzero(with_one["inside"] != without["inside"])[0])
    scores = []
    for sums in (with_one, without):
        score = np.zeros(RUNS)
        for name, value in (("persons", sums.persons), ("inside", int(sums["inside"][changed]))):
            variance = plan.arrays[name].variance
            drawn = discrete_gaussian(variance, SITES * RUNS, noise).reshape(SITES, RUNS).sum(0)
            score += (value + drawn) / plan.deviation(name) ** 2
        scores.append(score)
    half = RUNS // 2
    cuts = np.quantile(np.concatenate([one[:half] for one in scores]), np.linspace(0.01, 0.99, 99))
    best = max(cuts, key=lambda cut: _bound(scores[0][:half] > cut, scores[1][:half] > cut))
    return _bound(scores[0][half:] > best, scores[1][half:] > best)


def _bound(hits: np.ndarray, false_alarms: np.ndarray) -> float:
    found = 0.0
    for right, wrong in ((hits.sum(), false_alarms.sum()), ((~false_alarms).sum(), (~hits).sum())):
        low = stats.beta.ppf(0.0005, right, len(hits) - right + 1) if right else 0.0
        high = stats.beta.ppf(0.9995, wrong + 1, len(hits) - wrong) if wrong < len(hits) else 1.0
        found = max(found, math.log((low - DELTA) / high)) if low > DELTA else found
    return found


def test_an_attacker_proves_no_more_than_the_claimed_epsilon() -> None:
    assert 0.05 < proven(Fraction(rho_of(CLAIM, DELTA))) <= CLAIM


def test_the_attack_catches_noise_that_is_too_small() -> None:
    assert proven(30 * Fraction(rho_of(CLAIM, DELTA))) > CLAIM
