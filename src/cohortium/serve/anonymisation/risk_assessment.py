"""A table, or a release of it, under every attack that can be tried: the evidence, and what the page tells besides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.anonymise import risk
from cohortium.anonymise.risk import findings as rows
from cohortium.anonymise.tables.coded import distinct_texts
from cohortium.errors import InvalidRequest, NotApplicable
from cohortium.records import Evidence, Finding, Table
from cohortium.serve.anonymisation.risk_attacks import attack
from cohortium.serve.anonymisation.risk_case import Case
from cohortium.serve.anonymisation.risk_groups import costs_of, weights_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGEST_SET = 3


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """What was found, for the gate and for the page."""

    evidence: Evidence
    prosecutor: risk.Risk
    sizes: NDArray[np.int64]
    sets: tuple[risk.SinglingSet, ...]
    contributions: tuple[risk.Contribution, ...]
    costs: tuple[risk.Costs, ...]
    uncompared: tuple[str, ...]
    weights: tuple[tuple[str, str, float], ...]


def assess(
    case: Case, *, rng: np.random.Generator, progress: Callable[[str, float], None], facts: dict[str, Any]
) -> Assessment:
    """Measure everything that the case allows.

    facts  : further lines of the identity card.
    Raises : InvalidRequest where columns, register or hierarchies do not fit the table.
    """
    progress("counting classes", 0.05)
    shown = [name for name in case.columns if name in case.subject.schema]
    if not shown:
        raise InvalidRequest(
            f"The release has none of the quasi-identifiers {list(case.columns)}; there is nothing to assess."
        )
    classes = risk.PersonClasses.of_table(case.subject, shown)
    prosecutor = risk.prosecutor(classes)
    sets, contributions = _singling(case.subject, shown)
    progress("looking persons up", 0.15)
    members, strangers, reason = _links(case)
    costs, uncompared = costs_of(case, members)
    found: tuple[Finding, ...] = (
        *rows.prosecutor_findings(prosecutor, risk.unique_share(classes), int(classes.sizes.min())),
        _single_valued(case, classes),
        *_population(case, classes, shown),
        *rows.linkage_findings(members, strangers, reason),
        *attack(case.table, case.release, case.holdout, case.columns, case.sensitive, hierarchies=case.hierarchies,
                rng=rng, progress=lambda doing, share: progress(doing, 0.25 + 0.5 * share)),
        *_differencing(case, members),
        *rows.bias_findings(costs),
    )  # fmt: skip
    card = {
        "rows_real": len(case.table),
        "persons_real": risk.PersonClasses.of_table(case.table, case.columns).number,
        "rows_released": len(case.subject),
        "quasi_identifiers": list(case.columns),
        **facts,
    }
    return Assessment(
        Evidence(card, found), prosecutor, classes.sizes, sets, contributions, costs, uncompared, weights_of(case)
    )


def _singling(
    table: Table, columns: Sequence[str]
) -> tuple[tuple[risk.SinglingSet, ...], tuple[risk.Contribution, ...]]:
    codes = [distinct_texts(table, name)[0] for name in columns]
    return risk.singling_sets(columns, codes, risk.persons_of(table), LARGEST_SET)


def _single_valued(case: Case, classes: risk.PersonClasses) -> Finding:
    """The sensitive column that gives most away."""
    shown = [name for name in case.sensitive if name in case.subject.schema]
    shares = {name: risk.single_valued_share(classes, distinct_texts(case.subject, name)[0]) for name in shown}
    worst = max(shares, key=lambda name: shares[name], default="")
    return rows.single_valued_finding(shares.get(worst), worst, classes.number)


def _population(case: Case, classes: risk.PersonClasses, shown: Sequence[str]) -> tuple[Finding, ...]:
    """By a register where there is one, else by the population's size."""
    if case.register is not None:
        try:
            found = risk.link(case.register, case.subject, shown, case.hierarchies, original=case.table)
        except NotApplicable as reason:
            return rows.population_findings(None, {}, reason=str(reason))
        chances, size = risk.chances_in_register(classes, found.of_persons()), found.number
        return rows.population_findings(
            risk.journalist(classes, chances), risk.unique_in_population(classes, size), "by the register"
        )
    if case.population is None:
        return rows.population_findings(None, {})
    chances = risk.expected_chances(classes, case.population)
    unique = risk.unique_in_population(classes, case.population)
    return rows.population_findings(risk.journalist(classes, chances), unique, "expected")


def _links(case: Case) -> tuple[risk.Links | None, risk.Links | None, str]:
    if case.release is None:
        return None, None, rows.NO_RELEASE
    try:
        members = risk.link(case.table, case.release, case.columns, case.hierarchies)
        strangers = None
        if case.holdout is not None:
            strangers = risk.link(case.holdout, case.release, case.columns, case.hierarchies, original=case.table)
    except NotApplicable as error:
        return None, None, str(error)
    return members, strangers, ""


def _differencing(case: Case, members: risk.Links | None) -> tuple[Finding, ...]:
    if case.against is None:
        return rows.differencing_findings(None)
    try:
        found = _by_key(case, case.against) or _by_values(case, case.against, members)
    except NotApplicable as error:
        return rows.differencing_findings(None, str(error))
    return rows.differencing_findings(found)


def _by_key(case: Case, against: Table) -> risk.Together | None:
    """Both releases joined by the key that they carry; None where they carry none in common."""
    columns = [[name for name in case.columns if name in one.schema] for one in (case.subject, against)]
    second = risk.joined(case.subject, against, columns[1])
    if second is None:
        return None
    first = risk.PersonClasses.of_table(case.subject, columns[0]).of_row
    return risk.differencing(first, second, k=case.smallest, sensitive=_secret_codes(case, case.subject))


def _by_values(case: Case, against: Table, members: risk.Links | None) -> risk.Together:
    """Both releases joined as by someone who can tell which row of the one is which of the other: the worst case."""
    earlier = risk.link(case.table, against, case.columns, case.hierarchies)
    now = risk.link(case.table, case.table, case.columns) if case.release is None else members
    if now is None:
        raise NotApplicable("Persons cannot be looked up in the release by what is known of them.")
    return risk.differencing(
        now.shown, earlier.shown, k=case.smallest, persons=now.persons, sensitive=_secret_codes(case, case.table)
    )


def _secret_codes(case: Case, table: Table) -> NDArray[np.int32] | None:
    """Of the first sensitive column that both releases show exactly."""
    exact = [name for name in case.sensitive if _is_exact(case, name)]
    return distinct_texts(table, exact[0])[0] if exact else None


def _is_exact(case: Case, name: str) -> bool:
    """Whether both releases show the column's own values."""
    values = set(distinct_texts(case.table, name)[1])
    sides = [one for one in (case.subject, case.against) if one is not None]
    return all(name in one.schema and set(distinct_texts(one, name)[1]) <= values for one in sides)
