"""Synthetic persons who live too long, are followed too briefly, or are lost for other reasons."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from cohortium.errors import NotApplicable, TooFewRecords
from cohortium.evaluate import Comparison
from cohortium.evaluate.survival import (
    censoring_divergence,
    concordance_tstr,
    hazard_ratio_overlap,
    km_divergence,
    log_rank_p,
    optimism,
    short_sightedness,
)
from cohortium.records import Role, Score, Table

Make = Callable[..., Table]


def followed(
    make_table: Make, n: int, seed: int, *, life: float = 10.0, end: float = 20.0, hazard: float = 1.0
) -> Table:
    rng = np.random.default_rng([9, seed])
    x = rng.normal(size=n)
    death, lost = rng.exponential(life * np.exp(-hazard * x)), rng.uniform(0.2 * end, end, n)
    return make_table(
        {"x": x, "y": rng.normal(size=n), "t": np.minimum(death, lost), "e": death <= lost},
        roles={"t": Role.TIME, "e": Role.EVENT},
    )


def ask(metric: Callable[..., Score], *tables: Table) -> Score:
    return metric(Comparison(*tables), rng=np.random.default_rng(0))


def test_longer_lives_are_optimistic(make_table: Make) -> None:
    real = followed(make_table, 2_000, 1)
    for life, sign in ((20.0, 1), (5.0, -1)):
        other = followed(make_table, 2_000, 2, life=life)
        score = ask(optimism, real, other)
        assert score.value * sign > 0.1
        assert score.low * sign > 0
        gap = ask(km_divergence, real, other)
        assert gap.value == pytest.approx(abs(score.value), rel=0.02)
        assert ask(log_rank_p, real, other).value < 1e-10
    same = ask(optimism, real, followed(make_table, 2_000, 3))
    assert same.low < 0 < same.high


def test_the_interval_of_optimism_is_as_wide_as_its_noise(make_table: Make) -> None:
    scores = [ask(optimism, followed(make_table, 300, 2 * i), followed(make_table, 300, 2 * i + 1)) for i in range(60)]
    spread = np.std([score.value for score in scores])
    claimed = np.mean([score.high - score.low for score in scores]) / (2 * 1.96)
    assert claimed == pytest.approx(spread, rel=0.35)
    assert np.mean([score.low <= 0 <= score.high for score in scores]) > 0.88


def test_short_follow_up(make_table: Make) -> None:
    real = followed(make_table, 1_000, 1)
    assert ask(short_sightedness, real, followed(make_table, 1_000, 2, end=10.0)).value == pytest.approx(0.5, abs=0.05)
    assert ask(short_sightedness, real, followed(make_table, 1_000, 3, end=40.0)).value == 0.0


def test_censoring_is_seen_where_survival_agrees(make_table: Make) -> None:
    real = followed(make_table, 3_000, 1)
    lost_early = followed(make_table, 3_000, 2, end=12.0)
    assert ask(censoring_divergence, real, lost_early).value > 3 * ask(km_divergence, real, lost_early).value
    assert ask(log_rank_p, real, lost_early).value > 0.01


def test_hazard_ratios_that_are_gone(make_table: Make) -> None:
    real = followed(make_table, 1_500, 1)
    kept, gone = followed(make_table, 1_500, 2), followed(make_table, 1_500, 3, hazard=0.0)
    good, bad = ask(hazard_ratio_overlap, real, kept), ask(hazard_ratio_overlap, real, gone)
    assert good.value > bad.value + 0.15
    terms = {term["term"]: term["synthetic"][0] for term in bad.detail["terms"]}
    assert abs(terms["x"]) < 0.15
    assert ask(hazard_ratio_overlap, real, real).value == pytest.approx(1.0)


def test_models_from_synthetic_persons_rank_real_ones(make_table: Make) -> None:
    real, held = followed(make_table, 1_000, 1), followed(make_table, 1_000, 2)
    good = ask(concordance_tstr, real, followed(make_table, 1_000, 3), held)
    assert good.value == pytest.approx(good.detail["trained_on_real"], abs=0.01)
    assert good.low < good.value < good.high
    assert ask(concordance_tstr, real, followed(make_table, 1_000, 4, hazard=-1.0), held).value < 0.4
    with pytest.raises(NotApplicable):
        ask(concordance_tstr, real, real)


def test_too_few_events(make_table: Make) -> None:
    few = followed(make_table, 25, 1, life=1e6)
    for metric in (km_divergence, optimism, hazard_ratio_overlap, log_rank_p, short_sightedness):
        with pytest.raises(TooFewRecords, match="20 events"):
            ask(metric, few, few)


def test_no_synthetic_event_is_a_large_gap_and_no_crash(make_table: Make) -> None:
    real, immortal = followed(make_table, 500, 1), followed(make_table, 500, 2, life=1e9)
    assert ask(km_divergence, real, immortal).value > 0.3
    assert ask(optimism, real, immortal).value > 0.3
    with pytest.raises(TooFewRecords):
        ask(hazard_ratio_overlap, real, immortal)
