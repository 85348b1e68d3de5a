"""What ``make demo`` does across hospitals: four nodes, their answers beside the pooled ones, and a twin."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.csv as arrow_csv
import pytest

from cohortium.evaluate.report.evidence_json import from_json
from cohortium.serve.demo_page import write_demo_page
from cohortium.serve.federated_demo import run_federated_demo

pytestmark = [pytest.mark.journey, pytest.mark.slow]


def test_four_hospitals_answer_and_make_a_twin(tmp_path: Path) -> None:
    lines = run_federated_demo(tmp_path / "federation", lambda _doing, _share: None)
    gaps = json.loads((tmp_path / "federation" / "federated-and-pooled.json").read_text("utf-8"))
    assert set(gaps["largest_relative_difference"]) == {"by_sex", "pain_and_angina", "correlations", "twin"}
    assert max(gaps["largest_relative_difference"].values()) < 1e-8
    twin = tmp_path / "federation" / "results" / "twin"
    evidence, decision, _ = from_json((twin / "evidence.json").read_text("utf-8"))
    assert decision.verdict == "released"
    assert evidence.facts["persons_real"] + evidence.facts["persons_holdout"] == 920
    assert evidence.facts["refits"] == 4
    assert arrow_csv.read_csv(twin / "twin.csv").num_rows == evidence.facts["rows_synthetic"]
    page = write_demo_page(tmp_path).read_text("utf-8")
    assert 'href="federation/results/twin/report.html"' in page and "twin/report.html" in page
    assert 'href="profile.html"' not in page  # this test made none
    assert any("twin" in line and "report.html" in line for line in lines)
