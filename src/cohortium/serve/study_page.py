"""The page of a study's results: one self-contained file, with its tables, drawings, and how it came about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cohortium import pages
from cohortium.federate.study import MODE_IN_WORDS, Study, in_words
from cohortium.records import Result
from cohortium.serve.federated_twins import is_twin
from cohortium.serve.lineage import drawing as lineage_drawing
from cohortium.serve.run_in_words import details
from cohortium.serve.study_drawings import drawing
from cohortium.serve.study_results import shown

TEMPLATES = Path(__file__).parent / "templates" / "study"
MOST_ROWS, MOST_ROWS_OPEN = 200, 30


def study_page(study: Study, results: dict[str, Result], record: dict[str, Any]) -> str:
    """HTML of the results, readable without scripts and without a network.

    record : what the hub kept about the run; its roster, events and digests are shown.
    """
    content = {
        "title": study.title,
        "purpose": study.purpose,
        "rehearsal": bool(record.get("rehearsal")),
        "facts": _facts(study, results, record),
        "answers": [_answer(name, result, _limits(name, record)) for name, result in results.items()],
        "words": in_words(study),
        "digests": record.get("results", {}),
        "study_digest": study.digest,
        "events": [_event(event) for event in record.get("events", [])],
        "mode": MODE_IN_WORDS[study.mode],
        "lineage": lineage_drawing(study, _sites(study, record), tuple(results)),
    }
    return pages.page(TEMPLATES, sheets=[pages.LISTING], page=content)


def _facts(study: Study, results: dict[str, Result], record: dict[str, Any]) -> list[tuple[str, str]]:
    sites = _sites(study, record)
    persons = max((result.persons for result in results.values()), default=0)
    facts = [
        ("Hospitals", f"{len(sites)}"),
        ("Persons", f"{persons:,}"),
        ("Dataset", study.dataset),
        ("Trust", study.mode),
    ]
    return facts + ([("Researcher", study.researcher)] if study.researcher else [])


def _sites(study: Study, record: dict[str, Any]) -> tuple[str, ...]:
    return tuple(record.get("roster") or record.get("sites") or study.sites)


def _limits(name: str, record: dict[str, Any]) -> list[str]:
    """What the gate kept in of an answer, in its words."""
    events = [one for one in record.get("events", []) if one["what"] == "result" and one.get("analysis") == name]
    return [str(limit) for event in events for limit in event.get("limits", [])]


def _answer(name: str, result: Result, limits: list[str]) -> dict[str, Any]:
    tables = []
    for title, table in result.tables.items():
        rows = list(zip(*table.values(), strict=True))
        if not rows:
            continue
        tables.append(
            {
                "title": title.replace("_", " "),
                "columns": [column.replace("_", " ") for column in table],
                "rows": [[_cell(value) for value in row] for row in rows[:MOST_ROWS]],
                "folded": f"{len(rows):,} rows" if len(rows) > MOST_ROWS_OPEN else "",
                "left_out": max(0, len(rows) - MOST_ROWS),
                "drawing": drawing(title, table),
            }
        )
    singles = [(key.replace("_", " "), shown(value)) for key, value in result.facts.items() if _is_single(value)]
    return {
        "name": name,
        "title": result.title,
        "persons": result.persons,
        "tables": tables,
        "singles": singles,
        "report": f"{name}/report.html" if is_twin(result) else "",
        "notes": [*limits, *(str(note) for note in result.facts.get("notes", []))],
    }


def _cell(value: Any) -> dict[str, Any]:
    return {"text": shown(value) or "–", "number": isinstance(value, (int, float)) and not isinstance(value, bool)}


def _is_single(value: Any) -> bool:
    return isinstance(value, (int, float, str)) and value != ""


def _event(event: dict[str, Any]) -> tuple[str, str, str]:
    return event["at"], event["what"], details(event)
