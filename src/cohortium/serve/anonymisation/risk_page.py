"""The page of a risk assessment: the verdict, every attack, who is exposed by which columns, and who bears the cost."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cohortium.evaluate import disclosure
from cohortium.pages import svg
from cohortium.pages.scale import Scale
from cohortium.privacy.release import Decision
from cohortium.records import Evidence, Finding, Status
from cohortium.serve.anonymisation.page import Account, page_of
from cohortium.serve.anonymisation.risk_assessment import Assessment

MOST_SETS = 25
BANDS = ((1, 1), (2, 2), (3, 4), (5, 9), (10, 19), (20, 49), (50, None))
"""Persons of a class, from and to."""
LIMITS = (
    "It holds for the columns that were named as known to others. Whoever knows more finds a person more easily.",
    "Attacks can only show that a way in exists; that none of these succeeded is no proof that there is none.",
    "A class of many persons hides who is who, not what all of them share: see l-diversity and t-closeness.",
    "Estimates for a population take the table for a random sample of it, which a hospital's patients are not.",
)
WIDTH, HEIGHT = 640.0, 220.0


def risk_page(title: str, found: Assessment, evidence: Evidence, decision: Decision, *, has_frontier: bool) -> str:
    """HTML of an assessment; it holds shares, names of columns and groups of at least thirty persons, no row."""
    limits = [*LIMITS]
    if has_frontier:
        limits.append("What more protection would cost is on the page frontier.html in the same folder.")
    return page_of(
        title,
        "Re-identification risk",
        replace(evidence, findings=tuple(map(_brief, _asked(evidence)))),
        decision,
        facts=_facts(found, evidence),
        accounts=[one for one in _accounts(found, evidence) if one.rows],
        limits=limits,
    )


def _asked(evidence: Evidence) -> list[Finding]:
    """Rows that could be asked, and those that fail because they could not."""
    return [one for one in evidence.findings if one.status is not Status.NOT_APPLICABLE]


def _brief(finding: Finding) -> Finding:
    """The row with a short limit; which end of the interval counts, and what others reach, as a remark."""
    limit = re.sub(r" \([^)]*\)", "", finding.limit)
    remarks = [finding.reason or finding.advice]
    if "lower end" in finding.limit:
        remarks.append("The lower end of the interval is held against the limit.")
    if finding.score is not None and finding.score.reference is not None:
        others = "Strangers" if finding.metric.startswith("linkage") else "Real persons in the place of the release"
        remarks.append(f"{others}: {finding.score.reference:.3g}.")
    return replace(finding, limit=limit, reason=" ".join(filter(None, remarks)))


def _accounts(found: Assessment, evidence: Evidence) -> list[Account]:
    return [_sizes(found), _columns(found), _sets(found), _costs(found), _weights(found), _unasked(evidence)]


def _facts(found: Assessment, evidence: Evidence) -> list[tuple[str, str]]:
    return [
        ("Persons", f"{found.prosecutor.persons:,}"),
        ("Columns known to others", f"{len(evidence.facts['quasi_identifiers'])}"),
        ("Highest chance", _percent(found.prosecutor.highest)),
        ("Average chance", _percent(found.prosecutor.average)),
    ]


def _sizes(found: Assessment) -> Account:
    """Persons by the size of their class."""
    total = int(found.sizes.sum())
    rows = []
    for low, high in BANDS:
        held = found.sizes[(found.sizes >= low) & (found.sizes <= (high or found.sizes.max()))]
        rows.append((_band(low, high), float(held.sum() / total)))
    return Account(
        "How many others a person looks like",
        ("Persons of the class", "Share of persons", "Chance to be found"),
        tuple((name, _percent(share), _chances(*band)) for (name, share), band in zip(rows, BANDS, strict=True)),
        "A class holds the persons who show the same values in every column that others may know. "
        "A person with rows in several classes is counted in each.",
        (_bars(rows),),
    )


def _bars(rows: Sequence[tuple[str, float]]) -> str:
    y = Scale(0.0, max(0.05, *(share for _, share in rows)), HEIGHT - 40, 12)
    x = Scale(0.0, float(len(rows)), 56, WIDTH - 8)
    ticks = y.ticks(4)
    body = [svg.mark("".join(svg.path([(x.start, y(tick)), (x.end, y(tick))]) for tick in ticks), "grid")]
    body += [svg.words(x.start - 8, y(tick) + 4, _percent(tick), "tick", "end") for tick in ticks]
    width = x(1) - x(0)
    for place, (name, share) in enumerate(rows):
        body.append(svg.mark(svg.box(x(place) + width * 0.15, y(share), width * 0.7, y.start - y(share)), "estimate"))
        body.append(svg.words(x(place) + width / 2, HEIGHT - 22, name, "label", "middle"))
    body.append(svg.line(x.start, y.start, x.end, y.start, "axis"))
    body.append(svg.words((x.start + x.end) / 2, HEIGHT - 4, "persons of the class", "tick", "middle"))
    return svg.document("".join(body), WIDTH, HEIGHT, "Persons by the size of their class", "One bar per class size")


def _columns(found: Assessment) -> Account:
    rows = tuple(
        (one.column, one.values, _percent(one.alone), _percent(one.minimal), _percent(one.without))
        for one in found.contributions
        if found.prosecutor.highest == 1.0
    )
    return Account(
        "Which columns single persons out",
        (
            "Column",
            "Different values",
            "Persons it singles out alone",
            "… in a smallest set",
            "Alone still if it is left out",
        ),
        rows,
        "Most exposing first. The last column says how many persons all other columns would still single out: a low "
        "number means that this column is the one to tell less exactly.",
    )


def _sets(found: Assessment) -> Account:
    shown = [one for one in found.sets if one.minimal > 0][:MOST_SETS]
    rows = tuple((" + ".join(one.columns), _percent(one.minimal), _percent(one.unique)) for one in shown)
    return Account(
        "Few facts that are enough",
        ("Known together", "Persons for whom no part is enough", "Persons singled out"),
        rows,
        f"Up to {max((len(one.columns) for one in shown), default=1)} columns that together fit one person only. "
        "Whoever knows them has found the row, and reads all else in it.",
    )


def _costs(found: Assessment) -> Account:
    rows = tuple(
        (
            one.column,
            group.group,
            _about(group.persons),
            _whole(group.left_out),
            round(group.loss, 2),
            _whole(group.share),
            _whole(group.share_after),
            _whole(group.outcome_before),
            _whole(group.outcome_after),
        )
        for one in found.costs
        for group in one.groups
    )
    heads = ("Column", "Group", "Persons (about)", "Rows left out", "Exactness lost", "Share before", "Share after")
    return Account(
        "Who bears the cost",
        (*heads, "Outcome before", "Outcome after"),
        rows,
        " ".join([_worst(found), *found.uncompared]),
    )


def _whole(share: float | None) -> str:
    """In whole per cent, so that a share of a small group does not count its persons out."""
    return "–" if share is None else "below 1 %" if 0 < share < 0.01 else f"{100 * share:.0f} %"


def _about(persons: int) -> int:
    return int(disclosure.rounded_counts(np.array([persons]))[0])


def _worst(found: Assessment) -> str:
    """Who is hit hardest, in a sentence."""
    if not found.costs:
        return ""
    hardest = max(found.costs, key=lambda one: one.left_out_gap)
    group = hardest.groups[0]
    if hardest.left_out_gap <= 0:
        return "No group has more of its rows left out than the others."
    return (
        f"Hit hardest: '{group.group}' in '{hardest.column}', of whose rows {_whole(group.left_out)} are left out, "
        f"{100 * hardest.left_out_gap:.0f} in a hundred more than of all. Groups of fewer than thirty persons are "
        "counted together."
    )


def _weights(found: Assessment) -> Account:
    return Account(
        "Weights that make the outcome independent of the group",
        ("Group", "Outcome", "Weight of a row"),
        tuple((group, outcome, round(weight, 4)) for group, outcome, weight in found.weights),
        "Kamiran and Calders 2012: a row of group s with outcome c weighs |s| |c| / (|D| |s and c|). A model that is "
        "trained with them learns the outcome without the groups' different rates.",
    )


def _unasked(evidence: Evidence) -> Account:
    rows = [(one.title, one.reason) for one in evidence.findings if one.status is Status.NOT_APPLICABLE]
    return Account(
        "What was not asked",
        ("Row", "Why"),
        tuple(rows),
        "The verdict says nothing about these.",
    )


def _percent(share: float | None) -> str:
    if share is None:
        return "–"
    return f"{100 * share:.2g} %" if share < 0.0995 else f"{100 * share:.1f} %".replace(".0 %", " %")


def _band(low: int, high: int | None) -> str:
    return f"{low} or more" if high is None else f"{low}" if low == high else f"{low} to {high}"


def _chances(low: int, high: int | None) -> str:
    if low == high:
        return _percent(1 / low)
    return f"up to {_percent(1 / low)}"
