"""What the page shows, as texts and drawings ready for the template."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cohortium.quality.check_rows import MOST_LINES, NAMED, CheckRow, check_rows
from cohortium.quality.column_rows import ColumnRow, column_row
from cohortium.quality.findings import CheckResult, CheckStatus, Dimension, counted
from cohortium.quality.priorities import Priority, priorities
from cohortium.quality.profile import Profile
from cohortium.quality.wording import joined, number, percent

MOST_DRAWINGS = 300
_FIRST = 5
_LOOKED_AT = {
    Dimension.COMPLETENESS: "Is there a value where one is expected?",
    Dimension.PLAUSIBILITY: "Can the values be true?",
    Dimension.CONFORMANCE: "Do the values keep the rules, and mean the same everywhere?",
    Dimension.UNIQUENESS: "Does each row, person and column say something of its own?",
    Dimension.TIME: "Do dates follow one another, and does recording stay the same?",
}


@dataclass(frozen=True, slots=True)
class DimensionRow:
    """How the checks of one dimension came out."""

    name: str
    asks: str
    counts: dict[str, int]

    @property
    def worst(self) -> str:
        """The gravest status that occurs."""
        return next((status for status in ("fail", "warn", "pass") if self.counts.get(status)), "not applicable")


@dataclass(frozen=True, slots=True)
class FixRow:
    """One of the things to fix first."""

    status: str
    head: str
    where: str
    advice: str


@dataclass(frozen=True, slots=True)
class View:
    """The whole page."""

    title: str
    facts: tuple[tuple[str, str], ...]
    counts: dict[str, int]
    headline: str
    dimensions: tuple[DimensionRow, ...]
    first: tuple[FixRow, ...]
    more_to_fix: int
    columns: tuple[ColumnRow, ...]
    checks: tuple[CheckRow, ...]
    notes: tuple[str, ...]


def view(profile: Profile, results: Sequence[CheckResult], title: str) -> View:
    """What the page shows of a profile and of the results of the checks."""
    pressing = priorities(profile, results)
    notes = list(profile.notes)
    if len(profile.columns) > MOST_DRAWINGS:
        notes.append(f"Pictures are drawn of the first {MOST_DRAWINGS} of {len(profile.columns):,} columns.")
    attention = sum(result.needs_attention for result in results)
    if attention > MOST_LINES:
        notes.append(f"Of {attention:,} findings the {MOST_LINES:,} gravest have a line of their own.")
    found = _by_column(results)
    return View(
        title=title,
        facts=_facts(profile),
        counts=_counts(results),
        headline=_headline(results),
        dimensions=tuple(_dimension(name, results) for name in Dimension),
        first=tuple(_fix(priority) for priority in pressing[:_FIRST]),
        more_to_fix=max(len(pressing) - _FIRST, 0),
        columns=tuple(
            column_row(column, found.get(column.name, {}), place < MOST_DRAWINGS)
            for place, column in enumerate(profile.columns)
        ),
        checks=tuple(check_rows(pressing, results)),
        notes=tuple(notes),
    )


def _facts(profile: Profile) -> tuple[tuple[str, str], ...]:
    cells = profile.rows * len(profile.columns)
    persons = f"{profile.persons:,}" if profile.has_person_key else f"{profile.rows:,}, one per row"
    facts = [
        ("Rows", f"{profile.rows:,}"),
        ("Persons", persons),
        ("Columns", f"{len(profile.columns):,}"),
        ("Cells without a value", percent(profile.missing_cells / cells) if cells else "–"),
        ("Rows in which nothing is missing", percent(profile.complete_rows / profile.rows) if profile.rows else "–"),
    ]
    rows = profile.rows_per_person
    if rows is not None and rows.quantiles.p50 is not None:
        many = f", the ten with most {number(rows.quantiles.high)}" if rows.quantiles.high is not None else ""
        facts.insert(2, ("Rows per person", f"typically {number(rows.quantiles.p50)}{many}"))
    return tuple(facts)


def _headline(results: Sequence[CheckResult]) -> str:
    counts = _counts(results)
    if counts.get("fail"):
        return f"{counted(counts['fail'], 'check')} failed, {counts.get('warn', 0):,} need a look"
    if counts.get("warn"):
        return f"No check failed, {counts['warn']:,} need a look"
    return "Every check that applies passed" if counts.get("pass") else "No check applies to this table"


def _counts(results: Iterable[CheckResult]) -> dict[str, int]:
    found = Counter(str(result.status) for result in results)
    return {str(status): found[str(status)] for status in CheckStatus if found[str(status)]}


def _dimension(name: Dimension, results: Sequence[CheckResult]) -> DimensionRow:
    of_it = [result for result in results if result.dimension is name]
    return DimensionRow(str(name), _LOOKED_AT[name], _counts(of_it))


def _fix(priority: Priority) -> FixRow:
    gravest = priority.results[0]
    places = [f"{result.subject or 'the table'} ({_amount(result)})" for result in priority.results]
    note = gravest.note if len(priority.results) == 1 else ""
    where = f"In {joined(places, NAMED)}. {note}".strip()
    return FixRow(str(priority.status), gravest.finding.rstrip("."), where, gravest.advice)


def _amount(result: CheckResult) -> str:
    return percent(result.share) if result.share >= 0.001 else f"{result.failed:,} {result.unit}"


def _by_column(results: Sequence[CheckResult]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for result in results:
        if result.needs_attention:
            for name in result.columns:
                counts = found.setdefault(name, {})
                counts[str(result.status)] = counts.get(str(result.status), 0) + 1
    return found
