"""Boosted trees: steps by hand, losses that fall, scores kept or worked out anew, early stopping, monotone answers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from tests.unit.analyse.trees.made import FEATURES, Watched, made, spread

from cohortium.analyse import GradientBoosting, over_sites, pooled
from cohortium.analyse.trees import memory, predict, survival
from cohortium.errors import InvalidRequest
from cohortium.records import State

KINDS = [
    ("sick", "classes", None),
    ("ward", "classes", None),
    ("level", "number", None),
    ("visits", "count", None),
    ("time", "follow-up", "died"),
]


def boosting(outcome: str, kind: str, ended: str | None, **settings: object) -> GradientBoosting:
    features = tuple(name for name in FEATURES if name != outcome)
    return GradientBoosting(outcome, features, kind=kind, ended=ended, **settings)  # type: ignore[arg-type]


def test_one_stump_is_the_newton_step() -> None:
    """Two leaves of a squared error by hand: the shrunk mean of what is left, times the rate."""
    table = made(800)
    answer = pooled(boosting("level", "number", None, trees=1, depth=1, l2=5.0, rate=0.3), table)
    foretold, truth = predict(answer, table), table.numeric("level")
    values = np.unique(foretold)
    assert len(values) == 2
    for value in values:
        gap = truth[foretold == value] - truth.mean()
        assert value == pytest.approx(truth.mean() + 0.3 * gap.sum() / (len(gap) + 5.0), abs=1e-6)


@pytest.mark.parametrize(("outcome", "kind", "ended"), KINDS)
def test_deviance_falls_and_ends_where_predictions_put_it(outcome: str, kind: str, ended: str | None) -> None:
    table = made()
    answer = over_sites(boosting(outcome, kind, ended, trees=15), spread(table))
    deviance = answer.tables["deviance"]["training"]
    assert all(later < sooner for sooner, later in pairwise(deviance))
    foretold, truth = predict(answer, table), None if outcome == "ward" else table.numeric(outcome)
    if kind == "classes":
        codes = table.codes("ward")[0] if truth is None else truth.astype(int)
        expected = -2 * np.log(foretold[np.arange(len(table)), codes]).mean()
    elif kind == "number":
        expected = ((foretold - truth) ** 2).mean()
    elif kind == "count":
        expected = 2 * (foretold - truth * np.log(foretold)).mean()
    else:
        interval = np.searchsorted(answer.arrays["times"], truth, "left")
        at_risk = np.array([np.exp(foretold[interval >= one]).sum() for one in range(interval.max() + 1)])
        expected = -2 * (table.numeric("died") * (foretold - np.log(at_risk[interval]))).mean()
    assert deviance[-1] == pytest.approx(expected, rel=1e-6)


def test_sums_do_not_depend_on_what_a_site_remembers() -> None:
    """A site that was started again works scores out from the trees alone, to the last bit."""
    watched = Watched(boosting("time", "follow-up", "died", trees=4, row_share=0.8), made(500))
    algorithm = boosting("time", "follow-up", "died", trees=4, row_share=0.8)
    for state, sums in reversed(list(zip(watched.states, watched.sums, strict=True))):
        memory.forget()
        again = algorithm.local(watched.ready, State.from_bytes(state.to_bytes()))
        assert all((again[name] == sums[name]).all() for name in sums)


def test_another_history_of_trees_is_not_mistaken_for_this_one() -> None:
    """Two runs with the same settings on one table, of which one saw other totals: scores follow the state's trees."""
    table = made(500)
    algorithm = boosting("sick", "classes", None, trees=3)
    watched = Watched(algorithm, table)
    last = watched.states[-1]
    changed = State(last.step, last.facts, {**last.arrays, "value": last.arrays["value"] * 2})
    here, there = algorithm.local(watched.ready, last), algorithm.local(watched.ready, changed)
    assert here["loss"][0] != there["loss"][0]
    assert algorithm.local(watched.ready, last)["loss"][0] == here["loss"][0]


def test_growth_ends_where_persons_held_out_gain_no_more() -> None:
    answer = pooled(boosting("sick", "classes", None, trees=200, rate=0.5, held_out=0.3, patience=5), made(600))
    held_out = answer.tables["deviance"]["held_out"]
    rounds = answer.facts["rounds"]
    assert 0 < rounds < 60
    assert len(held_out) == rounds + 1
    assert held_out[-1] == min(held_out)
    assert len(answer.arrays["roots"]) == rounds


def test_where_nothing_can_be_learnt_no_tree_is_kept() -> None:
    table = made(300)
    algorithm = GradientBoosting("sick", ("noise",), trees=50, rate=1.0, held_out=0.5, patience=3)
    answer = pooled(algorithm, table)
    assert answer.facts["rounds"] == 0
    assert len(np.unique(predict(answer, table)[:, 1])) == 1


def test_answers_only_rise_where_they_may_only_rise() -> None:
    table = made(1_500)
    x = table.numeric("noise")

    def curve(**settings: object) -> np.ndarray:
        algorithm = GradientBoosting("level", ("noise",), kind="number", trees=30, rate=0.5, **settings)  # type: ignore[arg-type]
        return np.asarray(predict(pooled(algorithm, table), table)[np.argsort(x)])

    assert (np.diff(curve()) < 0).any()
    assert (np.diff(curve()) > 0).any()
    assert (np.diff(curve(rising=("noise",))) >= 0).all()
    assert (np.diff(curve(falling=("noise",))) <= 0).all()


def test_survival_beside_the_share_who_survive() -> None:
    table, new = made(4_000), made(4_000, seed=1)
    answer = over_sites(boosting("time", "follow-up", "died", trees=60), spread(table))
    alive = survival(answer, new, np.array([150.0]))[:, 0]
    # Nobody is censored before day 50, and few before 150: those censored count by the share of Kaplan and Meier.
    from lifelines import KaplanMeierFitter

    for low, high in ((0.0, 0.4), (0.4, 0.6), (0.6, 1.0)):
        inside = (alive >= low) & (alive < high)
        fitted = KaplanMeierFitter().fit(new.numeric("time")[inside], new.numeric("died")[inside])
        assert inside.sum() > 100
        assert float(fitted.predict(150.0)) == pytest.approx(alive[inside].mean(), abs=0.05)


def test_states_stay_small() -> None:
    """Every site is sent every state: 60 trees in less than what the sums of ten of them take."""
    watched = Watched(boosting("sick", "classes", None, trees=60), made())
    assert len(watched.states[-1].to_bytes()) < 60 * 31 * 33
    assert max(len(state.to_bytes()) for state in watched.states) < 200_000


def test_settings_out_of_reach_are_said() -> None:
    for wrong in (
        {"trees": 0},
        {"rate": 0.0},
        {"row_share": 0.0},
        {"patience": 3},
        {"rising": ("x",), "falling": ("x",)},
        {"rising": ("ward",)},
        {"rising": ("nobody",)},
        {"held_out": 1.0},
    ):
        with pytest.raises(InvalidRequest):
            pooled(GradientBoosting("sick", FEATURES, **wrong), made(100))  # type: ignore[arg-type]
