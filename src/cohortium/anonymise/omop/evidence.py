"""What was measured on an anonymised CDM, as evidence for the gate."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cohortium import __version__
from cohortium.anonymise.omop.folder import Anonymised
from cohortium.anonymise.omop.profile import Profile
from cohortium.records import Evidence, Finding, Question, Score


def evidence_of(made: Anonymised, profile: Profile, source: str) -> Evidence:
    """Counts of what is left and what does not fit any more, as findings; facts for the page."""
    audit = made.audit
    broken = sum(max(0, after - before) for before, after in audit.orphans.values())
    after = sum(rows or 0 for _, rows in made.rows.values())
    rows = (
        _count("names_left", Question.PRIVACY, "Cells that hold a known name, number or street",
               sum(audit.names_left.values()), audit.names),
        Finding("same_person_keys", Question.PRIVACY, "Share of persons' keys that were some person's key before",
                Score(audit.same_keys, n=made.persons), "lower"),
        _count("births_over_89", Question.PRIVACY, "Years of birth that tell of an age over 90", audit.births_over_89,
               made.persons),
        _count("free_text_left", Question.PRIVACY, "Cells of free text and source values left",
               sum(audit.free_text_left.values()), after),
        _count("keys_broken", Question.VALIDITY, "Rows whose keys lead nowhere any more", broken, after),
        _count("intervals_broken", Question.UTILITY, "Persons whose dates did not all move by the same days",
               audit.torn_persons, audit.moved_persons),
        _count("orphans_before", Question.VALIDITY, "Rows whose keys led nowhere in the records already",
               sum(before for before, _ in audit.orphans.values()), after),
    )  # fmt: skip
    leaving = [table for table, (_, rows_after) in made.rows.items() if rows_after is not None]
    facts: dict[str, Any] = {
        "what": "OMOP CDM",
        "source": source,
        "files": len(leaving),
        "rows": after,
        "persons_real": made.persons,
        "profile": profile.title,
        "rows_by_table": {table: {"before": before, "after": left} for table, (before, left) in made.rows.items()},
        "rare_concepts_zeroed": sum(made.rare.values()),
        "remarks": list(made.remarks),
        "version": __version__,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return Evidence(facts, rows)


def _count(metric: str, question: Question, title: str, value: int, n: int) -> Finding:
    return Finding(metric, question, title, Score(float(value), n=n), "lower")
