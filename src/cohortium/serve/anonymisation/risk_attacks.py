"""The attacks of ``evaluate`` on a release beside its original, read as an attacker reads what is told less exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from cohortium.anonymise.risk import decoded
from cohortium.anonymise.risk.findings import NO_RELEASE
from cohortium.anonymise.tables.hierarchy import Hierarchy
from cohortium.evaluate import evaluate
from cohortium.records import Finding, Question, Role, Status, Table
from cohortium.registry import find

BY_KNOWN = (
    "mia_nearest",
    "mia_worst",
    "singling_out_univariate",
    "singling_out_multivariate",
    "linkability",
    "identical_excess",
)
"""What an attacker tries who knows the quasi-identifying values."""
BY_SECRET = ("attribute_inference",)
"""What he tries to learn a sensitive value."""
NO_HOLDOUT = "These attacks need persons like the table's who are not in it (--holdout)."
NOTHING_KNOWN = "None of the columns that others may know can be compared: they are identifiers, texts or images."
NONE_TO_LEARN = "No sensitive column that the release shows was named (--sensitive), and the schema marks none."


def attack(
    original: Table,
    release: Table | None,
    holdout: Table | None,
    known: Sequence[str],
    secret: Sequence[str],
    *,
    hierarchies: Mapping[str, Hierarchy],
    rng: np.random.Generator,
    progress: Callable[[str, float], None],
) -> tuple[Finding, ...]:
    """One finding per attack; those that cannot be tried say why.

    known, secret : columns that the attacker knows of a person, and those that he would like to learn.
    """
    if release is None or holdout is None:
        return _untried((*BY_KNOWN, *BY_SECRET), NO_RELEASE if release is None else NO_HOLDOUT)
    known = [name for name in known if name in release.schema and original.schema[name].is_modelled]
    secret = [name for name in secret if name in release.schema and original.schema[name].is_modelled]
    if not known:
        return _untried((*BY_KNOWN, *BY_SECRET), NOTHING_KNOWN)
    read = decoded(release, original, [*known, *secret], hierarchies=hierarchies, rng=rng)
    found = list(_tried(original, read, holdout, known, BY_KNOWN, rng, progress))
    if not secret:
        return (*found, *_untried(BY_SECRET, NONE_TO_LEARN))
    return (*found, *_tried(original, read, holdout, [*known, *secret], BY_SECRET, rng, progress))


def _tried(
    original: Table,
    read: Table,
    holdout: Table,
    columns: Sequence[str],
    metrics: Sequence[str],
    rng: np.random.Generator,
    progress: Callable[[str, float], None],
) -> tuple[Finding, ...]:
    keys = [column.name for column in original.schema.with_role(Role.PERSON_KEY) if column.name not in columns]
    sides = [one.select([*keys, *columns]) for one in (original, holdout)]
    evidence = evaluate(sides[0], read.select(columns), sides[1], metrics=metrics, seeds=3, rng=rng, progress=progress)
    return evidence.findings


def _untried(metrics: Sequence[str], reason: str) -> tuple[Finding, ...]:
    entries = [find("metric", name) for name in metrics]
    return tuple(
        Finding(one.name, Question(one.facts["asks"]), one.facts["title"], None, one.facts["better"],
                Status.NOT_APPLICABLE, reason=reason)
        for one in entries
    )  # fmt: skip
