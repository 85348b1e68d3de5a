"""The page of the demo says what the evidence in its folder says."""

from __future__ import annotations

from dataclasses import replace
from importlib import resources
from pathlib import Path

import pandas as pd
import pytest
from tests.pages import Page
from tests.unit.report.conftest import make_release

from cohortium.evaluate.report import to_json
from cohortium.records import Finding, Question, Score
from cohortium.serve.anonymisation.demo import run_anonymised_demo
from cohortium.serve.demo_page import write_demo_page
from cohortium.serve.reporter import Reporter


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


def test_the_demos_records_leave_anonymised_with_who_could_be_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COHORTIUM_WORKSPACE", str(tmp_path / "workspace"))
    packaged = resources.files("cohortium.serve") / "demo_data"
    for name in ("heart_disease.csv", "heart_disease.csv.schema.toml"):
        (tmp_path / name).write_bytes((packaged / name).read_bytes())
    with Reporter(quiet=True) as reporter:
        run_anonymised_demo(tmp_path / "heart_disease.csv", tmp_path / "anonymised", reporter)
    released = pd.read_csv(tmp_path / "anonymised/release/table.csv")
    assert released.groupby(["age", "sex", "dataset"]).size().min() >= 5
    assert (tmp_path / "anonymised/hierarchies").stat().st_mode & 0o077 == 0
    page = write_demo_page(tmp_path).read_text("utf-8")
    assert "anonymised/risk/frontier.html" in page
    assert f"{len(released):,} rows: released" in Page(page).text()
    assert "at least 4 others" in Page(page).text()
