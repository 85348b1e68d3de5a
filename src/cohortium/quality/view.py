"""What the page shows, as texts and drawings ready for the template."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cohortium.quality.drawings import draw, missing_bar
from cohortium.quality.findings import CheckResult, CheckStatus, Dimension, counted
from cohortium.quality.priorities import Priority, priorities
from cohortium.quality.profile import ColumnProfile, Profile
from cohortium.quality.summaries import Levels, LevelShare, Numbers, Texts
from cohortium.quality.wording import joined, month, number, percent

MOST_DRAWINGS, MOST_LINES = 300, 1_000
_FIRST, _NAMED, _LISTED = 5, 4, 200
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


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One line of the table of checks: a finding, or all columns in which a check passed or does not apply.

    name   : what is wrong; of a check that passed or does not apply, what is expected.
    others : the columns, where they are too many to stand in the line.
    """

    status: str
    name: str
    dimension: str
    subject: str
    others: str
    failed: str
    share: float
    limit: str
    note: str
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
            _column(column, found.get(column.name, {}), place < MOST_DRAWINGS)
            for place, column in enumerate(profile.columns)
        ),
        checks=tuple(_check_rows(pressing, results)),
        notes=tuple(notes),
    )


# ---- the summary ----------------------------------------------------------------------------------------------------


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
    where = f"In {joined(places, _NAMED)}. {note}".strip()
    return FixRow(str(priority.status), gravest.finding.rstrip("."), where, gravest.advice)


def _amount(result: CheckResult) -> str:
    return percent(result.share) if result.share >= 0.001 else f"{result.failed:,} {result.unit}"


# ---- columns --------------------------------------------------------------------------------------------------------


def _by_column(results: Sequence[CheckResult]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for result in results:
        if result.needs_attention:
            for name in result.columns:
                counts = found.setdefault(name, {})
                counts[str(result.status)] = counts.get(str(result.status), 0) + 1
    return found


def _column(column: ColumnProfile, counts: dict[str, int], drawn: bool) -> ColumnRow:
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
            facts = [("Mean length", f"{number(mean_length)} letters")] if mean_length is not None else []
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


# ---- checks ---------------------------------------------------------------------------------------------------------


def _check_rows(pressing: Sequence[Priority], results: Sequence[CheckResult]) -> Iterable[CheckRow]:
    flat = [result for priority in pressing for result in priority.results]
    flat.sort(key=lambda result: result.status is not CheckStatus.FAIL)
    yield from (_line(result) for result in flat[:MOST_LINES])
    if len(flat) > MOST_LINES:
        yield from _together(flat[MOST_LINES:])
    yield from _together([result for result in results if not result.needs_attention])


def _line(result: CheckResult) -> CheckRow:
    return CheckRow(
        status=str(result.status),
        name=result.finding.rstrip("."),
        dimension=str(result.dimension),
        subject=result.subject or "the table",
        others="",
        failed=f"{result.failed:,} of {result.considered:,} ({percent(result.share)})",
        share=result.share,
        limit=_limit(result),
        note=result.note,
        advice=result.advice,
    )


def _where(subjects: list[str]) -> str:
    return f"{len(subjects):,} places" if len(subjects) > _NAMED else ", ".join(subjects) or "the table"


def _limit(result: CheckResult) -> str:
    limit = f"{100 * result.tolerates:g} %" if result.tolerates else "none"
    fails = result.fails_above
    return f"{limit}, fails above {100 * fails:g} %" if fails and fails > result.tolerates else limit


def _together(results: Sequence[CheckResult]) -> Iterable[CheckRow]:
    """One line per check and status, with the columns where it came out so."""
    groups: dict[tuple[str, CheckStatus, str], list[CheckResult]] = {}
    for result in results:
        # Reasons that name a count or a column differ from column to column; only equal ones are said once.
        reason = result.note if result.status is CheckStatus.NOT_APPLICABLE else ""
        groups.setdefault((result.check, result.status, reason), []).append(result)
    for (_, status, reason), group in groups.items():
        first, worst = group[0], max(group, key=lambda result: result.share)
        subjects = [result.subject for result in group if result.subject]
        some = (
            f"most in {worst.subject or 'the table'}: {worst.failed:,} of {worst.considered:,}" if worst.failed else ""
        )
        yield CheckRow(
            status=str(status),
            name=first.title,
            dimension=str(first.dimension),
            subject=_where(subjects),
            others=joined(subjects, _LISTED) if len(subjects) > _NAMED else "",
            failed=f"{some} ({percent(worst.share)})" if some else "",
            share=worst.share,
            limit=_limit(first),
            note=reason,
            advice="",
        )
