"""The page of the demo says what the evidence in its folder says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.pages import Page
from tests.unit.report.conftest import make_release

from cohortium.evaluate.report import to_json
from cohortium.records import Finding, Question, Score
from cohortium.serve.demo_page import write_demo_page


def test_a_twins_verdict_is_told_in_a_line(tmp_path: Path) -> None:
    made = make_release()
    attack = Finding("mia_nearest", Question.PRIVACY, "Membership", Score(0.512), "lower")
    evidence = replace(made.evidence, findings=(*made.evidence.findings, attack))
    (tmp_path / "twin").mkdir()
    (tmp_path / "twin" / "report.html").write_text("<p>report</p>", "utf-8")
    (tmp_path / "twin" / "evidence.json").write_text(to_json(evidence, made.decision, made.schema), "utf-8")
    said = Page(write_demo_page(tmp_path).read_text("utf-8")).text()
    assert f"{evidence.facts['rows_synthetic']:,} persons who do not exist" in said
    assert "AUC of 0.512" in said
    assert made.decision.verdict in said and made.decision.policy in said
