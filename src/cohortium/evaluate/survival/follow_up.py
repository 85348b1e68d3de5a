"""What the survival metrics share: who is compared, until when, and an interval by resampling persons."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import TooFewRecords
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.disclosure import FEWEST, rounded_down
from cohortium.numerics.survival_curves import Curve, kaplan_meier, mean_gap
from cohortium.records import Survival

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST_EVENTS = 20
_RESAMPLES = 200
_GRID = 400


def compared(pair: Comparison, *, censoring: bool = False) -> tuple[Survival, Survival, float]:
    """Real and synthetic follow-up, and the (round) time up to which ten real persons are under observation.

    censoring : count the ends of follow-up instead of the events.
    Raises    : NotApplicable without follow-up; TooFewRecords below 20 events in the real table, where a curve is
                noise, or without a synthetic person.
    """
    real, synthetic, _ = pair.survival
    return comparable(real, synthetic, censoring=censoring)


def comparable(real: Survival, synthetic: Survival, *, censoring: bool = False) -> tuple[Survival, Survival, float]:
    """The same for two groups of persons; raises TooFewRecords as ``compared`` does."""
    if censoring:
        real = Survival(real.durations, ~real.events, real.unit)
        synthetic = Survival(synthetic.durations, ~synthetic.events, synthetic.unit)
    seen = int(real.events.sum())
    if seen < FEWEST_EVENTS or len(real) < 2 * FEWEST:
        what = "ends of follow-up" if censoring else "events"
        raise TooFewRecords(f"A survival curve needs {FEWEST_EVENTS} {what}; the real table has {seen}.")
    if not len(synthetic):
        raise TooFewRecords("No synthetic person has a known follow-up.")
    return real, synthetic, rounded_down(float(np.sort(real.durations)[-FEWEST]))


def curve(persons: Survival) -> Curve:
    """The Kaplan-Meier curve of these persons."""
    return kaplan_meier(persons.durations, persons.events)


def gap(real: Survival, synthetic: Survival, horizon: float) -> tuple[float, float]:
    """Mean of the absolute and of the signed gap between the two curves on [0, horizon]."""
    return mean_gap(curve(real), curve(synthetic), horizon)


def resampled(
    real: Survival,
    synthetic: Survival,
    horizon: float,
    statistic: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]],
    rng: np.random.Generator,
) -> tuple[float, float]:
    """95 % limits of a statistic of the two curves on a grid, with the curves shaken by their own standard errors.

    statistic : of two arrays (resamples, grid) of survival, one number per resample.
    Source    : Lin, Fleming & Wei 1994, Biometrika 81 (martingale resampling).
    """
    grid = np.linspace(0.0, horizon, _GRID + 1)[:-1]
    shaken = [_shaken(persons, grid, rng) for persons in (real, synthetic)]
    low, high = np.quantile(statistic(*shaken), [0.025, 0.975])
    return float(low), float(high)


def _shaken(persons: Survival, grid: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    found = curve(persons)
    at_risk = np.maximum(found.at_risk, 1.0)
    previous = np.concatenate([[1.0], found.survival[:-1]])
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.where(previous > 0, 1.0 - found.survival / np.where(previous > 0, previous, 1.0), 0.0)
    spread = np.sqrt(hazard * (1.0 - hazard) / at_risk)
    noise = np.cumsum(rng.normal(size=(_RESAMPLES, len(spread))) * spread, axis=1)
    noise = np.hstack([np.zeros((_RESAMPLES, 1)), noise])[:, np.searchsorted(found.times, grid, "right")]
    return np.clip(found.at(grid) * (1.0 - noise), 0.0, 1.0)
