"""Kaplan-Meier, log-rank, concordance and Cox beside lifelines, on the German breast cancer study and the lung data."""

from __future__ import annotations

import lifelines
import numpy as np
import pandas as pd
import pytest
from lifelines.datasets import load_gbsg2, load_lung
from lifelines.statistics import logrank_test
from lifelines.utils import concordance_index

from cohortium.numerics.cox import cox
from cohortium.numerics.survival_curves import concordance, kaplan_meier, log_rank, mean_gap

Follow = tuple[np.ndarray, np.ndarray, np.ndarray]


def breast(rounding: float) -> Follow:
    data = load_gbsg2()
    X = np.column_stack([data.age, data.tsize, data.pnodes, data.horTh == "yes"]).astype(float)
    return X, np.ceil(data.time.to_numpy(float) / rounding), data.cens.to_numpy(bool)


def lung() -> Follow:
    data = load_lung().dropna(subset=["ph.ecog"])
    return data[["age", "sex", "ph.ecog"]].to_numpy(float), data.time.to_numpy(float), data.status.to_numpy(bool)


CASES = {"breast": breast(1), "breast, many ties": breast(120), "lung": lung()}


@pytest.mark.parametrize("case", CASES)
def test_kaplan_meier(case: str) -> None:
    _, times, events = CASES[case]
    theirs = lifelines.KaplanMeierFitter().fit(times, events)
    grid = np.linspace(0, times.max(), 200)
    curve = kaplan_meier(times, events)
    np.testing.assert_allclose(curve.at(grid), theirs.survival_function_at_times(grid), atol=1e-12)
    variance = theirs._cumulative_sq_.loc[curve.times].to_numpy() * curve.survival**2
    np.testing.assert_allclose(curve.variance[:-1], variance[:-1], atol=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_log_rank(case: str) -> None:
    X, times, events = CASES[case]
    second = X[:, -1] > 0
    theirs = logrank_test(times[~second], times[second], events[~second], events[second])
    np.testing.assert_allclose(log_rank(times, events, second), (theirs.test_statistic, theirs.p_value), rtol=1e-9)


@pytest.mark.parametrize("case", CASES)
def test_concordance(case: str) -> None:
    X, times, events = CASES[case]
    for risk in (X[:, 0], X[:, -1], X[:, 0].round(-1)):
        assert concordance(times, events, risk) == pytest.approx(concordance_index(times, -risk, events), abs=1e-12)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("ridge", [0.0, 5.0])
def test_cox_with_efron_ties(case: str, ridge: float) -> None:
    X, times, events = CASES[case]
    X = (X - X.mean(axis=0)) / X.std(axis=0, ddof=1)  # as lifelines does before it penalises
    frame = pd.DataFrame(X).assign(T=times, E=events).rename(columns=str)
    # lifelines penalises the mean likelihood by half of the penalty times the squared coefficients.
    theirs = lifelines.CoxPHFitter(penalizer=ridge / len(X)).fit(frame, "T", "E", fit_options={"precision": 1e-10})
    mine = cox(X, times, events, ridge=ridge)
    np.testing.assert_allclose(mine.coefficients, theirs.params_, atol=2e-5)
    np.testing.assert_allclose(mine.errors, theirs.standard_errors_, rtol=1e-4)
    np.testing.assert_allclose(mine.p_values, theirs.summary["p"], atol=1e-4)


def test_the_gap_between_curves_is_an_area() -> None:
    """Against a fine Riemann sum of lifelines' curves."""
    _, times, events = CASES["breast"]
    first, second = np.arange(len(times)) % 2 == 0, np.arange(len(times)) % 3 > 0
    curves = [lifelines.KaplanMeierFitter().fit(times[part], events[part]) for part in (first, second)]
    grid = np.linspace(0, 2_000, 400_001)[:-1]
    gaps = curves[1].survival_function_at_times(grid).to_numpy() - curves[0].survival_function_at_times(grid).to_numpy()
    mine = mean_gap(*(kaplan_meier(times[part], events[part]) for part in (first, second)), 2_000.0)
    np.testing.assert_allclose(mine, (np.abs(gaps).mean(), gaps.mean()), atol=1e-6)
