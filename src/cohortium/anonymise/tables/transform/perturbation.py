"""Noise on numbers that keeps what the schema says of them: ranges, inequalities, sums; and, where asked, correlations.

It hides exact values. It carries no formal guarantee: for that see the mechanisms of differential privacy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.tables.transform.columns import check_names, rounded, with_numbers
from cohortium.anonymise.tables.transform.draws import normal
from cohortium.errors import InvalidRequest, TooFewRecords
from cohortium.privacy.secure_noise import Noise, SecureNoise
from cohortium.records import Inequality, SumRule, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DRAWS = 30
"""So often is the noise of a row drawn again before its values are left out."""


@dataclass(frozen=True, slots=True, eq=False)
class Perturbed:
    """A table under noise.

    redrawn : rows whose noise was drawn more than once, so that a rule holds.
    blanked : rows that broke a rule at every draw; their values in the noisy columns are missing now.
    """

    table: Table
    redrawn: int
    blanked: int


def perturb(
    table: Table, columns: Sequence[str], share: float = 0.1, *, correlated: bool = True, noise: Noise | None = None
) -> Perturbed:
    """Normal noise with ``share`` of each column's variance.

    correlated : the noise has the columns' own covariance, and the sum of both is drawn back towards the mean, so that
                 means, variances and correlations stay on average. Otherwise each column has its own noise:
                 correlations shrink and variances grow by ``share``.
    Rules that a row kept before are kept after. Ends of a range reflect; a total is the sum of its noisy parts.
    Raises     : InvalidRequest where other rules than inequalities and sums speak of the columns, or for a share not
                 above 0; TooFewRecords where a column has fewer than two values.
    Source     : Kim 1986, Proceedings of the Section on Survey Research Methods, ASA: noise and transformation.
    """
    check_names(table, columns, numeric=True)
    if not share > 0:
        raise InvalidRequest(f"The share of the variance that is noise must lie above 0, not {share}.")
    totals = _totals(table, columns)
    free = [name for name in columns if name not in totals]
    values = np.stack([table.numeric(name) for name in free], axis=1)
    spread, back = _spread(values, share, correlated, free)
    rules = [rule for rule in table.schema.constraints if set(rule.columns) & set(columns)]
    must_hold = [~rule.violated(table) for rule in rules]
    source = noise or SecureNoise()
    noisy, again = values.copy(), np.ones(len(table), dtype=np.bool_)
    redrawn = np.zeros(len(table), dtype=np.bool_)
    for draw in range(DRAWS):
        redrawn |= again & (draw > 0)
        noisy[again] = _drawn(table, free, values[again], spread, back, source)
        made = _with_totals(table, free, noisy, totals)
        again = _breaks(made, table, [*free, *totals], rules, must_hold)
        if not again.any():
            return Perturbed(made, int(redrawn.sum()), 0)
    blank = np.where(again[:, None], np.nan, noisy)
    return Perturbed(_with_totals(table, free, blank, totals), int(redrawn.sum()), int(again.sum()))


def _totals(table: Table, columns: Sequence[str]) -> dict[str, SumRule]:
    """The columns that are computed rather than drawn: totals of which a part is noisy."""
    found = {}
    for rule in table.schema.constraints:
        if not set(rule.columns) & set(columns):
            continue
        if isinstance(rule, SumRule):
            if not set(rule.columns) <= set(columns):
                raise InvalidRequest(
                    f"The rule '{rule}' can only be kept if all of its columns are noisy. Name them all."
                )
            found[rule.total] = rule
        elif not isinstance(rule, Inequality):
            raise InvalidRequest(f"Noise cannot keep the rule '{rule}'. Leave its columns out, or the rule.")
    return found


def _spread(values: Floats, share: float, correlated: bool, names: Sequence[str]) -> tuple[Floats, float]:
    """(d, d) a square root of the noise's covariance, and by how much the noisy values are drawn to their mean."""
    few = [name for name, column in zip(names, values.T, strict=True) if (~np.isnan(column)).sum() < 2]
    if few:
        raise TooFewRecords(f"Columns {few} have fewer than two values, so their spread is not known. Leave them out.")
    deviation = np.nanstd(values, axis=0)
    if not correlated or len(names) == 1:
        return np.diag(deviation * np.sqrt(share)), (1.0 / np.sqrt(1.0 + share) if correlated else 1.0)
    filled = np.where(np.isnan(values), np.nanmean(values, axis=0), values)
    scaled = (filled - filled.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
    size, direction = np.linalg.eigh(scaled.T @ scaled / len(scaled))
    root = direction * np.sqrt(np.maximum(size, 0.0) * share)
    return np.asarray(root.T * deviation), 1.0 / float(np.sqrt(1.0 + share))


def _drawn(table: Table, names: Sequence[str], values: Floats, spread: Floats, back: float, noise: Noise) -> Floats:
    centre = np.array([np.nanmean(table.numeric(name)) for name in names])
    moved = centre + (values - centre + normal(values.shape, noise) @ spread) * back
    for place, name in enumerate(names):
        column = table.schema[name]
        moved[:, place] = rounded(column, _reflected(moved[:, place], column.minimum, column.maximum))
    return np.asarray(moved)


def _reflected(values: Floats, low: float | None, high: float | None) -> Floats:
    if low is not None:
        values = np.where(values < low, 2 * low - values, values)
    if high is not None:
        values = np.where(values > high, 2 * high - values, values)
    return values


def _with_totals(table: Table, names: Sequence[str], noisy: Floats, totals: dict[str, SumRule]) -> Table:
    numbers = {name: noisy[:, place] for place, name in enumerate(names)}
    waiting = dict(totals)
    while waiting:
        ready = [name for name, rule in waiting.items() if not set(rule.parts) & set(waiting)]
        if not ready:
            raise InvalidRequest(f"The sums of {sorted(waiting)} go in a circle. Correct the rules in the schema.")
        for name in ready:
            numbers[name] = np.sum([numbers[part] for part in waiting.pop(name).parts], axis=0)
    return with_numbers(table, numbers)


def _breaks(
    made: Table, table: Table, names: Sequence[str], rules: Sequence[object], must_hold: Sequence[NDArray[np.bool_]]
) -> NDArray[np.bool_]:
    """Rows (n,) that break a rule which they kept before, or leave the plausible range."""
    wrong = np.zeros(len(made), dtype=np.bool_)
    for rule, held in zip(rules, must_hold, strict=True):
        if isinstance(rule, Inequality | SumRule):
            wrong |= rule.violated(made) & held
    for name in names:
        low, high = table.schema[name].minimum, table.schema[name].maximum
        values = made.numeric(name)
        with np.errstate(invalid="ignore"):
            wrong |= (values < (-np.inf if low is None else low)) | (values > (np.inf if high is None else high))
    return wrong
