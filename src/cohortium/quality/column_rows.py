"""The page's lines on columns."""

from __future__ import annotations

from dataclasses import dataclass

from cohortium.quality.drawings import draw, missing_bar
from cohortium.quality.findings import counted
from cohortium.quality.profile import ColumnProfile
from cohortium.quality.summaries import Levels, LevelShare, Numbers, Texts
from cohortium.quality.wording import joined, month, number, percent


@dataclass(frozen=True, slots=True)
class ColumnRow:
    """One column: what it is, how it looks, and what the checks found in it."""

    name: str
    kind: str
    roles: tuple[str, ...]
    drawing: str
    facts: tuple[tuple[str, str], ...]
    partners: str
    missing: str
    missing_share: float
    missing_bar: str
    counts: dict[str, int]


def column_row(column: ColumnProfile, counts: dict[str, int], drawn: bool) -> ColumnRow:
    """The line on one column; ``counts`` are its findings by status, ``drawn`` whether it has a picture."""
    return ColumnRow(
        name=column.name,
        kind=str(column.kind) + (f", {column.unit}" if column.unit else ""),
        roles=tuple(str(role).replace("_", " ") for role in column.roles),
        drawing=draw(column.summary) if drawn else "",
        facts=_column_facts(column),
        partners=joined([f"{p.column} ({p.strength:.2f})".replace("(-", "(−") for p in column.partners], 3),
        missing=percent(column.missing_share),
        missing_share=column.missing_share,
        missing_bar=missing_bar(column.missing_share),
        counts=counts,
    )


def _column_facts(column: ColumnProfile) -> tuple[tuple[str, str], ...]:
    if column.rows and column.missing == column.rows:
        return (("Values", "none"),)
    match column.summary:
        case Numbers() as numbers:
            facts = _number_facts(numbers)
        case Levels() as levels:
            facts = _level_facts(levels)
        case Texts(mean_length):
            facts = [("Mean length", f"{number(mean_length)} characters")] if mean_length is not None else []
    return (*facts, ("Distinct", f"{column.distinct:,}"))


def _number_facts(numbers: Numbers) -> list[tuple[str, str]]:
    if numbers.mean is None:
        return [("Values", "of fewer than 10 persons")]
    say, shown = month if numbers.grain else number, numbers.quantiles
    facts = []
    if shown.p50 is not None:
        facts.append(("Median", say(shown.p50)))
    if shown.p25 is not None and shown.p75 is not None:
        facts.append(("Middle half", f"{say(shown.p25)} to {say(shown.p75)}"))
    if shown.p05 is not None and shown.p95 is not None:
        facts.append(("5 % to 95 %", f"{say(shown.p05)} to {say(shown.p95)}"))
    if shown.low is not None and shown.high is not None:
        facts.append(("Ends", f"{say(shown.low)} and {say(shown.high)}"))
    if not numbers.grain:
        facts.append(("Mean, SD", f"{number(numbers.mean)}, {number(numbers.deviation)}"))
        facts += [("Zero", percent(numbers.zeros))] if numbers.zeros >= 0.05 else []
    return facts


def _level_facts(levels: Levels) -> list[tuple[str, str]]:
    facts = [("Most frequent", f"{top.level} ({percent(top.share)})") for top in _largest(levels)]
    if levels.rare_levels:
        share = "" if levels.rare_share is None else f", {percent(levels.rare_share)} together"
        facts.append(("Fewer than 10 persons", f"{counted(levels.rare_levels, 'level')}{share}"))
    return facts


def _largest(levels: Levels) -> list[LevelShare]:
    return sorted(levels.shown, key=lambda level: -level.share)[:1]
