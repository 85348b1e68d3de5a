"""From fine pieces to the cells that a joint model counts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.synthesise.tables.private.columns import PrivateColumn
from cohortium.synthesise.tables.private.discovery import Pieces

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CLEAR_END = 2.5
"""Standard deviations of the noise that the outermost range of a column must count."""
CLEAR_MISSING = 3.0
"""The same for missing values: a column that has none should show none."""
MOST_MISPLACED = 0.05
"""Levels that are not shown come back as the most frequent one up to this share of the rows, as missing beyond."""


@dataclass(frozen=True, slots=True)
class CountedColumn:
    """A column with the noisy counts of its cells (c,) and the variances of their noise (c,)."""

    column: PrivateColumn
    counts: Floats
    variances: Floats
    remark: str = ""


def counted(pieces: Pieces, total: float, lightest: float, most: int) -> CountedColumn:
    """Cells of about ``lightest`` persons or more, at most ``most`` of numbers, out of the pieces of one column.

    total : noisy number of persons.
    """
    groups, other, remark = (
        _level_groups(pieces, total, lightest)
        if pieces.column.kind.is_nominal
        else _range_groups(pieces, lightest, most)
    )
    cells = np.zeros(len(pieces.counts), dtype=np.int32)
    for number, group in enumerate(groups):
        cells[group] = number
    weights = _weights(pieces, groups)
    counts = np.array([pieces.counts[group].sum() for group in groups])
    variances = np.array([pieces.variance * len(group) for group in groups])
    if pieces.column.kind.is_nominal:
        # rows that stand in no piece are counted with the cell that they are shown in
        counts[other] += max(total - counts.sum(), 0.0)
        variances[other] += pieces.variance * len(cells)
    column = PrivateColumn(pieces.column, cells, weights, pieces.edges, pieces.levels, other)
    return CountedColumn(column, counts, variances, " ".join(text for text in (pieces.remark, remark) if text))


def _level_groups(pieces: Pieces, total: float, lightest: float) -> tuple[list[list[int]], int, str]:
    """Heavy levels alone, light ones together; and which group stands for levels that are no piece.

    Those join the light levels where they are few beside them, the most frequent cell where they are few beside all,
    and "missing" where they are many.
    """
    counts, missing = pieces.counts, len(pieces.counts) - 1
    own = [[place] for place in range(missing) if counts[place] >= lightest]
    light = [place for place in range(missing) if counts[place] < lightest]
    unlisted = total - counts.sum() if math.isnan(pieces.unlisted) else pieces.unlisted
    weight, share = float(counts[light].clip(0).sum()), unlisted / max(total, 1.0)
    is_pooled = unlisted < max(weight, lightest)
    is_missing = not is_pooled and share > MOST_MISPLACED
    groups = list(own)
    if light and (not own or weight + unlisted * is_pooled >= lightest / 3):
        groups.append(light)
    elif light:
        min(own, key=lambda group: counts[group[0]]).extend(light)
    if is_missing or not groups or counts[missing] >= max(lightest, CLEAR_MISSING * math.sqrt(pieces.variance)):
        groups.append([missing])
    else:
        _heaviest(groups, counts).append(missing)
    if is_missing:
        names = (
            f"Column '{pieces.column.name}': levels that too few persons carry, {share:.0%} of the rows, are missing."
        )
        return groups, len(groups) - 1, names
    home = light if is_pooled and any(group is light for group in groups) else _heaviest(groups, counts)
    return groups, next(number for number, group in enumerate(groups) if group is home), ""


def _heaviest(groups: list[list[int]], counts: Floats) -> list[int]:
    return max(groups, key=lambda group: float(counts[group].sum()))


def _range_groups(pieces: Pieces, lightest: float, most: int) -> tuple[list[list[int]], int, str]:
    """Neighbouring ranges until they weigh enough; a heavy one stands alone, and the rest shares what bins are left."""
    missing = len(pieces.counts) - 1
    counts = pieces.counts[:missing]
    rest, heavy = float(counts.clip(0).sum()), np.zeros(missing, dtype=np.bool_)
    while True:
        enough = max(lightest, rest / max(most - int(heavy.sum()), 2))
        more = (counts >= enough) & ~heavy
        if not more.any():
            break
        heavy |= more
        rest = float(counts[~heavy].clip(0).sum())
    groups: list[list[int]] = []
    run: list[int] = []
    for place in range(missing):
        if heavy[place]:
            groups += [run, [place]] if run else [[place]]
            run = []
            continue
        run.append(place)
        if counts[run].sum() >= enough:
            groups.append(run)
            run = []
    groups += [run] if run else []
    groups = _joined(groups, counts, enough / 2)
    if pieces.counts[missing] >= max(lightest, CLEAR_MISSING * math.sqrt(pieces.variance)):
        groups.append([missing])
    else:
        _heaviest(groups, counts).append(missing)
    return groups, 0, ""


def _joined(groups: list[list[int]], counts: Floats, lightest: float) -> list[list[int]]:
    """Groups lighter than ``lightest`` join the lighter of their neighbours."""
    weights = [float(counts[group].sum()) for group in groups]
    while len(groups) > 1 and min(weights) < lightest:
        place = int(np.argmin(weights))
        beside = [other for other in (place - 1, place + 1) if 0 <= other < len(groups)]
        chosen = min(beside, key=lambda other: weights[other])
        first, second = sorted((place, chosen))
        groups[first : second + 1] = [groups[first] + groups[second]]
        weights[first : second + 1] = [weights[first] + weights[second]]
    return groups


def _weights(pieces: Pieces, groups: list[list[int]]) -> Floats:
    """Share of each piece within its cell: its noisy count where that stands above noise, otherwise nothing.

    The outermost ranges must stand out more clearly: a wide, almost empty one would spread persons over its width.
    """
    noise, missing = math.sqrt(pieces.variance), len(pieces.counts) - 1
    weights = np.where(pieces.counts > noise, pieces.counts, 0.0)
    if pieces.counts[missing] < CLEAR_MISSING * noise:
        weights[missing] = 0.0
    if not pieces.column.kind.is_nominal:
        for end in (1, -1):
            for place in range(missing)[::end]:
                if pieces.counts[place] >= CLEAR_END * noise:
                    break
                weights[place] = 0.0
    for group in groups:
        if weights[group].sum() <= 0:
            weights[[place for place in group if place != missing] or group] = 1.0
    return weights
