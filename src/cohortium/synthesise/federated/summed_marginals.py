"""The marginals of a copula mixture, the axes that they span and its strata, from counts over all sites."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cohortium.numerics.normal_scores import normal_quantile
from cohortium.records import Kind, Table
from cohortium.synthesise.federated.whole_scores import WholeScores
from cohortium.synthesise.tables.bins import ColumnBins
from cohortium.synthesise.tables.latent_space import Axis
from cohortium.synthesise.tables.level_order import MOST_INDICATORS
from cohortium.synthesise.tables.marginal_codec import Grain, Marginal, edges_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Gaps:
    """How often columns are missing: rows, and (p, p) in how many both of two columns have no value."""

    rows: int
    both: Integers


def marginal_of(found: ColumnBins, counts: Integers, rows: int) -> Marginal:
    """The marginal of a column with these bins, of which so many rows hold each (width,)."""
    missing = 1.0 if found.width == 1 else float(counts[0] / max(rows, 1))
    known = max(float(counts[1:].sum()), 1.0)
    if found.column.kind.is_nominal:
        in_bin = np.repeat(counts[1:], np.diff(found.first)[1:])
        place = np.arange(len(found.levels), dtype=np.float64)
        shares = in_bin * found.chances / known
        return Marginal(found.column, shares, place, place, found.levels, Grain(1.0), missing)
    cells = [np.zeros((3, 0))]
    for bin_ in range(1, found.width):
        ends = found.values[found.first[bin_] : found.first[bin_ + 1]]
        ends = ends if found.interval[bin_] and ends[0] < ends[-1] else ends[:1].repeat(2)
        share = np.full(len(ends) - 1, counts[bin_] / known / (len(ends) - 1))
        cells.append(np.stack([share, ends[:-1], ends[1:]]))
    decimals = 0 if found.column.kind in (Kind.INTEGER, Kind.DATE) else found.column.decimals
    grain = Grain(0.0 if decimals is None else 10.0**-decimals)
    joined = np.concatenate(cells, axis=1)
    return Marginal(found.column, joined[0], joined[1], joined[2], None, grain, missing)


def bin_features(found: ColumnBins, counts: Integers) -> Floats:
    """What a bin tells of a record, (width, t) of mean 0 and variance 1; as ``order_levels`` has it of values.

    counts : rows of each bin (width,); those without a value count as the mean.
    """
    share = counts / max(int(counts.sum()), 1)
    raw = [np.eye(found.width)[0]]
    if found.is_ordered or found.width <= 3:
        below = np.cumsum(share[1:]) - share[1:] / 2.0
        raw.append(np.append(0.0, normal_quantile(below / max(float(share[1:].sum()), 1e-12))))
    else:
        raw += [np.eye(found.width)[place] for place in 1 + np.argsort(-share[1:], kind="stable")[:MOST_INDICATORS]]
    centred = [x - share @ x for x in raw]
    spread = [float(np.sqrt(share @ x**2)) for x in centred]
    kept = [x / sd for x, sd in zip(centred, spread, strict=True) if sd > 1e-6]
    return np.stack(kept, axis=1) if kept else np.zeros((found.width, 0))


def level_sums(codes: NDArray[np.uint8], bins: Sequence[ColumnBins], scores: Sequence[WholeScores]) -> list[Integers]:
    """For every unordered column, the sums (width, t) of the scores of all other columns over the rows of its bins."""
    answer = []
    for place in unordered(bins):
        parts = [np.zeros((bins[place].width, 0), np.int64)]
        for other, own in enumerate(scores):
            if other != place:
                pairs = codes[:, place].astype(np.int64) * bins[other].width + codes[:, other]
                joint = np.bincount(pairs, minlength=bins[place].width * bins[other].width)
                parts.append(joint.reshape(bins[place].width, -1) @ own.table)
        answer.append(np.concatenate(parts, axis=1))
    return answer


def unordered(bins: Sequence[ColumnBins]) -> list[int]:
    """Columns whose levels have to be put into an order, each in a bin of its own."""
    return [
        place
        for place, found in enumerate(bins)
        if found.column.kind.is_nominal
        and found.column.kind is not Kind.ORDINAL
        and found.width > 3
        and len(found.levels) == found.width - 1
    ]


def ordered_levels(marginal: Marginal, sums: Integers, units: Floats, counts: Integers) -> Marginal:
    """The marginal with its levels along the direction in which they differ most; see ``order_levels``.

    sums : (width, t) as ``level_sums`` gives them; units (t,) of the scores; counts (width,) rows of each bin.
    """
    mass = counts[1:].astype(np.float64)
    means = (sums[1:] * units / mass[:, None]).T
    means -= np.average(means, axis=1, weights=mass)[:, None]
    _, _, directions = np.linalg.svd(means * np.sqrt(mass), full_matrices=False)
    order = np.argsort(directions[0] / np.sqrt(mass), kind="stable")
    names = tuple(marginal.levels[place] for place in order) if marginal.levels else marginal.levels
    return replace(marginal, shares=marginal.shares[order], levels=names)


def gaps_of(records: Table, names: Sequence[str]) -> Integers:
    """In how many rows both of two columns have no value (p, p)."""
    missing = np.stack([records.missing(name) for name in names], axis=1).astype(np.float64)
    return (missing.T @ missing).astype(np.int64)


def axes_of(marginals: tuple[Marginal, ...], gaps: Gaps, least: int) -> tuple[Axis, ...]:
    """One axis for each column that varies, one for each pattern of missing values that ``least`` persons show."""
    axes: list[Axis] = []
    together: dict[int, list[int]] = {}
    alone = np.diagonal(gaps.both)
    for place, marginal in enumerate(marginals):
        if len(marginal.shares) > 1 or (marginal.low < marginal.high).any():
            axes.append(Axis((place,), False, marginal.edges))
        if min(alone[place], gaps.rows - alone[place]) >= least:
            same = [first for first in together if gaps.both[first, place] == alone[first] == alone[place]]
            together.setdefault(same[0] if same else place, []).append(place)
    for columns in together.values():
        rate = marginals[columns[0]].missing
        axes.append(Axis(tuple(columns), True, edges_of(np.array([1.0 - rate, rate]))))
    return tuple(axes)
