"""What was measured on anonymised FHIR, as evidence for the gate."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cohortium import __version__
from cohortium.anonymise.fhir.configuration import Configuration
from cohortium.anonymise.fhir.folder import Anonymised
from cohortium.records import Evidence, Finding, Question, Score


def evidence_of(made: Anonymised, configuration: Configuration, source: str) -> Evidence:
    """Counts of what is left, as findings; facts for the page."""
    counts, audit = made.audit.counts, made.audit
    resources = sum(made.types.values())
    before = counts["resolved_before"] / counts["references_before"] if counts["references_before"] else 1.0
    after = counts["resolved_after"] / counts["references_after"] if counts["references_after"] else before
    free = sum(audit.free.values())
    rows = (
        _count("seeded_words_left", Question.PRIVACY, "Known names, identifiers, addresses left in the records",
               sum(audit.seeded.values()), made.seeds),
        _count("birth_dates_left", Question.PRIVACY, "Birth dates left as they were", counts["birth_dates"],
               made.patients),
        _count("ages_over_89_left", Question.PRIVACY, "Ages over 89 left", counts["old_ages"], resources),
        _count("free_text_left", Question.PRIVACY, "Free texts and attachments left", free, resources),
        _count("references_lost", Question.VALIDITY, "References that lead nowhere any more",
               max(0, counts["resolved_before"] - counts["resolved_after"]), counts["references_before"]),
        _count("intervals_broken", Question.UTILITY, "Patients whose dates did not all move by the same days",
               audit.torn_patients, audit.moved_patients),
        _count("required_missing", Question.VALIDITY, "Elements that R4 requires, gone without a reason in their place",
               counts["required_missing"], resources),
        _count("codes_invalid", Question.VALIDITY, "Codes outside of R4's lists that were not in the records before",
               counts["codes_off"], resources),
        _count("unknown_elements", Question.VALIDITY, "Elements unknown to R4, left out", sum(made.unknown.values()),
               resources),
        _share("references_resolved_before", "Share of references that lead to a resource, before", before,
               counts["references_before"]),
        _share("references_resolved_after", "Share of references that lead to a resource, after", after,
               counts["references_after"]),
    )  # fmt: skip
    facts: dict[str, Any] = {
        "what": "FHIR R4",
        "source": source,
        "files": made.files,
        "resources": resources,
        "persons_real": made.patients,
        "configuration": configuration.title,
        "resources_by_type": dict(sorted(made.types.items())),
        "values_by_method": methods_of(made),
        "dangling_before": counts["references_before"] - counts["resolved_before"],
        "emptied": made.emptied,
        "codes_withheld": made.off_codes,
        "remarks": list(made.remarks),
        "version": __version__,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return Evidence(facts, rows)


def methods_of(made: Anonymised) -> dict[str, int]:
    """Method -> how many values it was applied to."""
    totals: dict[str, int] = {}
    for (_, method), times in made.done.items():
        totals[method] = totals.get(method, 0) + times
    return dict(sorted(totals.items()))


def _count(metric: str, question: Question, title: str, value: int, n: int) -> Finding:
    return Finding(metric, question, title, Score(float(value), n=n), "lower")


def _share(metric: str, title: str, value: float, n: int) -> Finding:
    return Finding(metric, Question.VALIDITY, title, Score(value, n=n), "higher")
