from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_curve

from cohortium.evaluate.privacy.roc import Scores, strongest


def test_the_curve_is_that_of_scikit_learn(rng: np.random.Generator) -> None:
    scores = Scores(np.round(rng.normal(0.5, 1, 80), 1), np.round(rng.normal(0, 1, 70), 1))
    x, y = scores.curve()
    truth = np.repeat([1, 0], [80, 70])
    fpr, tpr, _ = roc_curve(truth, np.concatenate([scores.members, scores.strangers]), drop_intermediate=False)
    # Ours keeps the highest true rate of each false rate.
    expected = {at: tpr[fpr == at].max() for at in np.unique(fpr)}
    assert np.allclose(x, list(expected)) and np.allclose(y, list(expected.values()))


def test_a_leak_of_one_third_is_found_at_one_percent(rng: np.random.Generator) -> None:
    n = 3_000
    members = np.where(np.arange(n) < n // 3, 10.0, rng.normal(size=n))
    found = Scores(members, rng.normal(size=n)).caught()
    truth = 1 / 3 + 2 / 3 * 0.01
    assert found.low <= truth <= found.high and found.value == pytest.approx(truth, abs=0.02)
    assert found.high - found.low < 0.1


def test_scores_that_all_tie_find_as_many_as_they_accuse() -> None:
    assert Scores(np.zeros(100), np.zeros(100)).caught().value == pytest.approx(0.01)


@pytest.mark.parametrize("n", [30, 95, 1_000])
def test_guessing_is_never_said_to_be_more_than_guessing(n: int) -> None:
    rng = np.random.default_rng(3)
    found = [Scores(rng.normal(size=n), rng.normal(size=n)).caught() for _ in range(200)]
    assert np.mean([one.low <= 0.01 <= one.high for one in found]) > 0.95


def test_few_strangers_show_a_low_false_rate_only_in_part(rng: np.random.Generator) -> None:
    """No stranger of 100 lies above the members; as many as 4.3 % of all might, of whom a quarter are accused."""
    found = Scores(np.full(100, 9.0), rng.normal(size=100)).caught()
    assert found.value == 1.0 and 0.01 < found.low < 0.25
    many = Scores(np.full(2_000, 9.0), rng.normal(size=2_000)).caught()
    assert many.low > 0.99


def test_ranks_keep_the_order_and_the_area(rng: np.random.Generator) -> None:
    scores = Scores(rng.lognormal(1, 2, 50), rng.lognormal(0, 2, 60), stretch=1.4)
    ranked = scores.ranked()
    assert ranked.area() == scores.area()
    assert ranked.members.min() > 0 and ranked.members.max() < 1


def test_the_strongest_of_several_is_found_in_either_direction_and_with_more_doubt(rng: np.random.Generator) -> None:
    noise = Scores(rng.normal(size=200), rng.normal(size=200))
    repelled = Scores(rng.normal(-1, 1, 200), rng.normal(0, 1, 200))
    found = strongest((noise, repelled))
    assert found.place == 1
    assert found.area.value == pytest.approx(1 - repelled.area().value)
    alone = repelled.area()
    assert found.area.high - found.area.low > alone.high - alone.low


def test_the_report_gets_at_most_a_hundred_and_one_points(rng: np.random.Generator) -> None:
    roc = Scores(rng.normal(size=500), rng.normal(size=500)).detail()["roc"]
    assert len(roc["fpr"]) == len(roc["tpr"]) <= 101
    assert roc["fpr"][0] == 0.0 and roc["fpr"][-1] == roc["tpr"][-1] == 1.0
    assert (np.diff(roc["tpr"]) >= 0).all() and (np.diff(roc["fpr"]) > 0).all()
