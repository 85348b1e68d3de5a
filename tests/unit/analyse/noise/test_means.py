"""Comparisons of groups in mode "dp": bounds hold, tests keep their level, intervals cover."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from tests.neighbours import SCHEMA, agreed, largest_changes, visits
from tests.noise import with_noise

from cohortium.analyse import Anova, TableOne, TTest, pooled
from cohortium.analyse.noise.means import NoisyMoments, noisy_moments, weighted_welch
from cohortium.errors import NotApplicable, ProtocolViolation
from cohortium.numerics.distributions import t_sf
from cohortium.privacy.sensitivity import bounded, noisy_start
from cohortium.records import Algorithm, Schema, State, Table

ALGORITHMS: tuple[Algorithm, ...] = (
    TTest("marker", "stage"),
    TTest("age", "ward", between=("A", "C")),
    TTest("marker", kind="paired", second="later"),
    TTest("smoker", "stage", kind="student"),
    Anova("age", "ward"),
    TableOne(("age", "marker", "smoker", "stage"), "ward"),
)
HUGE = Fraction(10**7)
RUNS = 600


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=repr)
@pytest.mark.parametrize("seed", range(3))
def test_no_person_changes_more_than_is_said(algorithm: Algorithm, seed: int) -> None:
    table = visits(seed=seed)
    state = noisy_start(algorithm, agreed(algorithm, table).schema)
    limits, found = bounded(algorithm, SCHEMA).sensitivity(state), largest_changes(algorithm, table, state)
    assert set(limits) == set(found)
    assert all(found[name] <= limits[name] * (1 + 1e-9) for name in limits)
    assert found["persons"] == 1.0
    assert found["squares"] > 0.5 * limits["squares"]  # the bound is no more than what somebody reaches, nearly


@pytest.mark.parametrize("ends", [[20.0, 21.0], [0.0, 1000.0]])
def test_the_bound_holds_whatever_state_a_hub_sends(ends: list[float]) -> None:
    algorithm, table = TTest("age", "stage"), visits()
    state = noisy_start(algorithm, agreed(algorithm, table).schema)
    sent = State(state.step, {**state.facts, "ranges": {"age": ends}}, {"centre": np.array([300.0, -5.0])})
    limits, found = algorithm.sensitivity(sent), largest_changes(algorithm, table, sent)
    assert all(found[name] <= limits[name] * (1 + 1e-9) for name in limits)


@pytest.mark.parametrize("ends", [[0.5, 0.7], [3.0, 1.0], [float("nan"), 1.0]])
def test_a_range_that_is_none_is_refused(ends: list[float]) -> None:
    algorithm = TTest("age", "stage")
    records = agreed(algorithm, visits())
    state = State("noisy sums", {"groups": ["I", "II"], "ranges": {"age": ends}}, {"centre": np.zeros(2)})
    with pytest.raises(ProtocolViolation):
        algorithm.clip(records, state)


def test_without_a_plausible_range_there_is_no_answer() -> None:
    unknown = Schema(tuple(replace(column, maximum=None) for column in SCHEMA.columns))
    with pytest.raises(NotApplicable, match="plausible range of 'marker'"):
        TTest("marker", "stage").start_noisy(unknown)


def people(n: int, seed: int, gap: float = 0.0) -> Table:
    """One row a person; older in ward C by ``gap``, and smokers more often."""
    table = visits(n, 10 * n, seed)
    ward = table.codes("ward")[0]
    rng = np.random.default_rng(seed)
    columns = {
        "age": np.rint(rng.normal(50, 12, n) + gap * (ward == 2)),
        "smoker": rng.random(n) < 0.3 + gap / 80 * ward,
    }
    arrow = table.arrow
    for name, values in columns.items():
        kind = arrow.schema.field(name).type
        arrow = arrow.set_column(arrow.column_names.index(name), name, pa.array(values).cast(kind))
    return Table(arrow, SCHEMA)


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=repr)
def test_with_hardly_any_noise_it_is_the_answer_of_the_clipped_records(algorithm: Algorithm) -> None:
    table = visits(600, 400)
    noisy = with_noise(algorithm, table, HUGE, np.random.default_rng(0))
    records = agreed(algorithm, table)
    clipped = algorithm.clip(records, noisy_start(algorithm, records.schema))  # type: ignore[attr-defined]
    exact = pooled(algorithm, clipped)
    assert noisy.persons == pytest.approx(exact.persons, abs=6)
    for fact in ("estimate", "low", "high", "p", "welch_F", "welch_p"):
        if (
            exact.facts.get(fact) is not None
            and (fact in noisy.facts or fact == "p")
            and noisy.facts.get(fact) is not None
        ):
            assert noisy.facts[fact] == pytest.approx(exact.facts[fact], rel=0.1, abs=0.1)
    for name, cells in exact.tables.items():
        for column in set(cells) & {"mean", "sd", "share", "p"}:
            np.testing.assert_allclose(noisy.tables[name][column], cells[column], rtol=0.1, atol=0.05)


def drawn(sizes: tuple[int, ...], mean: float, deviation: float, rng: np.random.Generator) -> NoisyMoments:
    """Noisy moments of groups with the same mean, of values between 0 and 100 around their middle."""
    noise = {"known": deviation, "sum": 50 * deviation, "squares": 2500 * deviation}
    values = [np.clip(rng.normal(mean, 15, n), 0, 100) - 50 for n in sizes]
    known = np.rint(np.array(sizes) + rng.normal(0, noise["known"], len(sizes))).astype(np.int64)
    sums = np.array([one.sum() for one in values]) + rng.normal(0, noise["sum"], len(sizes))
    squares = np.array([(one**2).sum() for one in values]) + rng.normal(0, noise["squares"], len(sizes))
    return noisy_moments(known, sums, squares, noise, np.full(len(sizes), 50.0), (0.0, 100.0))


@pytest.mark.parametrize(
    ("sizes", "mean", "deviation"), [((60, 200, 90), 50, 3), ((400, 900), 25, 10), ((80, 120), 50, 0.5)]
)
def test_tests_keep_their_level_and_intervals_cover(sizes: tuple[int, ...], mean: float, deviation: float) -> None:
    rng = np.random.default_rng(7)
    rejected, pooled_rejected, naive, covered = [], [], [], []
    for _ in range(RUNS):
        one = drawn(sizes, mean, deviation, rng)
        rejected.append(weighted_welch(one.found.mean, one.error, one.freedom)["welch_p"] < 0.05)
        covered += list(t_sf(np.abs(one.found.mean - mean) / np.sqrt(one.error), one.freedom) > 0.025)
        same = one.pooled()
        apart = (same.found.mean[0] - same.found.mean[1]) / np.sqrt(same.error[0] + same.error[1])
        pooled_rejected.append(2 * t_sf(abs(apart), same.freedom[0]) < 0.05)
        chance = np.maximum(one.found.variance, 1) / one.found.n
        naive.append(weighted_welch(one.found.mean, chance, np.maximum(one.found.n - 1.0, 1))["welch_p"] < 0.05)
    assert 0.025 < np.mean(rejected) < 0.08  # three standard errors of the simulation and a little
    assert 0.025 < np.mean(pooled_rejected) < 0.08
    assert 0.93 < np.mean(covered) < 0.975
    low, high = one.interval(0.95)
    assert t_sf((high - one.found.mean) / np.sqrt(one.error), one.freedom) == pytest.approx(0.025)
    assert (low + high) / 2 == pytest.approx(one.found.mean)
    assert deviation < 1 or np.mean(naive) > 0.2  # what a test that knows nothing of the noise would do


def test_a_difference_is_found_and_lies_in_its_interval() -> None:
    table = people(4_000, 3, gap=8.0)
    exact = pooled(TTest("age", "ward", between=("C", "A")), table)
    noisy = with_noise(TTest("age", "ward", between=("C", "A")), table, Fraction(1, 16), np.random.default_rng(1))
    assert noisy.facts["low"] < exact.facts["estimate"] < noisy.facts["high"]
    assert noisy.facts["p"] < 0.01
    assert noisy.facts["cohens_d"] is None
    table_one = with_noise(TableOne(("age", "smoker"), "ward"), table, Fraction(1, 16), np.random.default_rng(1))
    assert max(table_one.tables["tests"]["p"]) < 0.01
    assert table_one.tables["tests"]["smd"] == [None, None]


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=repr)
def test_a_handful_of_persons_is_hidden_and_that_is_said(algorithm: Algorithm) -> None:
    for seed in range(4):
        answer = with_noise(algorithm, visits(9, 9), Fraction(1, 50), np.random.default_rng(seed))
        told = answer.tables.get("groups", answer.tables.get("numeric"))
        assert told is not None
        assert None in told["mean"]
        assert any("outweighs" in note for note in answer.facts["notes"])
