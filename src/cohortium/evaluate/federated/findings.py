"""The evidence about a synthetic table from the sums of all sites: the metrics' values, their references, the drawings.

Counts in cells are read back as persons at the middle of their cell, and the metrics' own formulas do the rest; hence a
value differs from the one on the records themselves by no more than the cells are wide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.errors import NotApplicable, TooFewRecords
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.disclosure import FEWEST
from cohortium.evaluate.federated.judgement_sums import SIDES, pair_counts, pair_sizes
from cohortium.evaluate.federated.stand_in import FEWEST as FEWEST_OUTCOMES
from cohortium.evaluate.federated.stand_in import StandIn
from cohortium.evaluate.federated.yardstick import DISTANCES, Yardstick
from cohortium.evaluate.fidelity.pair_trends import STRONG_ASSOCIATION, STRONG_CORRELATION
from cohortium.evaluate.plots import drawn_counts, drawn_levels, follow_up_curves
from cohortium.evaluate.privacy.roc import Scores
from cohortium.evaluate.run import combined
from cohortium.evaluate.shares import by_column, share
from cohortium.evaluate.survival.km_divergence import km_divergence_between
from cohortium.evaluate.validity.constraint_adherence import constraint_adherence
from cohortium.evaluate.validity.format_adherence import format_adherence
from cohortium.numerics.associations import counted_cramers_v
from cohortium.numerics.divergences import total_variation
from cohortium.numerics.intervals import auc, difference
from cohortium.records import Evidence, Finding, Guarantee, Question, Score, Status, Survival
from cohortium.registry import find

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]
    Counts = NDArray[np.int64]

Total = Mapping[str, "NDArray[Any]"]
"""Named sums over all sites."""

LEFT_OUT = (
    "Measured from sums over all sites. Attacks that need the records of all sites side by side (singling out, "
    "linkability, attribute inference) are not among them: each hospital can run them on its own records with "
    "'cohortium evaluate'."
)


def evidence_from_sums(
    yardstick: Yardstick, stand_in: StandIn | str, totals: Sequence[Total], guarantee: Guarantee, facts: dict[str, Any]
) -> Evidence:
    """Findings under the names of the metrics that they stand for, and data to draw them.

    stand_in : the model whose scores were counted, or why there is none.
    totals   : sum over all sites of ``judgement_sums``; after it ``attack_sums`` of the same method on other splits of
               the persons, over which the attacks' scores are averaged.
    """
    seen = Judged(yardstick, stand_in, totals[0], tuple(totals[1:]))
    findings = tuple(
        _finding(name, work)
        for name, work in (
            ("constraint_adherence", seen.constraint_adherence),
            ("format_adherence", seen.format_adherence),
            ("category_adherence", seen.category_adherence),
            ("column_shapes", seen.column_shapes),
            ("missing_rate_error", seen.missing_rate_error),
            ("pair_trends", seen.pair_trends),
            ("km_divergence", seen.km_divergence),
            ("tstr", seen.tstr),
            ("mia_nearest", seen.mia_nearest),
            ("mia_tpr", seen.mia_tpr),
            ("identical_excess", seen.identical_excess),
        )
    )
    card = {
        "persons_real": seen.rows["members"],
        "rows_real": seen.rows["members"],
        "persons_holdout": seen.rows["held"],
        "rows_holdout": seen.rows["held"],
        "rows_synthetic": len(yardstick.twin),
        "columns": len(yardstick.names),
        **facts,
    }
    return Evidence(card, findings, guarantee, _plots(seen, findings))


def _finding(name: str, work: Callable[[], Score]) -> Finding:
    facts = find("metric", name).facts
    question, title, better = Question(facts["asks"]), facts["title"], facts["better"]
    try:
        return Finding(name, question, title, work(), better)
    except (NotApplicable, TooFewRecords) as reason:
        return Finding(name, question, title, None, better, Status.NOT_APPLICABLE, reason=str(reason))


@dataclass(frozen=True)
class Judged:
    """The persons of all sites, as far as the sums tell, beside the synthetic table."""

    yardstick: Yardstick
    stand_in: StandIn | str
    total: Total
    others: tuple[Total, ...] = ()

    @cached_property
    def rows(self) -> dict[str, int]:
        """How many persons learnt, and how many were held out."""
        return _rows(self.total)

    @cached_property
    def cells(self) -> dict[str, list[Counts]]:
        """Per side, and for the synthetic table, the counts of each column's cells, missing first."""
        cuts = np.cumsum(self.yardstick.widths)[:-1]
        found = {side: np.split(self.total[f"cells.{side}"], cuts) for side in SIDES}
        codes = self.yardstick.codes(self.yardstick.own)
        own = [np.bincount(codes[:, place], minlength=width) for place, width in enumerate(self.yardstick.widths)]
        return {**found, "synthetic": own}

    def constraint_adherence(self) -> Score:
        """Of the synthetic table alone."""
        twin = self.yardstick.twin
        score: Score = constraint_adherence(Comparison(twin, twin), rng=np.random.default_rng(0))
        return score

    def format_adherence(self) -> Score:
        """Of the synthetic table alone."""
        twin = self.yardstick.twin
        score: Score = format_adherence(Comparison(twin, twin), rng=np.random.default_rng(0))
        return score

    def category_adherence(self) -> Score:
        """Share of synthetic levels that some member has."""
        good = known = 0
        for place in np.flatnonzero(self.yardstick.nominal):
            real, made = (self.cells[side][place][1:] for side in ("members", "synthetic"))
            good, known = good + int(made[real > 0].sum()), known + int(made.sum())
        if not known:
            raise NotApplicable("No column holds levels.")
        return share(good, known, len(self.yardstick.twin), "levels")

    def column_shapes(self) -> Score:
        """Distribution functions are compared at up to 100 cuts."""
        columns = self._shapes("synthetic")
        score = Score(_mean(columns), n=len(self.yardstick.twin), detail=by_column(columns))
        return _beside(score, _mean(self._shapes("held")))

    def _shapes(self, other: str) -> dict[str, float]:
        found = {}
        for place, name in enumerate(self.yardstick.names):
            one, two = (self.cells[side][place][1:] for side in ("members", other))
            if not one.sum() and not two.sum():
                continue
            if not one.sum() or not two.sum():
                found[name] = 0.0
                continue
            shares = one / one.sum(), two / two.sum()
            nominal = self.yardstick.nominal[place]
            gap = total_variation(*shares) if nominal else np.abs(np.cumsum(shares[0]) - np.cumsum(shares[1])).max()
            found[name] = 1.0 - float(gap)
        return found

    def missing_rate_error(self) -> Score:
        """As the metric's own."""
        rates = {
            side: np.array([counts[0] / max(counts.sum(), 1) for counts in self.cells[side]]) for side in self.cells
        }
        apart = np.abs(rates["members"] - rates["synthetic"])
        columns = dict(zip(self.yardstick.names, apart.tolist(), strict=True))
        score = Score(float(apart.mean()), n=len(self.yardstick.twin), detail=by_column(columns, worst="highest"))
        return _beside(score, float(np.abs(rates["members"] - rates["held"]).mean()))

    def pair_trends(self) -> Score:
        """Cells of numbers come from the synthetic table's range; numbers beyond 20 standard units count as 20."""
        own = self.synthetic_pairs
        similar, strong = self._similar(own)
        if not strong.any():
            raise NotApplicable("No pair of columns hangs together in real persons (correlation 0.5, Cramér's V 0.3).")
        names, pairs = self.yardstick.names, self.yardstick.pairs
        worst = [place for place in np.argsort(similar, kind="stable") if strong[place]][:10]
        detail = {
            "pairs": [[names[pairs[k][0]], names[pairs[k][1]], round(float(similar[k]), 6)] for k in worst],
            "strong_pairs": int(strong.sum()),
            "all_pairs": round(float(np.nanmean(similar)), 6),
        }
        held = self._similar((self.total["pairs.held"], self.total["products.held"]))[0]
        score = Score(float(similar[strong].mean()), n=len(self.yardstick.twin), detail=detail)
        return _beside(score, float(np.nanmean(held[strong])))

    @cached_property
    def synthetic_pairs(self) -> tuple[Counts, Reals]:
        """What a site with the synthetic persons would have counted of pairs."""
        return pair_counts(self.yardstick, self.yardstick.own)

    def _similar(self, other: tuple[Counts, Reals]) -> tuple[Reals, NDArray[np.bool_]]:
        """How alike each pair of columns is among members and the others; whether it hangs together in members."""
        nominal, pairs = self.yardstick.nominal, self.yardstick.pairs
        cuts = np.cumsum(pair_sizes(self.yardstick))[:-1]
        counted = [np.split(part, cuts) for part in (self.total["pairs.members"], other[0])]
        correlations = [_correlations(part) for part in (self.total["products.members"], other[1])]
        similar, strong = np.full(len(pairs), np.nan), np.zeros(len(pairs), np.bool_)
        for place, (i, j) in enumerate(pairs.tolist()):
            if not (nominal[i] or nominal[j]):
                similar[place] = 1.0 - abs(correlations[0][place] - correlations[1][place]) / 2.0
                strong[place] = abs(correlations[0][place]) > STRONG_CORRELATION
                continue
            one, two = (part[place] for part in counted)
            similar[place] = 1.0 - total_variation(one / max(one.sum(), 1), two / max(two.sum(), 1))
            table = one.reshape(self.yardstick.coarse_widths[[i, j]])
            strong[place] = counted_cramers_v(table, corrected=False) > STRONG_ASSOCIATION
        return similar, strong & ~np.isnan(similar)

    def km_divergence(self) -> Score:
        """Follow-up is counted at up to 200 times of the synthetic table."""
        real, held = (self.follow_up(side) for side in SIDES)
        rng = np.random.default_rng(0)
        score = km_divergence_between(real, self.synthetic_follow_up, rng)
        if len(held) < 2 * FEWEST:
            return score
        return _beside(score, km_divergence_between(real, held, rng).value)

    def follow_up(self, side: str) -> Survival:
        """The persons of a side, each at the end of the interval in which the follow-up ended.

        Raises : NotApplicable where the schema names no time and event.
        """
        times = np.append(self.yardstick.times, self.yardstick.times[-1])
        censored, events = self.total[f"follow_up.{side}"]
        # who stays beyond the last time is censored at it
        events, beyond = events.copy(), events[-1]
        censored, events[-1] = censored.copy(), 0
        censored[-1] += beyond
        durations = np.concatenate([np.repeat(times, events), np.repeat(times, censored)])
        return Survival(durations, np.arange(len(durations)) < events.sum(), Survival.of(self.yardstick.twin).unit)

    @property
    def synthetic_follow_up(self) -> Survival:
        """The synthetic persons in the same intervals."""
        own = Survival.of(self.yardstick.twin)
        times = self.yardstick.times
        cells = np.minimum(np.searchsorted(times, own.durations, "left"), len(times) - 1)
        return Survival(times[cells], own.events, own.unit)

    def tstr(self) -> Score:
        """The area under the curve among held-out persons, the mean over classes; scores counted in 500 cells."""
        if isinstance(self.stand_in, str):
            raise NotApplicable(self.stand_in)
        found, persons = [], 0
        for outside, inside in self.total["scores.held"]:
            persons = int(outside.sum() + inside.sum())
            if persons >= FEWEST_OUTCOMES and min(outside.sum(), inside.sum()) >= FEWEST:
                cells = np.arange(len(inside), dtype=np.float64)
                found.append(auc(np.repeat(cells, inside), np.repeat(cells, outside)))
        if not found:
            raise TooFewRecords(f"No class has {FEWEST} held-out persons inside and outside it.")
        # classes share their persons, so their errors are taken to go together
        value, low, high = (float(np.mean([getattr(one, end) for one in found])) for end in ("value", "low", "high"))
        detail = {"target": self.stand_in.task.target, "task": self.stand_in.task.kind}
        return Score(value, low, high, n=persons, detail=detail)

    def mia_nearest(self) -> Score:
        """As the metric's own, on distances in cells."""
        return _over_splits("mia_nearest", [_nearest(*one) for one in self._of_attacks])

    def mia_tpr(self) -> Score:
        """Of the attack by the nearest synthetic row alone."""
        return _over_splits("mia_tpr", [_caught(*one) for one in self._of_attacks])

    def identical_excess(self) -> Score:
        """From the persons' side: share of members who have an equal synthetic row, less that of held-out persons."""
        return _over_splits("identical_excess", [_copied(total) for total in (self.total, *self.others)])

    @cached_property
    def _of_attacks(self) -> tuple[tuple[Scores, int], ...]:
        """Of every split what both attacks go by, and how many persons they are tried on.

        Raises : TooFewRecords below 20 persons on either side.
        """
        return tuple((_closeness(total), sum(_rows(total).values())) for total in (self.total, *self.others))


def _over_splits(name: str, scores: list[Score]) -> Score:
    return combined(scores, find("metric", name).facts["range"])


def _rows(total: Total) -> dict[str, int]:
    return {side: int(total[f"rows.{side}"]) for side in SIDES}


def _closeness(total: Total) -> Scores:
    """The nearer the nearest synthetic row, the higher: 1,200 cells of distance.

    Raises : TooFewRecords below 20 persons on either side.
    """
    if min(_rows(total).values()) < 2 * FEWEST:
        raise TooFewRecords(f"Attacks need {2 * FEWEST} persons who learnt and as many who were held out.")
    score = -np.arange(len(DISTANCES), dtype=np.float64)
    members, held = (np.repeat(score, total[f"near.{side}"]) for side in SIDES)
    return Scores(members, held)


def _nearest(scores: Scores, persons: int) -> Score:
    found = scores.area()
    return Score(found.value, found.low, found.high, n=persons, detail=scores.detail())


def _caught(scores: Scores, persons: int) -> Score:
    found = scores.caught()
    return Score(found.value, found.low, found.high, n=persons, detail={"attack": "nearest"})


def _copied(total: Total) -> Score:
    rows = _rows(total)
    if not min(rows.values()):
        raise TooFewRecords("Copies are told from chance by persons who learnt and persons who were held out.")
    same = [int(total[f"same.{side}"]) for side in SIDES]
    found = difference(same[0], rows["members"], same[1], rows["held"])
    return Score(found.value, found.low, found.high, n=sum(rows.values()))


def _plots(seen: Judged, findings: tuple[Finding, ...]) -> dict[str, Any]:
    scores = {found.metric: found.score for found in findings if found.score is not None}
    drawn: dict[str, Any] = {"marginals": _marginals(seen, scores["column_shapes"].detail["columns"])}
    if "mia_nearest" in scores:
        drawn["roc"] = {find("metric", "mia_nearest").facts["title"]: scores["mia_nearest"].detail["roc"]}
    if "km_divergence" in scores:
        named = {"real": seen.follow_up("members"), "synthetic": seen.synthetic_follow_up}
        held = seen.follow_up("held")
        drawn["survival"] = follow_up_curves({**named, **({"holdout": held} if len(held) >= 2 * FEWEST else {})})
    return drawn


def _marginals(seen: Judged, scores: dict[str, float]) -> dict[str, dict[str, Any]]:
    """Every column's distribution among members and in the synthetic table, drawn by the report's own rules."""
    found: dict[str, dict[str, Any]] = {}
    yardstick = seen.yardstick
    for place, name in enumerate(yardstick.names):
        real, made = (seen.cells[side][place] for side in ("members", "synthetic"))
        if real[1:].sum() < FEWEST:
            continue
        if yardstick.nominal[place]:
            body = drawn_levels(real[1:], made[1:], (*yardstick.levels[place], "(other)"))
        else:
            edges = yardstick.edges[place]
            # a cell of the yardstick lies within one cell of the drawing, or beyond its ends
            cuts = np.clip(np.searchsorted(edges, yardstick.cuts[place], "right") - 1, 0, len(edges) - 2)
            owner = np.concatenate([[0], cuts])
            body = drawn_counts(edges, *(np.bincount(owner, part[1:], len(edges) - 1) for part in (real, made)))
        missing = [float(part[0] / max(part.sum(), 1)) for part in (real, made)]
        found[name] = {**body, "missing": [round(share, 2) for share in missing], "score": scores.get(name)}
    return found


def _correlations(products: Reals) -> Reals:
    n, x, y, xx, yy, xy = products.T
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((n * xy - x * y) / np.sqrt((n * xx - x**2) * (n * yy - y**2)))


def _mean(values: dict[str, float]) -> float:
    if not values:
        raise NotApplicable("No column has a known value.")
    return float(np.mean(list(values.values())))


def _beside(score: Score, reference: float) -> Score:
    return Score(score.value, score.low, score.high, score.n, reference, score.detail)
