from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from tests.tables import heart, mixed, visits

from cohortium.errors import InvalidRecords, InvalidRequest
from cohortium.evaluate import evaluate
from cohortium.records import Question
from cohortium.serve.twin import Plan, make_twin


@pytest.fixture(scope="module")
def twin():
    return make_twin(heart(), Plan(seed=3), clock=lambda: datetime(2026, 11, 23, tzinfo=UTC))


@pytest.mark.slow
def test_evidence_tells_how_it_came_about(twin) -> None:
    facts = twin.evidence.facts
    assert facts["created"] == "2026-11-23T00:00:00+00:00"
    assert facts["persons_real"] + facts["persons_holdout"] == 920
    assert facts["rows_synthetic"] == len(twin.table) == 920
    assert facts["refits"] == 4
    assert facts["columns_left_out"] == ["id"]
    costs = [finding for finding in twin.evidence.findings if finding.question is Question.COST]
    assert {"fit_seconds", "evaluate_seconds"} <= {finding.metric for finding in costs}


@pytest.mark.slow
def test_a_good_twin_of_real_patients_is_released(twin) -> None:
    evidence, decision = twin.decide()
    assert decision.verdict == "released", decision.reasons
    assert evidence.finding("mia_nearest").score.value < 0.53
    assert evidence.finding("tstr_gap").score.value < 0.1
    assert twin.release().table is twin.table


def test_several_rows_per_person_are_split_by_person() -> None:
    made = make_twin(visits(150), Plan(seed=0, rows=200))
    assert made.evidence.facts["persons_real"] == 100
    assert made.evidence.facts["persons_holdout"] == 50
    assert len(made.table) == 200


def test_a_budget_needs_a_method_that_keeps_it() -> None:
    with pytest.raises(InvalidRequest, match="no formal guarantee"):
        make_twin(mixed(100), Plan(epsilon=1.0))


def test_held_out_persons_must_be_strangers() -> None:
    table = heart()
    with pytest.raises(InvalidRecords, match="920 persons stand both"):
        evaluate(table, table, table, rng=np.random.default_rng(0))
