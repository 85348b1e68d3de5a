"""Whether codes have an order: told by how other columns change from code to code."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cohortium.records import Kind
from cohortium.sources.inference.draft import Draft

_ROWS = 20_000
_WITNESSES = 60
_FEWEST_WITNESSES = 10
_COMPARISONS = 10_000
# Of what the codes explain, the share that any rising or falling line explains. On the tables at hand grades and
# stages reach 0.95 to 1.00 and nominal codes 0.51 to 0.93; between 0.90 and 0.97 a person should look.
_ORDERED = 0.945
_CLEAR = (0.90, 0.97)
_STRONG = 4.0  # F ratio from which a column has anything to say
_TELLING = (Kind.CONTINUOUS, Kind.INTEGER, Kind.BOOLEAN, Kind.DURATION, Kind.ORDINAL)


def settle_orders(undecided: list[Draft], drafts: list[Draft]) -> None:
    """Settle for each of the ``undecided`` columns of codes whether it is ordinal."""
    if not undecided:
        return
    open_ones = set(undecided)
    numeric = [draft for draft in drafts if draft.numbers is not None]
    most = max(_FEWEST_WITNESSES, min(_WITNESSES, _COMPARISONS // len(undecided)))
    telling = [draft for draft in numeric if draft.kind in _TELLING or draft in open_ones][: most + 1]
    witnesses = [(draft, _thin(draft.values())) for draft in telling]
    for draft in undecided:
        _settle(draft, [values for other, values in witnesses if other is not draft])


def _settle(draft: Draft, witnesses: list[NDArray[np.float64]]) -> None:
    """Make codes ordinal where the other columns rise or fall steadily with them.

    For each numeric column: the between-code share of its variance (eta squared) against the share that remains when
    the codes' means are forced to rise, or to fall (isotonic regression). Nominal codes go up and down.
    """
    codes = _ranks(draft)
    explained = steady = 0.0
    spoke = 0
    for witness in witnesses:
        eta, isotonic, telling = _shares(codes, witness)
        if telling:
            explained, steady, spoke = explained + eta, steady + isotonic, spoke + 1
    if not spoke:
        draft.why("Unsure: no other column tells whether the codes have an order; they were taken as categories.")
        return
    share = steady / explained
    doubt = "Unsure: " if _CLEAR[0] <= share <= _CLEAR[1] else ""
    if share >= _ORDERED:
        draft.kind = Kind.ORDINAL
        verdict = "taken as ordered."
    else:
        verdict = "that is not enough for an order; taken as categories."
    draft.why(
        f"{doubt}A steady rise or fall along the codes explains {100 * share:.0f} % of what the codes explain of "
        f"{spoke} other columns: {verdict}"
    )


def _ranks(draft: Draft) -> NDArray[np.float64]:
    values = _thin(draft.values())
    known = ~np.isnan(values)
    ranks = np.full(len(values), np.nan)
    ranks[known] = np.unique(values[known], return_inverse=True)[1]
    return ranks


def _thin(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[:: max(1, len(values) // _ROWS)]


def _shares(codes: NDArray[np.float64], witness: NDArray[np.float64]) -> tuple[float, float, bool]:
    """Share of the variance of ``witness`` between codes, the steady part of it, and whether the witness tells.

    Ranks take the place of values, so that long tails do not rule.
    """
    known = ~(np.isnan(codes) | np.isnan(witness))
    groups = np.unique(codes[known], return_inverse=True)[1]
    sizes = np.bincount(groups).astype(np.float64)
    if known.sum() < 30 or len(sizes) < 3:
        return 0.0, 0.0, False
    place = np.unique(witness[known], return_inverse=True)[1]
    values = np.cumsum(np.bincount(place))[place].astype(np.float64)
    values -= values.mean()
    total = float((values**2).sum())
    if total == 0:
        return 0.0, 0.0, False
    means = np.bincount(groups, values) / sizes
    eta = float((sizes * means**2).sum() / total)
    isotonic = max(float((sizes * fit**2).sum() / total) for fit in (_rising(means, sizes), _rising(-means, sizes)))
    free = len(sizes) - 1
    ratio = (eta / free) / max((1 - eta) / max(known.sum() - free - 1, 1), 1e-12)
    return eta, isotonic, ratio > _STRONG


def _rising(means: NDArray[np.float64], sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weighted means pooled until they never fall (pool adjacent violators)."""
    blocks: list[tuple[float, float, int]] = []
    for mean, size in zip(means, sizes, strict=True):
        blocks.append((float(mean), float(size), 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (high, a, i), (low, b, j) = blocks[-2], blocks[-1]
            blocks[-2:] = [((high * a + low * b) / (a + b), a + b, i + j)]
    return np.repeat([mean for mean, _, _ in blocks], [length for _, _, length in blocks])
