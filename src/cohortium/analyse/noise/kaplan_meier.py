"""The answer of ``KaplanMeier`` from counts that carry noise."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.answers import number, numbers
from cohortium.analyse.noise.counts import interval, noise_facts
from cohortium.analyse.noise.survival import NoisyCounts, NoisyCurve, noisy_counts, noisy_curve, spread_of
from cohortium.analyse.survival.time_grid import TimeGrid
from cohortium.numerics.distributions import normal_sf
from cohortium.records import State, Sums

if TYPE_CHECKING:
    from collections.abc import Sequence

    Tables = dict[str, dict[str, list[Any]]]

NOTE = (
    "Counts carry noise that hides any single person, and of each person one row counts. The curve is a life table of "
    "wide intervals, made never to rise; its intervals allow for chance and noise."
)


def counts_of_groups(total: Sums) -> list[NoisyCounts]:
    """The counts of each group in a total of ``interval_counts.interval_counts``."""
    noise = total.noise["leaving"], total.noise["group_persons"]
    both = zip(total["leaving"], total["group_persons"], strict=True)
    return [noisy_counts(leaving, int(size), *noise) for leaving, size in both]


def noisy_tables(
    total: Sums, state: State, at: Sequence[float], restrict: float | None, level: float, z: float
) -> tuple[Tables, dict[str, Any]]:
    """Tables as ``KaplanMeier`` gives them, with intervals of the counts, and what to tell beside."""
    grid, names = TimeGrid(**state.facts["grid"]), state.facts["cells"]
    counts = counts_of_groups(total)
    found = {name: (one, noisy_curve(one, grid.step)) for name, one in zip(names, counts, strict=True)}
    curves = {name: (one, curve) for name, (one, curve) in found.items() if curve is not None}
    hidden = [name for name in names if name not in curves]
    notes = [f"The noise outweighs the persons of {', '.join(hidden)}; they are left out."] if hidden else []
    until = restrict
    if until is None:
        until = min((float(curve.times[-1]) for _, curve in curves.values()), default=None)
    tables: Tables = {}
    means = {}
    for name, (one, curve) in curves.items():
        known = until is not None and until <= curve.times[-1] * (1 + 1e-9)
        means[name] = curve.restricted_mean(until) if known and until is not None else (math.nan, math.nan)
        _extend(tables, "curve", _steps(name, one, curve, level, z))
        _extend(tables, "groups", _summary(name, one, curve, means[name], level, z))
        if at:
            _extend(tables, "at_times", _at_times(name, curve, at, z))
    if len(curves) > 1:
        tables["restricted_mean_differences"] = mean_differences(means, z)
    facts = {
        "time_unit": grid.unit,
        "step": grid.step,
        "horizon": float(state.facts["last"] * grid.step),
        "left_out": int(total["left_out"]),
        "restricted_to": until,
        "notes": [*notes, NOTE],
    }
    return tables, facts | noise_facts(total, level) | {"level": level}


def mean_differences(means: dict[str, tuple[float, float]], z: float) -> dict[str, list[Any]]:
    """Each group's restricted mean less that of the first, with interval and two-sided p; means: value, variance."""
    (first, (base, spread)), *others = means.items()
    table: dict[str, list[Any]] = {key: [] for key in ("group", "less", "difference", "low", "high", "p")}
    for name, (mean, variance) in others:
        error = math.sqrt(spread + variance)
        table["group"].append(name)
        table["less"].append(first)
        table["difference"].append(number(mean - base))
        table["low"].append(number(mean - base - z * error))
        table["high"].append(number(mean - base + z * error))
        table["p"].append(number(2 * normal_sf(abs(mean - base) / error)) if error > 0 else None)
    return table


def _steps(name: str, counts: NoisyCounts, curve: NoisyCurve, level: float, z: float) -> dict[str, list[Any]]:
    """The curve at the ends of the intervals, with how many were at risk and had the event in each."""
    told = len(curve.times)
    at_risk, events = counts.at_risk[:told], counts.events[:told]
    low, high = curve.limits(z)
    ends = interval_each(at_risk, counts.deviations(counts.to_at_risk[:told]), level)
    return {
        "group": [name] * told,
        "time": curve.times.tolist(),
        "at_risk": np.rint(at_risk).astype(int).tolist(),
        "at_risk_low": ends[0],
        "at_risk_high": ends[1],
        "events": np.rint(events).astype(int).tolist(),
        "survival": curve.survival.tolist(),
        "se": curve.error.tolist(),
        "low": numbers(low),
        "high": numbers(high),
    }


def interval_each(values: Any, deviations: Any, level: float) -> tuple[list[int], list[int]]:
    """``interval`` of counts whose noise differs."""
    both = [interval(value, float(own), level) for value, own in zip(values, deviations, strict=True)]
    return [low[0] for low, _ in both], [high[0] for _, high in both]


def _summary(
    name: str, counts: NoisyCounts, curve: NoisyCurve, mean: tuple[float, float], level: float, z: float
) -> dict[str, list[Any]]:
    """Size and events with their intervals; median and restricted mean with theirs."""
    low, high = curve.limits(z)
    error = math.sqrt(mean[1])
    of_size, of_events = spread_of(counts)
    events = float(counts.events.sum())
    size_ends, event_ends = interval(counts.size, of_size, level), interval(events, of_events, level)
    return {
        "group": [name],
        "n": [round(counts.size)],
        "n_low": size_ends[0],
        "n_high": size_ends[1],
        "events": [round(events)],
        "events_low": event_ends[0],
        "events_high": event_ends[1],
        "median": [curve.reaches(curve.survival, 0.5)],
        "median_low": [curve.reaches(low, 0.5)],
        "median_high": [curve.reaches(high, 0.5)],
        "restricted_mean": [number(mean[0])],
        "restricted_mean_low": [number(mean[0] - z * error)],
        "restricted_mean_high": [number(mean[0] + z * error)],
    }


def _at_times(name: str, curve: NoisyCurve, at: Sequence[float], z: float) -> dict[str, list[Any]]:
    """Survival at asked times, straight between the ends of intervals; none beyond where the curve ends."""
    asked = np.asarray(at, dtype=np.float64)
    low, high = curve.limits(z)
    return {
        "group": [name] * len(asked),
        "time": asked.tolist(),
        "survival": numbers(curve.at(asked, curve.survival)),
        "low": numbers(curve.at(asked, low)),
        "high": numbers(curve.at(asked, high)),
    }


def _extend(tables: Tables, name: str, rows: dict[str, list[Any]]) -> None:
    table = tables.setdefault(name, {})
    for column, values in rows.items():
        table.setdefault(column, []).extend(values)
