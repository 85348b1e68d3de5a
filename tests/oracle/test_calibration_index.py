"""ICI, E50 and E90 from sums by interval, over three sites, beside local regressions of every person by itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from tests.oracle.three_sites import answer, breast_cancer, table_of

from cohortium.analyse import Calibration
from cohortium.numerics.binned_calibration import calibration_index
from cohortium.numerics.local_regression import smoother


def loess(x: np.ndarray, y: np.ndarray, span: float) -> np.ndarray:
    """Cleveland's local quadratics at every point, by least squares on all records."""
    nearest = int(np.floor(span * len(x) + 1e-5))
    fitted = np.empty(len(x))
    for place, centre in enumerate(x):
        share = np.abs(x - centre) / np.sort(np.abs(x - centre))[nearest - 1]
        root = np.sqrt(np.where(share < 1, (1 - np.minimum(share, 1) ** 3) ** 3, 0.0))
        design = np.vander(x - centre, 3, increasing=True) * root[:, None]
        fitted[place] = np.linalg.lstsq(design, y * root, rcond=None)[0][0]
    return fitted


def recurrence() -> pd.DataFrame:
    """Recurrence in 686 women, as predicted by a model that was fitted to 150 of them."""
    data = breast_cancer()
    design = np.column_stack([np.ones(len(data)), data.age, data["size"], np.sqrt(data.nodes), data.hormones])
    rows = np.random.default_rng(0).permutation(len(data))[:150]
    fit = sm.Logit(data.recurred[rows].astype(float), design[rows].astype(float)).fit(disp=0)
    return pd.DataFrame({"p": fit.predict(design.astype(float)), "y": data.recurred.to_numpy()})


def rare() -> pd.DataFrame:
    """Chances of a few per cent, predicted too extremely."""
    rng = np.random.default_rng(1)
    logit = rng.normal(-3, 1, 1000)
    return pd.DataFrame({"p": 1 / (1 + np.exp(-logit)), "y": rng.random(1000) < 1 / (1 + np.exp(1 - 0.7 * logit))})


def test_two_hundred_intervals_do_where_predictions_are_not_rare() -> None:
    frame = recurrence()
    gaps = np.abs(loess(frame.p.to_numpy(), frame.y.to_numpy(float), 0.75) - frame.p.to_numpy())
    found = answer(Calibration("p", "y"), table_of(frame)).facts
    assert [found["ici"], found["e50"], found["e90"]] == pytest.approx(
        [gaps.mean(), np.median(gaps), np.quantile(gaps, 0.9)], abs=0.002
    )


@pytest.mark.parametrize("data", [recurrence, rare])
@pytest.mark.parametrize("span", [0.75, 0.5])
@pytest.mark.parametrize(("bins", "tolerance"), [(1_000, 0.02), (10_000, 0.004)])
def test_index_beside_every_person(data: object, span: float, bins: int, tolerance: float) -> None:
    """As shares of the ICI; half of the persons and nine tenths of them may lie between two intervals."""
    frame = data()  # type: ignore[operator]
    gaps = np.abs(loess(frame.p.to_numpy(), frame.y.to_numpy(float), span) - frame.p.to_numpy())
    found = answer(Calibration("p", "y", bins=bins, span=span), table_of(frame)).facts
    assert found["ici"] == pytest.approx(gaps.mean(), rel=tolerance)
    assert found["e50"] == pytest.approx(np.median(gaps), abs=0.06 * gaps.mean())
    assert found["e90"] == pytest.approx(np.quantile(gaps, 0.9), abs=0.06 * gaps.mean())
    assert found["ici_low"] < found["ici"] < found["ici_high"]


def test_local_regression_is_that_of_r() -> None:
    """R: predict(loess(dist ~ speed, cars, control = loess.control(surface = "direct"))), speeds 8 to 22."""
    speed = np.repeat(
        [4, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 22, 23, 24, 25],
        [2, 2, 1, 1, 3, 2, 4, 4, 4, 3, 2, 3, 4, 3, 5, 1, 1, 4, 1],
    )
    text = (
        "2 10 4 22 16 10 18 26 34 17 28 14 20 24 28 26 34 34 46 26 36 60 80 20 26 54 32 40 32 40 50 42 56 76 84 36 46"
    )
    distance = np.array([float(one) for one in (text + " 68 32 48 52 56 64 66 54 70 92 93 120 85").split()])
    x, place, n = np.unique(speed, return_inverse=True, return_counts=True)
    fitted = smoother(x.astype(float), n.astype(float), 0.75) @ (np.bincount(place, distance) / n)
    found = dict(zip(x.tolist(), fitted.tolist(), strict=True))
    expected = {8: 15.281082, 10: 21.865315, 12: 29.350386, 13: 33.230660, 14: 37.167935, 15: 41.205226}
    expected |= {17: 48.355889, 19: 51.986702, 22: 68.569313}
    assert {key: found[key] for key in expected} == pytest.approx(expected, abs=1e-6)


def test_standard_error_is_the_spread_over_repeated_outcomes() -> None:
    """Of 400 repetitions the spread is known to 3.5 %; the mean error must lie within four times that."""
    rng = np.random.default_rng(0)
    p = 1 / (1 + np.exp(-rng.normal(0, 1.2, 1000)))
    true = 1 / (1 + np.exp(-(0.5 + 0.7 * np.log(p / (1 - p)))))
    place = (p * 100).astype(int)
    n, expected = (np.bincount(place, weights, minlength=100) for weights in (np.ones(1000), p))
    found = [
        calibration_index(n, np.bincount(place, rng.random(1000) < true, minlength=100), expected, 0.75)
        for _ in range(400)
    ]
    known = [one for one in found if one is not None]
    assert np.mean([one.error for one in known]) == pytest.approx(np.std([one.ici for one in known]), rel=0.14)
