"""Gray's test: what it must agree with, how often it is wrong, and settings that do not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.conformance.examples.example import patients

from cohortium.analyse import GrayTest, pooled
from cohortium.analyse.log_rank import rank_sums
from cohortium.errors import InvalidRequest, TooFewRecords
from cohortium.numerics.distributions import chi2_sf
from cohortium.numerics.gray_sums import gray_sums
from cohortium.numerics.life_table import numbers_at_risk
from cohortium.privacy.disclosure import DisclosureRules
from cohortium.privacy.result_cells import without_small_cells


def counts(rng: np.random.Generator, n: int, horizon: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two groups with the same risks: events of a cause, of another, and numbers at risk at each time (2, T)."""
    leaving = np.zeros((2, 3, horizon + 1), dtype=np.int64)
    until, censored = rng.exponential([[30.0], [45.0]], (2, n)), rng.uniform(10, horizon, n)
    cause = np.where(until.min(axis=0) > censored, 0, 1 + until.argmin(axis=0))
    time = np.ceil(np.minimum(until.min(axis=0), censored)).astype(np.int64)
    np.add.at(leaving, (rng.integers(0, 2, n), cause, time), 1)
    return leaving[:, 1], leaving[:, 2], numbers_at_risk(leaving.sum(axis=1))


def test_without_other_causes_the_score_is_that_of_the_log_rank_test() -> None:
    events, _, at_risk = counts(np.random.default_rng(0), 200)
    found = gray_sums(events, np.zeros_like(events), at_risk)
    gaps, expected, _ = rank_sums(events, at_risk, 0.0, 0.0)
    np.testing.assert_allclose(found.score, gaps)
    np.testing.assert_allclose(found.expected, expected)


@pytest.mark.parametrize("rho", [0.0, 1.0])
def test_groups_alike_are_called_different_as_often_as_the_level_says(rho: float) -> None:
    """Of 2,000 studies 5 % at level 0.05: between 3.4 % and 6.6 % but for one chance in a thousand."""
    rng, wrong = np.random.default_rng(1), 0
    for _ in range(2000):
        found = gray_sums(*counts(rng, 150), rho)
        wrong += int(chi2_sf(found.score[0] ** 2 / found.covariance[0, 0], 1) < 0.05)
    assert 68 <= wrong <= 132


def test_scores_of_all_groups_cancel() -> None:
    events, others, at_risk = counts(np.random.default_rng(2), 200)
    found = gray_sums(events, others, at_risk)
    assert found.score.sum() == pytest.approx(0.0, abs=1e-10)
    np.testing.assert_allclose(found.covariance.sum(axis=0), 0.0, atol=1e-10)
    assert found.expected.sum() == pytest.approx(events.sum())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"groups": ()}, "needs a column of groups"),
        ({"rho": -1.0}, "weight rho"),
        ({"rho": float("nan")}, "weight rho"),
        ({"causes": ("disease",)}, "At least two different causes"),
        ({"causes": ("disease", "accident")}, "has no level \\['accident'\\]"),
        ({"groups": ("age",)}, "a categorical, ordinal or boolean one"),
    ],
)
def test_settings_that_do_not_fit(settings: dict[str, Any], message: str) -> None:
    plain: dict[str, Any] = {
        "time": "time_days",
        "event": "cause",
        "causes": ("disease", "other"),
        "groups": ("treated",),
    }
    with pytest.raises(InvalidRequest, match=message):
        pooled(GrayTest(**plain | settings), patients(60))


def test_one_group_alone_cannot_be_compared() -> None:
    table = patients()
    with pytest.raises(TooFewRecords, match="two groups were under observation; 1 groups"):
        pooled(
            GrayTest("time_days", "cause", ("disease", "other"), ("treated",)),
            table.take(table.numeric("treated") == 1),
        )


def test_a_cause_that_nobody_had_has_no_test() -> None:
    table = patients()
    kept = table.take(table.to_pandas().cause.to_numpy() != "other")
    tests = pooled(GrayTest("time_days", "cause", ("disease", "other"), ("treated",)), kept).facts["tests"]
    assert tests["disease"]["df"] == 1
    assert tests["other"] == {"statistic": None, "df": 0, "p": None}


def test_a_small_group_is_hidden_with_the_statistic_that_would_tell_it() -> None:
    table = patients()
    few = np.flatnonzero(table.numeric("treated") == 1)[:12]
    kept = table.take(np.concatenate([np.flatnonzero(table.numeric("treated") == 0), few]))
    answer = pooled(GrayTest("time_days", "cause", ("disease", "other"), ("treated",)), kept)
    shown, _ = without_small_cells(answer, DisclosureRules(cell=15))
    assert shown.facts["tests"]["disease"] == {"statistic": None, "df": 1, "p": None}
