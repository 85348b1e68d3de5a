"""Rows say what they mean, and the overview places them by what their metric declares."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

import cohortium.evaluate
from cohortium.evaluate.report import glossary
from cohortium.evaluate.report.rows import row_of, rule_of
from cohortium.records import Finding, Question, Score, Status
from cohortium.registry import entries

if TYPE_CHECKING:
    from .conftest import Release

assert cohortium.evaluate  # registers the metrics


def _finding(
    metric: str, score: Score | None, limit: str, better: str = "lower", status: Status = Status.PASS
) -> Finding:
    return Finding(metric, Question.PRIVACY, "A title", score, better, status, limit)


def test_every_registered_metric_is_explained_in_one_sentence() -> None:
    for entry in entries("metric"):
        said = glossary.meaning(entry.name)
        assert said.endswith(".") and len(said) < 130, entry.name


def test_nothing_is_explained_that_does_not_exist() -> None:
    assert set(glossary._MEANINGS) <= {entry.name for entry in entries("metric")}


def test_an_unknown_metric_is_left_to_its_title() -> None:
    assert glossary.meaning("no such metric") == ""


def test_the_overview_measures_from_the_best_that_a_metric_declares() -> None:
    # An area under a curve is best at 0.5, so 0.515 lies half way to a limit of 0.53.
    rule = rule_of(_finding("mia_nearest", Score(0.515, 0.5, 0.53, 100, 0.503), "≤ 0.53"))
    assert rule is not None
    assert (rule.value, rule.low, rule.high) == (pytest.approx(0.5), pytest.approx(0.0), pytest.approx(1.0))
    assert rule.reference == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("metric", "better", "value", "limit", "steps"),
    [
        ("pair_trends", "higher", 0.97, "≥ 0.94", 0.5),
        ("tstr_gap", "lower", 0.01, "≤ 0.02", 0.5),
        ("optimism", "nearer", -0.01, "≥ -0.02 and ≤ 0.02", 0.5),
        ("constraint_adherence", "higher", 1.0, "≥ 1", 0.0),
        ("constraint_adherence", "higher", 0.99, "≥ 1", math.inf),
        ("unregistered", "lower", 0.2, "at most 0.1", 2.0),
    ],
)
def test_steps_towards_the_limit(metric: str, better: str, value: float, limit: str, steps: float) -> None:
    rule = rule_of(_finding(metric, Score(value), limit, better))
    assert rule is not None and rule.value == pytest.approx(steps)


@pytest.mark.parametrize(
    "finding",
    [
        _finding("x", None, "≤ 0.5"),
        _finding("x", Score(0.1), "as agreed"),
        _finding("x", Score(math.nan), "≤ 0.5"),
        _finding("x", Score(0.1), "≤ 0.5", status=Status.INFORMATIVE),
    ],
)
def test_what_has_no_place_on_the_axis_is_left_out(finding: Finding) -> None:
    assert rule_of(finding) is None


def test_a_row_that_fails_by_its_interval_says_so() -> None:
    score = Score(0.04, 0.01, 0.07, 50)
    assert "worse end" in row_of(_finding("x", score, "≤ 0.05", status=Status.FAIL)).reason
    assert row_of(_finding("x", Score(0.09, 0.08, 0.1), "≤ 0.05", status=Status.FAIL)).reason == ""


def test_a_value_that_is_not_a_number_is_shown_as_missing_and_not_drawn() -> None:
    row = row_of(_finding("x", Score(math.nan), "≤ 0.5", status=Status.FAIL))
    assert (row.value, row.drawing) == ("–", "")


def test_anchors_are_unique_per_metric(released: Release) -> None:
    anchors = [row_of(finding).anchor for finding in released.evidence.findings]
    assert len(anchors) == len(set(anchors))
