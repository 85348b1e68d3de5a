"""Every metric on one pair of tables: the engine behind the evidence."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow.compute as pc

from cohortium.errors import InvalidRecords, InvalidRequest, NotApplicable
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.plots import plots
from cohortium.records import Evidence, Finding, Guarantee, Question, Role, Score, Status, Table
from cohortium.registry import Entry, entries, find

Progress = Callable[[str, float], None]
THREADS = 2
REFERENCES = 3
"""Ways in which the held-out persons are halved to measure real persons against real persons."""

_NEEDS = {
    "holdout": "No real persons were held out from the synthesiser.",
    "survival": "The schema names no column with the role 'time' and one with the role 'event'.",
    "target": "No column to predict was named, and the schema marks no outcome.",
    "guarantee": "The method promises nothing formal.",
}
# Student's t at 97.5 % for 1, 2, 3 ... degrees of freedom; the normal value beyond.
_STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)


def silent(_doing: str, _share: float) -> None:
    """A progress listener that shows nothing."""


def evaluate(
    real: Table,
    synthetic: Table | Sequence[Table],
    holdout: Table | None = None,
    *,
    target: str | None = None,
    analysis: str | None = None,
    guarantee: Guarantee | None = None,
    metrics: Iterable[str] | None = None,
    seeds: int = 5,
    rng: np.random.Generator,
    progress: Progress = silent,
    facts: dict[str, Any] | None = None,
    refits: Sequence[tuple[Table, Table, Table]] = (),
) -> Evidence:
    """Everything that the registered metrics can say about a synthetic table, and data to draw it.

    synthetic : one table, or several that one method made with different seeds; their mean is judged.
    holdout   : real persons whom the synthesiser never saw; many metrics need them.
    target, analysis : column to predict, and regression to repeat (``outcome ~ a + b``); else the schema's outcome.
    metrics   : names of the metrics to run; all where None.
    seeds     : repetitions of the metrics that vary from run to run; the interval is taken over them.
    facts     : further lines of the identity card.
    refits    : (real, synthetic, holdout) of the same method on other splits of the same persons. With few persons who
                happens to be held out decides an attack as much as the method does; every metric is averaged over them.
    Raises    : InvalidRecords where a table is empty or the columns differ; InvalidRequest for an unknown metric or
                target; SchemaMismatch where values cannot be read under the real table's schema.
    Reveals   : findings of aggregates; it still leaves only through privacy.release.
    """
    chosen = entries("metric") if metrics is None else tuple(find("metric", name) for name in dict.fromkeys(metrics))
    tables = [synthetic] if isinstance(synthetic, Table) else list(synthetic)
    promised = guarantee or Guarantee()
    pairs = _pairs(real, tables, holdout, target, analysis, promised)
    for learnt, made, held in refits:
        pairs += _pairs(learnt, [made], held, target, analysis, promised)
    if seeds < 1:
        raise InvalidRequest(f"At least one repetition is needed, not {seeds}.")
    base = int(rng.integers(2**63))
    references = _references(pairs[0], base, REFERENCES)
    work = _Work(chosen, pairs, references, seeds, base)
    findings = work.run(progress)
    drawn = plots(pairs[0], findings, np.random.default_rng([base, 1]))
    card = {**_facts(pairs, seeds), **({"refits": len(refits)} if refits else {}), **(facts or {})}
    return Evidence(card, findings, promised, drawn)


def _pairs(
    real: Table,
    tables: Sequence[Table],
    holdout: Table | None,
    target: str | None,
    analysis: str | None,
    guarantee: Guarantee,
) -> list[Comparison]:
    if not tables:
        raise InvalidRequest("There is no synthetic table to judge.")
    for name, table in [("real", real), *(("synthetic", table) for table in tables)]:
        if not len(table):
            raise InvalidRecords(f"The {name} table has no row; there is nothing to compare.")
    if target is not None and target not in {column.name for column in real.schema.modelled}:
        raise InvalidRequest(f"There is no column '{target}' to predict; choose one of {list(real.schema.names)}.")
    held = None if holdout is None or not len(holdout) else aligned(holdout, real, "held-out")
    if held is not None:
        _refuse_shared_persons(real, held)
    made = [aligned(table, real, "synthetic") for table in tables]
    return [Comparison(real, table, held, target, guarantee, analysis) for table in made]


def _refuse_shared_persons(real: Table, held: Table) -> None:
    key = real.schema.only(Role.PERSON_KEY)
    if key is None or key.name not in held.schema:
        return
    shared = pc.is_in(pc.unique(held.arrow.column(key.name)), value_set=pc.unique(real.arrow.column(key.name)))
    count = int(np.asarray(shared).sum())
    if count:
        raise InvalidRecords(
            f"{count} persons stand both in the real and in the held-out table (by '{key.name}'), so that every attack "
            "would look harmless. Hold out persons whom the synthesiser never saw."
        )


def aligned(table: Table, real: Table, name: str) -> Table:
    """``table`` under the kinds and roles of the real table's schema, its columns in the same order.

    Raises : InvalidRecords naming the modelled columns that only one of the tables has.
    """
    expected = {column.name for column in real.schema.modelled}
    present = {column.name for column in table.schema.modelled}
    missing, extra = sorted(expected - set(table.schema.names)), sorted(present - set(real.schema.names))
    if missing or extra:
        raise InvalidRecords(
            f"The {name} table's columns are not the real table's. Missing: {missing}; only there: {extra}. "
            "Rename or drop columns until both agree."
        )
    shared = [name for name in real.schema.names if name in table.schema]
    return Table(table.arrow.select(shared), real.schema.select(shared))


def _references(pair: Comparison, base: int, times: int) -> list[Comparison]:
    """Comparisons with one half of the held-out persons in the place of the synthetic table, halved anew each time."""
    if pair.holdout is None:
        return []
    halved = [pair.reference(np.random.default_rng([base, 2, time])) for time in range(times)]
    return [one for one in halved if len(one.synthetic) and one.holdout is not None and len(one.holdout)]


def _facts(pairs: Sequence[Comparison], seeds: int) -> dict[str, Any]:
    pair = pairs[0]
    facts: dict[str, Any] = {
        "rows_real": len(pair.real),
        "persons_real": len(np.unique(pair.real.persons())),
        "rows_synthetic": len(pair.synthetic),
        "columns": len(pair.encoded.names),
        "repetitions": seeds,
    }
    if len(pairs) > 1:
        facts["synthetic_tables"] = len(pairs)
    if pair.holdout is not None:
        facts["rows_holdout"] = len(pair.holdout)
        facts["persons_holdout"] = len(np.unique(pair.holdout.persons()))
    if pair.target is not None:
        facts["target"] = pair.target
    if pair.analysis is not None:
        facts["analysis"] = pair.analysis
    return facts


Answer = Score | str
"""A score, or the reason why there is none."""


class _Work:
    """Every metric, its repetitions and its reference, spread over two threads.

    What belongs to one family of metrics, one pair and one repetition runs on one thread and with one generator state,
    so that the family shares its experiments (``Comparison.once``); hence the result is the same for any thread count.
    """

    def __init__(
        self,
        chosen: Sequence[Entry],
        pairs: Sequence[Comparison],
        references: Sequence[Comparison],
        seeds: int,
        base: int,
    ) -> None:
        self.chosen, self.pairs, self.references, self.base = chosen, pairs, references, base
        self.answers: dict[tuple[str, bool], dict[int, Answer]] = {}
        self.chains: dict[tuple[str, bool, int], list[tuple[Entry, Comparison]]] = {}
        for entry in chosen:
            reason = lacking(entry, pairs[0])
            if reason:
                self.answers[entry.name, False] = {0: reason}
                continue
            times = max(len(pairs), min(entry.facts["seeds"], seeds))
            self._plan(entry, False, [pairs[time % len(pairs)] for time in range(times)])
            self._plan(entry, True, references[: max(1, min(times, len(references)))])

    def _plan(self, entry: Entry, is_reference: bool, comparisons: Sequence[Comparison]) -> None:
        family = entry.thing.__module__.rpartition(".")[0]
        for time, comparison in enumerate(comparisons):
            self.chains.setdefault((family, is_reference, time), []).append((entry, comparison))

    def run(self, progress: Progress) -> tuple[Finding, ...]:
        """All findings, in the order of the report's questions."""
        for pair in [*self.pairs, *self.references]:
            pair.encoded  # noqa: B018 - made once, before two threads could make it twice
        total = sum(map(len, self.chains.values()))
        done = 0
        with ThreadPoolExecutor(THREADS) as threads:
            # The longest first, so that no thread is left alone with them at the end.
            order = sorted(self.chains, key=lambda key: -len(self.chains[key]))
            waiting: set[Future[list[str]]] = {threads.submit(self._chain, key) for key in order}
            try:
                while waiting:
                    finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    for future in finished:
                        for name in future.result():
                            done += 1
                            progress(name, done / total)
            except BaseException:
                threads.shutdown(cancel_futures=True)
                raise
        questions = list(Question)
        found = [self._finding(entry) for entry in self.chosen]
        return tuple(sorted(found, key=lambda finding: questions.index(finding.question)))

    def _chain(self, key: tuple[str, bool, int]) -> list[str]:
        _, is_reference, time = key
        names = []
        for entry, comparison in self.chains[key]:
            rng = np.random.default_rng([self.base, 3, int(is_reference), time])
            answer: Answer
            try:
                answer = entry.thing(comparison, rng=rng)
            except NotApplicable as reason:
                answer = str(reason)
            self.answers.setdefault((entry.name, is_reference), {})[time] = answer
            names.append(entry.facts["title"])
        return names

    def _finding(self, entry: Entry) -> Finding:
        facts = entry.facts
        question, title, better = Question(facts["asks"]), facts["title"], facts["better"]
        answers = _in_order(self.answers[entry.name, False])
        scores = [answer for answer in answers if isinstance(answer, Score)]
        if not scores:
            reason = next(answer for answer in answers if isinstance(answer, str))
            return Finding(entry.name, question, title, None, better, Status.NOT_APPLICABLE, reason=reason)
        score = combined(scores, facts["range"])
        real = [
            answer.value for answer in _in_order(self.answers.get((entry.name, True), {})) if isinstance(answer, Score)
        ]
        if real:
            score = replace(score, reference=float(np.mean(real)))
        return Finding(entry.name, question, title, score, better)


def _in_order(answers: dict[int, Answer]) -> list[Answer]:
    return [answers[time] for time in sorted(answers)]


def lacking(entry: Entry, pair: Comparison) -> str:
    """Why a metric cannot be asked of this comparison at all; empty where it can."""
    schema = pair.real.schema
    event = schema.only(Role.EVENT)
    present = {
        "holdout": pair.holdout is not None,
        "survival": schema.only(Role.TIME) is not None and event is not None,
        "target": bool(pair.target or pair.analysis or schema.only(Role.OUTCOME) or event),
        "guarantee": pair.guarantee.is_formal,
    }
    return next((_NEEDS[need] for need in entry.facts["needs"] if not present[need]), "")


def combined(scores: Sequence[Score], bounds: tuple[float, float]) -> Score:
    """One score of several repetitions: their mean, with an interval for that mean.

    The spread between repetitions (Student's t) and the mean of their own intervals add in quadrature; the details are
    the first repetition's.
    """
    if len(scores) == 1:
        return scores[0]
    values = np.array([score.value for score in scores])
    below, above = (np.array([abs(limit - score.value) for score, limit in side]).mean() for side in (
        [(score, score.low) for score in scores], [(score, score.high) for score in scores]
    ))  # fmt: skip
    freedom = len(scores) - 1
    student = _STUDENT[freedom - 1] if freedom <= len(_STUDENT) else 1.96 + 2.5 / freedom
    between = student * float(values.std(ddof=1)) / math.sqrt(len(scores))
    value = float(values.mean())
    low = max(bounds[0], value - math.hypot(between, below))
    high = min(bounds[1], value + math.hypot(between, above))
    return replace(
        scores[0], value=value, low=min(low, value), high=max(high, value), n=max(score.n for score in scores)
    )
