"""What was measured about the risk of a table, as rows that a policy judges; each says why where it was not asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.risk.bias import Costs
from cohortium.anonymise.risk.class_risks import THRESHOLDS, Risk
from cohortium.anonymise.risk.differencing import Together
from cohortium.anonymise.risk.linkage import Links
from cohortium.anonymise.risk.uniqueness import ESTIMATORS
from cohortium.records import Finding, Question, Score, Status

if TYPE_CHECKING:
    from numpy.typing import NDArray

NO_POPULATION = "Say how many persons the population has (--population), or give a register of it (--register)."
NO_RELEASE = "There is no release to hold against the table (--released)."
NO_SENSITIVE = "No sensitive column was named (--sensitive), and the schema marks none."
NO_SECOND = "There is no second release of the same persons (--against)."
NO_GROUPS = "There is no release (--released), or no groups to compare (--groups)."
NO_OUTCOME = "No outcome of two levels was named (--outcome), or the release does not show it."


def prosecutor_findings(risk: Risk, unique: float, smallest: int) -> tuple[Finding, ...]:
    """Of an attacker who knows that a person is in the table."""
    return (
        row("highest_prosecutor_risk", "Highest chance to find a known person again", risk.highest, risk.persons),
        row("average_prosecutor_risk", "Average chance to find a known person again", risk.average, risk.persons),
        *(
            row(f"persons_above_{_tag(one)}", f"Share of persons found with a chance above {one:g}", risk.above[one],
                risk.persons)
            for one in THRESHOLDS
        ),
        row("smallest_class", "Persons in the smallest class", float(smallest), risk.persons, better="higher"),
        row("unique_persons", "Share of persons who stand alone", unique, risk.persons),
    )  # fmt: skip


def population_findings(
    risk: Risk | None, unique: dict[str, float | str], source: str = "", reason: str = NO_POPULATION
) -> tuple[Finding, ...]:
    """Of attackers who know the population; None and empty where nothing is known of it.

    source : how the classes of the population are known, for the titles.
    """
    by = f" ({source})" if source else ""
    titles = {
        "highest_journalist_risk": f"Highest chance to find a person of the population{by}",
        "marketer_risk": f"Share of persons found by linking everybody{by}",
    }
    values = (None, None) if risk is None else (risk.highest, risk.average)
    persons = 0 if risk is None else risk.persons
    found = [
        row(name, title, value, persons, reason=reason)
        for (name, title), value in zip(titles.items(), values, strict=True)
    ]
    for name in ESTIMATORS:
        estimate = unique.get(name, "Say how many persons the population has (--population).")
        title = f"Share of the population who stand alone (estimate: {name})"
        value = estimate if isinstance(estimate, float) else None
        found.append(row(f"unique_{name}", title, value, persons, reason=str(estimate)))
    return tuple(found)


def single_valued_finding(share: float | None, column: str, persons: int) -> Finding:
    """Of classes that share a sensitive value; None where no sensitive column is known."""
    title = (
        f"Share of persons whose class has a single value of '{column}'"
        if column
        else ("Share of persons whose class has a single sensitive value")
    )
    return row("single_valued", title, share, persons, reason=NO_SENSITIVE)


def linkage_findings(members: Links | None, strangers: Links | None, reason: str = NO_RELEASE) -> tuple[Finding, ...]:
    """Of looking known persons up in a release; the reference is what strangers reach the same way."""
    titles = {
        "linkage_rate": "Looking known persons up in the release: share found",
        "linkage_highest": "Looking known persons up in the release: the one found most easily",
        "linkage_alone": "Looking known persons up in the release: share with a single row that fits",
    }
    if members is None:
        return tuple(row(name, title, None, 0, reason=reason) for name, title in titles.items())
    inside, outside = (None if one is None else _summary(one.chances()) for one in (members, strangers))
    return tuple(
        row(
            name,
            title,
            inside[place] if inside else None,
            members.number,
            reference=outside[place] if outside else None,
        )
        for place, (name, title) in enumerate(titles.items())
    )


def _summary(chances: NDArray[np.float64]) -> tuple[float, float, float]:
    return float(chances.mean()), float(chances.max()), float((chances == 1.0).mean())


def differencing_findings(found: Together | None, reason: str = NO_SECOND) -> tuple[Finding, ...]:
    """Of two releases about the same persons."""
    size, below, disclosed = (
        (None, None, None) if found is None else (float(found.smallest), found.below, found.disclosed)
    )
    n = 0 if found is None else found.persons
    k = f" of {found.k}" if found is not None else ""
    return (
        row("smallest_together", "Persons in the smallest class of both releases together", size, n, reason, "higher"),
        row("below_together", f"Share of persons in classes below the smallest size{k} once joined", below, n, reason),
        row("disclosed_together", "Share of persons whose sensitive value both together give away", disclosed, n,
            reason if found is None else "Neither release shows a column named with --sensitive exactly."),
    )  # fmt: skip


def bias_findings(found: Sequence[Costs], reason: str = NO_GROUPS) -> tuple[Finding, ...]:
    """Who bears the cost of a release."""
    n = max((sum(group.persons for group in one.groups) for one in found), default=0)
    shifts = [abs(one.parity_shift) for one in found if one.parity_shift is not None]
    largest = {
        "left_out_gap": (
            "Rows left out: the worst-hit group above all rows",
            [one.left_out_gap for one in found],
            reason,
        ),
        "loss_gap": ("Exactness lost: the worst-hit group above all rows", [one.loss_gap for one in found], reason),
        "parity_shift": ("Change of the largest difference in outcome between groups", shifts, NO_OUTCOME),
    }
    return tuple(
        row(name, title, max(values) if values else None, n, why, question=Question.FAIRNESS)
        for name, (title, values, why) in largest.items()
    )


def row(
    name: str,
    title: str,
    value: float | None,
    n: int,
    reason: str = "",
    better: str = "lower",
    *,
    reference: float | None = None,
    question: Question = Question.PRIVACY,
) -> Finding:
    """One row; without a value it does not apply, and ``reason`` says why."""
    if value is None:
        return Finding(name, question, title, None, better, Status.NOT_APPLICABLE, reason=reason)
    return Finding(name, question, title, Score(float(value), n=n, reference=reference), better)


def _tag(threshold: float) -> str:
    return f"{threshold:.2f}".replace("0.", "0")
