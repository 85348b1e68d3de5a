"""Every registered metric is explained to people, and nothing is explained that does not exist."""

from __future__ import annotations

import re
from pathlib import Path

import cohortium.evaluate  # noqa: F401 - registers the metrics
from cohortium.records import Question
from cohortium.registry import entries

DOCS = Path(__file__).parents[2] / "docs"
IN_THE_PRIVACY_GUIDE = {Question.PRIVACY, Question.COPIES, Question.FORMAL}


def first_cells(page: str) -> set[str]:
    """Names that begin a row of a table."""
    return set(re.findall(r"^\| `(\w+)`", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE))


def test_every_metric_has_a_row() -> None:
    ours = {entry.name for entry in entries("metric") if entry.facts["asks"] not in IN_THE_PRIVACY_GUIDE}
    attacks = {entry.name for entry in entries("metric") if entry.facts["asks"] in IN_THE_PRIVACY_GUIDE}
    assert first_cells("metrics.md") == ours
    text = (DOCS / "privacy-metrics.md").read_text(encoding="utf-8")
    assert not {name for name in attacks if f"`{name}`" not in text}


def test_repeated_metrics_are_marked() -> None:
    text = (DOCS / "metrics.md").read_text(encoding="utf-8")
    marked = set(re.findall(r"^\| `(\w+)` ×5", text, re.MULTILINE))
    repeated = {entry.name for entry in entries("metric") if entry.facts["seeds"] == 5}
    assert marked == {name for name in repeated if name in first_cells("metrics.md")}
