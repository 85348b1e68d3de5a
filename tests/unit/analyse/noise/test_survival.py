"""Survival in mode "dp": bounds hold, curves never rise, their intervals cover, the log-rank test keeps its level."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from tests.neighbours import agreed, largest_changes, visits
from tests.noise import with_noise

from cohortium.analyse import KaplanMeier, LogRank, pooled
from cohortium.analyse.noise.interval_counts import MOST_INTERVALS
from cohortium.analyse.noise.log_rank import noisy_rank_sums
from cohortium.analyse.noise.survival import NoisyCounts, falling, noisy_counts, noisy_curve
from cohortium.errors import NotApplicable
from cohortium.numerics.score_chi_square import score_chi_square
from cohortium.privacy.sensitivity import noisy_start
from cohortium.records import Column, Kind, Schema, State, Table

PLAIN = Schema(
    (
        Column("days", Kind.DURATION, unit="days", minimum=0, maximum=1000),
        Column("died", Kind.BOOLEAN),
        Column("arm", Kind.CATEGORICAL, levels=("a", "b")),
    )
)
CURVE = KaplanMeier("days", "died", ("arm",), at_days=(300.0,), restrict_days=800)
ALGORITHMS = (
    KaplanMeier("days", "died"),
    KaplanMeier("days", "died", ("stage", "ward"), step_days=10),
    LogRank("days", "died", ("stage",), ("ward",)),
)
HUGE, MODEST = Fraction(10**7), Fraction(6, 100)  # a step costs half: 0.03 is epsilon 1 at delta 1e-5
Z, RUNS = 1.959964, 400


def followed(n: int, seed: int, hazards: tuple[float, float] = (1 / 700, 1 / 700)) -> Table:
    """Exponential times in two arms, censored at random and after 900 days, in whole days."""
    rng = np.random.default_rng(seed)
    arm = rng.integers(0, 2, n)
    time, leaves = rng.exponential(1 / np.array(hazards)[arm]), np.minimum(rng.exponential(1500, n), 900)
    days = np.ceil(np.minimum(time, leaves))
    columns = {"days": days, "died": pa.array(time <= leaves), "arm": np.array(["a", "b"])[arm]}
    return Table(pa.table(columns), PLAIN)


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=repr)
@pytest.mark.parametrize("seed", range(3))
def test_no_person_changes_more_than_is_said(algorithm: KaplanMeier | LogRank, seed: int) -> None:
    table = visits(seed=seed)
    state = noisy_start(algorithm, agreed(algorithm, table).schema)
    limits, found = algorithm.sensitivity(state), largest_changes(algorithm, table, state)
    assert set(limits) == set(found)
    assert all(found[name] <= limits[name] for name in limits)
    assert found["leaving"] == found["group_persons"] == 1.0


def test_the_bound_holds_whatever_state_a_hub_sends() -> None:
    algorithm, table = KaplanMeier("days", "died"), visits()
    state = noisy_start(algorithm, agreed(algorithm, table).schema)
    grid = {"unit": "days", "factor": -3.0, "step": 1e-3}
    sent = State(state.step, {**state.facts, "grid": grid, "last": 2, "cells": []})
    assert max(largest_changes(algorithm, table, sent).values()) <= 1.0


def test_odd_records_raise_nothing_that_would_tell_of_them() -> None:
    """Negative times are refused otherwise; a refusal would tell that somebody has one."""
    table = followed(40, 0)
    odd = Table(table.arrow.set_column(0, "days", pa.array([-5.0, None, np.inf, *[10.0] * 37])), PLAIN)
    state = noisy_start(CURVE, PLAIN)
    sums = CURVE.local(CURVE.clip(odd, state), state)
    assert (int(sums["left_out"]), sums["leaving"].sum()) == (1, 39)


def test_what_cannot_be_had_under_noise_is_said() -> None:
    unknown = Schema((replace(PLAIN["days"], maximum=None), *PLAIN.columns[1:]))
    with pytest.raises(NotApplicable, match="horizon_days"):
        KaplanMeier("days", "died").start_noisy(unknown)
    assert KaplanMeier("days", "died", horizon_days=500).start_noisy(unknown).facts["last"] <= MOST_INTERVALS
    with pytest.raises(NotApplicable, match="entry"):
        KaplanMeier("days", "died", entry="arm").start_noisy(PLAIN)
    assert KaplanMeier("days", "died", step_days=100).start_noisy(PLAIN).facts["last"] == 10


def test_with_hardly_any_noise_it_is_the_pooled_curve() -> None:
    table = followed(20_000, 1)
    exact, noisy = pooled(CURVE, table), with_noise(CURVE, table, HUGE, np.random.default_rng(0))
    for name, columns, tolerance in (
        ("at_times", ("survival", "low", "high"), 2e-3),
        ("restricted_mean_differences", ("difference", "low", "high"), 1.0),
    ):
        for column in columns:
            np.testing.assert_allclose(noisy.tables[name][column], exact.tables[name][column], atol=tolerance)
    for column in ("median", "restricted_mean", "restricted_mean_low"):
        np.testing.assert_allclose(noisy.tables["groups"][column], exact.tables["groups"][column], atol=3.0)
    assert noisy.tables["groups"]["n"] == pytest.approx(exact.tables["groups"]["n"], abs=5)


def test_an_answer_of_modest_epsilon_lies_around_the_pooled_one() -> None:
    table = followed(2_000, 2, (1 / 500, 1 / 900))
    exact, noisy = pooled(CURVE, table), with_noise(CURVE, table, MODEST, np.random.default_rng(3))
    for name in ("a", "b"):
        rows = [place for place, group in enumerate(noisy.tables["curve"]["group"]) if group == name]
        curve = np.array(noisy.tables["curve"]["survival"])[rows]
        assert (np.diff(curve) <= 0).all()
        assert curve[0] < 1
    at, truth = noisy.tables["at_times"], exact.tables["at_times"]["survival"]
    assert all(low < value < high for low, value, high in zip(at["low"], truth, at["high"], strict=True))
    assert noisy.tables["restricted_mean_differences"]["p"][0] < 0.01
    n = noisy.tables["groups"]
    assert all(
        low <= k <= high for low, k, high in zip(n["n_low"], exact.tables["groups"]["n"], n["n_high"], strict=True)
    )
    assert noisy.facts["noise_sd"]["leaving"] < noisy.facts["noise_sd"]["persons"]


def test_a_handful_of_persons_is_hidden_and_that_is_said() -> None:
    for seed in range(4):
        answer = with_noise(CURVE, followed(12, seed), MODEST, np.random.default_rng(seed))
        assert not answer.tables
        assert "outweighs the persons of a, b" in answer.facts["notes"][0]


def drawn(n: int, deviation: float, shape: float, rng: np.random.Generator, scale: float = 1.0) -> NoisyCounts:
    """Noisy counts in 24 intervals up to 1 of Weibull times that some leave before."""
    time, leaves = scale * rng.weibull(shape, n), np.minimum(rng.exponential(1.5, n), 1.3)
    place = np.clip(np.ceil(24 * np.minimum(time, leaves)) - 1, 0, 24).astype(np.int64)
    leaving = np.zeros((2, 25), dtype=np.int64)
    np.add.at(leaving, (np.where(place == 24, 0, time <= leaves).astype(np.int64), place), 1)
    noisy = np.rint(leaving + rng.normal(0, deviation, leaving.shape)).astype(np.int64)
    return noisy_counts(noisy, round(n + rng.normal(0, 2 * deviation)), deviation, 2 * deviation)


@pytest.mark.parametrize(("n", "deviation", "shape"), [(300, 1.0, 1.0), (600, 5.0, 2.0), (5_000, 20.0, 1.0)])
def test_intervals_cover_survival_and_restricted_mean(n: int, deviation: float, shape: float) -> None:
    rng = np.random.default_rng(5)
    fine = np.linspace(0, 0.5, 2001)
    area, truth = np.trapezoid(np.exp(-(fine**shape)), fine), np.exp(-(0.5**shape))
    covered, means, errors = [], [], []
    for _ in range(RUNS):
        curve = noisy_curve(drawn(n, deviation, shape, rng), 1 / 24)
        assert curve is not None
        low, high = (curve.at(np.array([0.5]), limit)[0] for limit in curve.limits(Z))
        covered.append(low <= truth <= high)
        mean, variance = curve.restricted_mean(0.5)
        means.append(abs(mean - area) < Z * np.sqrt(variance))
        errors.append(curve.at(np.array([0.5]), curve.survival)[0] - truth)
    assert 0.91 < np.mean(covered) < 0.985  # three standard errors of the simulation and a little
    assert 0.91 < np.mean(means) < 0.985
    assert abs(np.mean(errors)) < 4 * np.std(errors) / np.sqrt(RUNS)


@pytest.mark.parametrize("sizes", [(300, 900), (1_000, 1_000, 500)])
def test_the_log_rank_test_keeps_its_level_and_finds_a_difference(sizes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(9)
    rejected, found, naive = [], [], []
    for scale, into in ((1.0, rejected), (0.6, found)):
        for _ in range(RUNS):
            counts = [drawn(n, 5.0, 1.0, rng, 1.0 if place else scale) for place, n in enumerate(sizes)]
            sums = noisy_rank_sums(counts, 0.0, 0.0)
            into.append((score_chi_square(sums.gaps, sums.covariance)[2] or 1.0) < 0.05)
            if into is rejected:  # what a test that knows nothing of the noise would do
                unaware = [replace(one, variance=1e-9) for one in counts]
                plain = noisy_rank_sums(unaware, 0.0, 0.0)
                naive.append((score_chi_square(plain.gaps, plain.covariance)[2] or 1.0) < 0.05)
    assert 0.02 < np.mean(rejected) < 0.085  # three standard errors of the simulation and a little
    assert np.mean(naive) > 0.13
    assert np.mean(found) > 0.5


def test_with_hardly_any_noise_it_is_the_pooled_log_rank_test() -> None:
    table, test = followed(3_000, 4, (1 / 600, 1 / 700)), LogRank("days", "died", ("arm",))
    exact, noisy = pooled(test, table), with_noise(test, table, HUGE, np.random.default_rng(0))
    assert noisy.facts["statistic"] == pytest.approx(exact.facts["statistic"], rel=0.15)
    assert noisy.facts["df"] == exact.facts["df"]
    for column, tolerance in (("n", 5), ("events", 5), ("expected", 8)):
        np.testing.assert_allclose(noisy.tables["groups"][column], exact.tables["groups"][column], atol=tolerance)


def test_groups_that_noise_outweighs_are_not_compared() -> None:
    answer = with_noise(LogRank("days", "died", ("arm",)), followed(12, 0), MODEST, np.random.default_rng(0))
    assert (answer.facts["p"], answer.facts["df"]) == (None, 0)
    assert "nothing to compare" in answer.facts["notes"][1]


def test_counts_that_agree_are_closer_than_counts_as_they_came() -> None:
    rng = np.random.default_rng(6)
    gaps = []
    for _ in range(RUNS):
        counts = drawn(1_000, 10.0, 1.0, rng)
        gaps.append(counts.at_risk[0] - 1_000)
    said = drawn(1_000, 10.0, 1.0, rng).deviations(counts.to_at_risk)[0]
    assert np.std(gaps) == pytest.approx(np.hypot(said, 5.0), rel=0.15)  # half of those censored there, by chance, too
    assert said < 0.5 * 10.0 * np.sqrt(49)


def test_the_falling_sequence_is_the_closest_one() -> None:
    from sklearn.isotonic import isotonic_regression

    values = np.random.default_rng(8).normal(0, 1, 60) - np.arange(60) / 20
    np.testing.assert_allclose(falling(values), isotonic_regression(values, increasing=False), atol=1e-12)
