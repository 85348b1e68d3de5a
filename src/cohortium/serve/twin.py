"""From a table of patients to a synthetic twin with its evidence: the steps in their order, and nothing else."""

from __future__ import annotations

import math
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import cohortium
from cohortium.errors import InvalidRequest
from cohortium.evaluate import evaluate
from cohortium.evaluate.report import card, html, pdf, to_json
from cohortium.privacy.policy import Policy, load_policy
from cohortium.privacy.release import Decision, Released, decide, release
from cohortium.records import Condition, Evidence, Finding, Question, Role, Schema, Score, Table, parse_condition
from cohortium.registry import find
from cohortium.synthesise import Fitted, Progress, Synthesiser
from cohortium.synthesise.protocol import silent

if sys.platform != "win32":
    import resource

DRAWS = 5
"""Synthetic tables drawn for the evidence: intervals are taken over them."""

FEW_PERSONS = 1000
"""Below, the draws come from fits on different splits: one split of few persons says little about the method."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a twin is to be made; what is None is decided from the table.

    rows          : rows of the twin; as many as the real table has where None.
    holdout_share : share of the persons who are kept away from the synthesiser and judge it.
    target        : column that models predict in the evidence; the schema's outcome where None.
    analysis      : regression that the evidence repeats, ``outcome ~ a + b``.
    schema_is_public : ranges and levels in the schema are known without these patients; only formal methods ask.
    where         : condition that every synthetic row must satisfy.
    seed          : of everything that is random but privacy noise.
    """

    method: str = "sequential_trees"
    rows: int | None = None
    seed: int = 0
    epsilon: float | None = None
    delta: float | None = None
    where: str | None = None
    target: str | None = None
    analysis: str | None = None
    schema_is_public: bool = False
    holdout_share: float = 1 / 3

    def synthesiser(self) -> Synthesiser:
        """The method that the plan names, with its privacy budget.

        Raises : InvalidRequest where a budget is given to a method that has no formal guarantee.
        """
        entry = find("synthesiser", self.method)
        formal = entry.facts["guarantee"] != "none"
        if self.epsilon is not None and not formal:
            raise InvalidRequest(
                f"'{self.method}' has no formal guarantee, so an epsilon has no meaning for it. "
                "Choose --method private_marginals, or leave --epsilon out."
            )
        # an inferred schema lists levels and ranges of these very patients, so it counts as public only when told to
        budget: dict[str, Any] = {}
        if formal:
            budget = {"epsilon": self.epsilon, "delta": self.delta, "schema_is_public": self.schema_is_public}
        made: Synthesiser = entry.thing(**{name: value for name, value in budget.items() if value is not None})
        return made


@dataclass(frozen=True, slots=True)
class Twin:
    """A synthetic table that has not left yet, the model that made it, and what was measured."""

    table: Table
    fitted: Fitted
    evidence: Evidence
    schema: Schema
    plan: Plan = field(default_factory=Plan)

    def decide(self, policy: Policy | None = None, *, override_reason: str = "") -> tuple[Evidence, Decision]:
        """What the gate would decide, with every row of the evidence judged."""
        return decide(self.evidence, policy or load_policy(), override_reason=override_reason)

    def release(self, policy: Policy | None = None, *, override_reason: str = "") -> Released:
        """The table, let out by the gate.

        Raises : DisclosureRefused naming every rule that failed and what would help.
        """
        return release(self.table, self.evidence, policy or load_policy(), override_reason=override_reason)


def utc_now() -> datetime:
    """The clock that is used where no other is given."""
    return datetime.now(UTC)


def make_twin(
    real: Table,
    plan: Plan | None = None,
    *,
    progress: Progress = silent,
    source: str = "",
    clock: Callable[[], datetime] = utc_now,
) -> Twin:
    """Learn ``real``, sample its twin, and measure what can be measured about the two.

    A share of the persons is held out from learning; the evidence compares against them.
    Raises : TooFewRecords, InvalidRequest, NotApplicable as the method does.
    """
    plan = plan or Plan()
    rng = np.random.default_rng(plan.seed)
    fit_rng, split_rng, sample_rng, evaluate_rng, refit_rng = rng.spawn(5)
    method = plan.synthesiser()
    condition = (
        parse_condition(plan.where, real.schema.select(c.name for c in real.schema.modelled)) if plan.where else None
    )
    started = time.perf_counter()
    train, holdout = real.split_by_person(1 - plan.holdout_share, split_rng)
    fitted = method.fit(train, rng=fit_rng, progress=_part(progress, 0.0, 0.3))
    fit_seconds = time.perf_counter() - started
    progress("sampling", 0.3)
    rows = plan.rows if plan.rows is not None else len(real)
    started = time.perf_counter()
    table = fitted.sample(rows, rng=sample_rng, where=condition)
    sample_seconds = time.perf_counter() - started
    few = len(np.unique(real.persons())) < FEW_PERSONS
    draws = [table]
    if not few:
        draws += [fitted.sample(len(train), rng=sample_rng, where=condition) for _ in range(DRAWS - 1)]
    refits = _refits(real, plan, method, condition, refit_rng, _part(progress, 0.31, 0.35)) if few else []
    if condition is not None:
        train, holdout = (part.take(condition.holds(part)) for part in (train, holdout))
    started = time.perf_counter()
    evidence = evaluate(
        train,
        draws,
        holdout,
        target=plan.target,
        analysis=plan.analysis,
        guarantee=fitted.guarantee,
        rng=evaluate_rng,
        progress=_part(progress, 0.35, 1.0),
        facts={"rows_synthetic": len(table)},
        refits=refits,
    )
    cost = {
        "fit_seconds": ("Seconds to learn the table", fit_seconds),
        "sample_seconds": (f"Seconds to draw {len(table):,} rows", sample_seconds),
        "evaluate_seconds": ("Seconds to measure the twin", time.perf_counter() - started),
        "peak_memory_mb": ("Largest memory of the process, MB", _peak_memory_mb()),
    }
    costs = tuple(
        Finding(name, Question.COST, title, Score(round(value, 2)), "lower") for name, (title, value) in cost.items()
    )
    facts = {**_identity(real, fitted, plan, source, clock()), **evidence.facts}
    return Twin(table, fitted, replace(evidence, facts=facts, findings=evidence.findings + costs), fitted.schema, plan)


def documents(schema: Schema, *, with_pdf: bool) -> dict[str, Any]:
    """Renderers of what lies beside a released table."""
    rendered: dict[str, Any] = {
        "evidence.json": lambda evidence, decision: to_json(evidence, decision, schema).encode(),
        "report.html": lambda evidence, decision: html(evidence, decision, schema).encode(),
        "card.md": lambda evidence, decision: card(evidence, decision, schema).encode(),
    }
    if with_pdf:
        rendered["report.pdf"] = lambda evidence, decision: pdf(evidence, decision, schema)
    return rendered


def _refits(
    real: Table,
    plan: Plan,
    method: Synthesiser,
    condition: Condition | None,
    rng: np.random.Generator,
    progress: Progress,
) -> list[tuple[Table, Table, Table]]:
    """The method on further splits of the same persons: what was learnt, what was drawn, who was held out."""
    found = []
    for number in range(DRAWS - 1):
        progress("learning other splits", number / (DRAWS - 1))
        train, holdout = real.split_by_person(1 - plan.holdout_share, rng)
        made = method.fit(train, rng=rng).sample(len(train), rng=rng, where=condition)
        if condition is not None:
            train, holdout = (part.take(condition.holds(part)) for part in (train, holdout))
        found.append((train, made, holdout))
    return found


def _identity(real: Table, fitted: Fitted, plan: Plan, source: str, now: datetime) -> dict[str, Any]:
    key = real.schema.only(Role.PERSON_KEY)
    facts = {
        "title": real.schema.title or Path(source).name or "table",
        "source": source,
        "created": now.isoformat(timespec="seconds"),
        "method": fitted.method,
        "seed": plan.seed,
        "condition": plan.where or "",
        "rows_of_the_source": len(real),
        "person_key": key.name if key is not None else "",
        "columns_left_out": [name for name in real.schema.names if name not in fitted.schema],
        "notes": list(fitted.notes),
        "cohortium_version": cohortium.__version__,
        "python_version": platform.python_version(),
    }
    return {name: value for name, value in facts.items() if value not in ("", [])}


def _peak_memory_mb() -> float:
    if sys.platform == "win32":
        return math.nan
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024**2 if sys.platform == "darwin" else 1024)


def _part(progress: Progress, start: float, stop: float) -> Progress:
    def within(doing: str, share: float) -> None:
        progress(doing, start + (stop - start) * share)

    return within
