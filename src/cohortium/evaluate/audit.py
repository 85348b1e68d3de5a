"""The audit of a synthesiser: fit it again and again, with and without chosen persons, and try to tell which it was.

The metrics look at one release; this looks at the method. Each run flips a fair coin for every chosen person (canary),
fits and samples without those whose coin fell so, and scores from the synthetic table alone how likely each was there.
``audit_epsilon`` turns right guesses into a lower bound on epsilon, ``shadow_membership`` into the AUC of the attack.

Source : Steinke, Nasr and Jagielski 2023 (many canaries in a run); Houssiau et al. 2022 (TAPAS: counting queries about
         the target); Watson et al. 2022 (calibration by runs without the target).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import InvalidRequest, TooFewRecords
from cohortium.evaluate.privacy.epsilon import GUESSES, guessed
from cohortium.evaluate.privacy.line_up import Persons, gather, persons_of
from cohortium.evaluate.privacy.one_run import lower_bound
from cohortium.evaluate.privacy.rare_combinations import codes_of
from cohortium.evaluate.privacy.roc import Scores, strongest
from cohortium.numerics.neighbours import coordinates, fingerprints, nearest
from cohortium.records import Score, Table, concat, matrices

if TYPE_CHECKING:
    from numpy.typing import NDArray

FitAndSample = Callable[[Table, np.random.Generator], Table]
"""Fits a synthesiser to a table and gives a synthetic one; all that an audit needs to know of it."""

QUERIES, QUERY_COLUMNS, KEPT_QUERIES = 200, 3, 10
MOST_SEARCHED, ROWS_EACH = 6_000, 5
SMALLEST_GAP = 0.01
FEWEST_REST = 20


@dataclass(frozen=True, slots=True)
class Exposure:
    """What the runs of an audit gave away.

    included       : (runs, canaries) True where the canary's coin put it into the table.
    nearest, cells : (runs, canaries) scores, higher where the canary seems to have been there: by its nearest synthetic
                     row, and by how often the rare cells that it falls into occur.
    """

    included: NDArray[np.bool_]
    nearest: NDArray[np.float64]
    cells: NDArray[np.float64]

    def attempts(self) -> tuple[tuple[str, Scores], ...]:
        """The scores of canaries that were in and of canaries that were out, by attack."""
        named = (("nearest", self.nearest), ("cells", self.cells))
        return tuple((name, Scores(scores[self.included], scores[~self.included])) for name, scores in named)


def expose(
    fit_and_sample: FitAndSample,
    table: Table,
    *,
    canaries: Table | int = 100,
    runs: int = 4,
    rng: np.random.Generator,
) -> Exposure:
    """Fit ``runs`` times, each time without the canaries whose coins fell so.

    canaries : how many of the table's most isolated persons to use, or a table of made-up persons of the same schema.
    Raises   : TooFewRecords where fewer than 20 persons would be left beside the canaries.
    """
    if runs < 1:
        raise InvalidRequest(f"An audit needs at least one run, not {runs}.")
    rest, chosen = _most_isolated(table, canaries, rng) if isinstance(canaries, int) else (table, canaries)
    persons = chosen.persons()
    who = gather(persons, persons_of(persons), rng, ROWS_EACH)
    included = rng.random((runs, len(who))) < 0.5
    queries = _queries(rest, rng)
    scores = np.empty((2, runs, len(who)))
    for run in range(runs):
        kept = chosen.take(included[run][np.searchsorted(persons_of(persons), persons)])
        made = fit_and_sample(concat([rest, kept]), rng.spawn(1)[0])
        scores[:, run] = _looks_there(rest, chosen.take(who.rows), made, who, queries)
    near, cells = (_calibrated(one) for one in scores)
    return Exposure(included, near, cells)


def audit_epsilon(
    fit_and_sample: FitAndSample,
    table: Table,
    *,
    canaries: Table | int = 100,
    runs: int = 4,
    delta: float = 0.0,
    claim: float | None = None,
    rng: np.random.Generator,
) -> Score:
    """The smallest epsilon, at 95 %, that is consistent with how often the canaries' coins are guessed rightly.

    0 means that nothing could be proven, not that nothing leaks. Above the claim, the claim is false: a program error,
    or a part of the fit (bounds, levels, bins) that looked at the data outside the accounting.
    canaries, runs : see ``expose``; more of either prove more, 100 canaries in 4 runs an epsilon of 3.6 at most.
    delta          : of the claim; the bound is for (epsilon, delta).
    """
    found = expose(fit_and_sample, table, canaries=canaries, runs=runs, rng=rng)
    attempts = found.attempts()
    error = 0.05 / (len(attempts) * len(GUESSES))
    best, detail = -1.0, {}
    for name, scores in attempts:
        for share, both_ways in GUESSES:
            correct, guesses = guessed(scores, share, both_ways, rng)
            bound = lower_bound(correct, guesses, found.included.size, delta, error)
            if bound > best:
                best, detail = bound, {"attack": name, "guesses": guesses, "correct": correct, "claim": claim}
    return Score(best, n=found.included.size, detail=detail)


def shadow_membership(
    fit_and_sample: FitAndSample,
    table: Table,
    *,
    canaries: Table | int = 20,
    runs: int = 20,
    rng: np.random.Generator,
) -> Score:
    """AUC with which someone who can run the same synthesiser tells whether an unusual person was in; 0.5 is guessing.

    The strongest attacker here: he knows the method and everybody else in the table, and compares the release with
    what the method makes without the target. The interval allows for having picked the better of two scores.
    """
    attempts = expose(fit_and_sample, table, canaries=canaries, runs=runs, rng=rng).attempts()
    if any(min(len(scores.members), len(scores.strangers)) == 0 for _, scores in attempts):
        raise TooFewRecords("All coins fell alike; give more canaries or more runs.")
    found = strongest(tuple(scores for _, scores in attempts))
    n = len(found.scores.members) + len(found.scores.strangers)
    detail = {"attack": attempts[found.place][0], **found.scores.detail()}
    return Score(found.area.value, found.area.low, found.area.high, n=n, detail=detail)


def _most_isolated(table: Table, count: int, rng: np.random.Generator) -> tuple[Table, Table]:
    """Everybody else, and the persons whose rows lie furthest from any row of another person."""
    persons = table.persons()
    codes = persons_of(persons)
    if count < 1 or len(codes) < count + FEWEST_REST:
        raise TooFewRecords(
            f"An audit with {count} canaries needs at least one of them and {FEWEST_REST} more persons; "
            f"the table has {len(codes)}."
        )
    who = gather(persons, rng.permutation(codes)[:MOST_SEARCHED], rng, ROWS_EACH)
    encoded = matrices([table])
    rows = encoded.values[0][who.rows]
    points = coordinates([rows], encoded.nominal, rows).values[0]
    owner = persons[who.rows]
    apart = who.strongest(nearest(points, points, groups=(owner, owner))[0][:, 0])
    chosen = persons[who.first][np.argsort(-apart, kind="stable")[:count]]
    is_canary = np.isin(persons, chosen)
    return table.take(~is_canary), table.take(is_canary)


def _queries(rest: Table, rng: np.random.Generator) -> list[list[int]]:
    """Random sets of one to three columns to count in."""
    columns = len(matrices([rest]).names)
    sizes = rng.integers(1, min(QUERY_COLUMNS, columns) + 1, QUERIES)
    drawn = {tuple(sorted(rng.choice(columns, size, replace=False).tolist())) for size in sizes}
    return [list(one) for one in sorted(drawn)]


def _looks_there(
    rest: Table, canaries: Table, made: Table, who: Persons, queries: list[list[int]]
) -> NDArray[np.float64]:
    """Scores (2, canaries) of one run's synthetic table: by nearest row, and by counts of rare cells."""
    encoded = matrices([rest, canaries, made])
    base, own, synthetic = encoded.values
    points = coordinates((own, synthetic), encoded.nominal, base).values
    # The persons lie in ``canaries`` in the order of ``who``, row after row.
    places = Persons(np.arange(len(own)), who.starts)
    near = places.strongest(-np.log(nearest(points[0], points[1])[0][:, 0] + SMALLEST_GAP))
    codes = codes_of((base, own, synthetic), encoded.nominal)
    counted = np.array([_surplus(codes, columns) for columns in queries])
    usual, surplus = counted[:, 0], counted[:, 1]
    rarest = np.argsort(usual, axis=0, kind="stable")[:KEPT_QUERIES]
    cells = places.strongest(np.take_along_axis(surplus, rarest, axis=0).sum(axis=0))
    return np.stack([near, cells])


def _surplus(codes: tuple[NDArray[np.int64], ...], columns: list[int]) -> NDArray[np.float64]:
    """Per canary row (2, n): rows of others in its cell; synthetic rows in it beyond as many, in standard errors."""
    base, own, synthetic = (fingerprints(part[:, columns].astype(np.float64)) for part in codes)
    usual, seen = (_count(own, side) for side in (base, synthetic))
    expected = usual * len(synthetic) / max(len(base), 1)
    return np.stack([usual, (seen - expected) / np.sqrt(expected + 1)])


def _count(wanted: NDArray[np.uint64], rows: NDArray[np.uint64]) -> NDArray[np.float64]:
    ordered = np.sort(rows)
    found = np.searchsorted(ordered, wanted, "right") - np.searchsorted(ordered, wanted, "left")
    return found.astype(np.float64)


def _calibrated(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each canary's scores (runs, canaries) less their mean over the other runs, whose coins were others."""
    runs = len(scores)
    if runs < 3:
        return scores
    others = (scores.sum(axis=0) - scores) / (runs - 1)
    return np.asarray(scores - others)
