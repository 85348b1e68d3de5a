"""The log-rank test from counts that carry noise: its variance is that of chance and that of noise together.

Where all groups share the hazard q, observed less expected events of a group g are, to first order, the sum over
intervals and groups h of (1[g = h] - share of g at risk) (D_h - q R_h). These are linear in the noise (see
``noisy_survival``), so its part of their covariance is known; that of chance is the usual one, at the pooled hazard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.noise.counts import interval, noise_facts
from cohortium.analyse.noise.kaplan_meier import counts_of_groups
from cohortium.analyse.noise.survival import NoisyCounts, falling, hazards, spread_of
from cohortium.analyse.survival.time_grid import TimeGrid
from cohortium.numerics.score_chi_square import score_chi_square
from cohortium.records import State, Sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

NOTE = (
    "Counts carry noise that hides any single person, and of each person one row counts. The test allows for it, "
    "and looks at wide intervals, as far as every group that is compared outweighs the noise."
)


@dataclass(frozen=True, slots=True)
class RankSums:
    """Of the compared groups: observed less expected events, weighted (G,), their covariance (G, G), expected (G,)."""

    gaps: Reals
    covariance: Reals
    expected: Reals


def noisy_rank_sums(counts: Sequence[NoisyCounts], rho: float, gamma: float) -> RankSums:
    """The sums of one stratum, up to where the first group is outweighed by noise; none may be from the start."""
    told = min(one.told for one in counts)
    events, at_risk = np.array([one.events[:told] for one in counts]), np.array([one.at_risk[:told] for one in counts])
    whole, share = at_risk.sum(axis=0), at_risk / at_risk.sum(axis=0)
    survival = np.clip(falling(np.cumprod(np.maximum(1 - events.sum(axis=0) / whole, 0.0), dtype=np.float64)), 0.0, 1.0)
    hazard, before = hazards(survival), np.concatenate([[1.0], survival[:-1]])[:told]
    weight = before**rho * (1 - before) ** gamma
    expected = share * events.sum(axis=0)
    chance = weight**2 * hazard * (1 - hazard) * whole
    covariance = np.diag(share @ chance) - (share * chance) @ share.T
    for place, one in enumerate(counts):
        pull = weight * ((np.arange(len(counts)) == place)[:, None] - share)
        moves = pull @ (one.to_events[:told] - hazard[:, None] * one.to_at_risk[:told])
        covariance = covariance + one.covariance(moves, moves)
    return RankSums((events - expected) @ weight, covariance, expected.sum(axis=1))


def noisy_log_rank(
    total: Sums, state: State, rho: float, gamma: float, level: float
) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """The table and the facts of the test as ``LogRank`` gives them."""
    names, counts = state.facts["groups"], counts_of_groups(total)
    strata = [counts[start : start + len(names)] for start in range(0, len(counts), len(names))]
    used = [place for place in range(len(names)) if any(stratum[place].told for stratum in strata)]
    gaps, covariance, expected = np.zeros(len(names)), np.zeros((len(names), len(names))), np.zeros(len(names))
    for stratum in strata:
        kept = [place for place in used if stratum[place].told]
        if len(kept) > 1:
            found = noisy_rank_sums([stratum[place] for place in kept], rho, gamma)
            gaps[kept] += found.gaps
            expected[kept] += found.expected
            covariance[np.ix_(kept, kept)] += found.covariance
    statistic, freedom, p = score_chi_square(gaps, covariance)
    hidden = [name for place, name in enumerate(names) if place not in used]
    notes = [f"The noise outweighs the persons of {', '.join(hidden)}; they are left out."] if hidden else []
    notes += ["There is nothing to compare."] if freedom == 0 else []
    grid = TimeGrid(**state.facts["grid"])
    facts = {"time_unit": grid.unit, "step": grid.step, "horizon": float(state.facts["last"] * grid.step)}
    facts |= {
        "left_out": int(total["left_out"]),
        "notes": [*notes, NOTE],
        "statistic": statistic,
        "df": freedom,
        "p": p,
    }
    facts |= {"rho": rho, "gamma": gamma, **noise_facts(total, level)}
    return _table(names, used, strata, expected, level), facts


def _table(
    names: list[str], used: list[int], strata: list[list[NoisyCounts]], expected: Reals, level: float
) -> dict[str, list[Any]]:
    """Persons and events of each group over all strata, and expected events as far as they were compared."""
    columns = ("group", "n", "n_low", "n_high", "events", "events_low", "events_high", "expected")
    table: dict[str, list[Any]] = {name: [] for name in columns}
    for place in used:
        own = [stratum[place] for stratum in strata]
        size, events = sum(one.size for one in own), sum(float(one.events.sum()) for one in own)
        of_size, of_events = (float(np.linalg.norm(spread)) for spread in zip(*map(spread_of, own), strict=True))
        ends = interval(size, of_size, level), interval(events, of_events, level)
        row = (names[place], round(size), *(end[0] for end in ends[0]), round(events), *(end[0] for end in ends[1]))
        for name, value in zip(columns, (*row, float(expected[place])), strict=True):
            table[name].append(value)
    return table
