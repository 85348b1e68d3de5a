"""What is measured about a view finds what it must find."""

from __future__ import annotations

import pyarrow as pa

from cohortium.anonymise.views import AttributePolicy, Precision, Rule, view_with_account
from cohortium.anonymise.views.evidence import evidence_on
from cohortium.privacy.policy import load_policy
from cohortium.privacy.release import Decision, decide
from cohortium.records import Column, Evidence, Kind, Role, Schema, Table

SCHEMA = Schema(
    (
        Column("name", Kind.TEXT, frozenset({Role.DIRECT_IDENTIFIER})),
        Column("age", Kind.INTEGER, frozenset({Role.QUASI_IDENTIFIER})),
        Column("note", Kind.TEXT),
    )
)
TABLE = Table(
    pa.table({
        "name": ["Smith", "Okafor", "Li", None],
        "age": [41, 43, 47, 72],
        "note": ["Came with MRS SMITH.", "Came alone.", "Li came.", None],
    }),
    SCHEMA,
)  # fmt: skip


def judged(**shows: str) -> tuple[Evidence, Decision]:
    labels = {name: name for name in TABLE.schema.names}
    rule = Rule(None, None, {label: Precision.of(how) for label, how in shows.items()})
    made = view_with_account(TABLE, AttributePolicy("test", labels, (rule,)), role="a", purpose="b")
    return decide(evidence_on(made, TABLE, role="a", purpose="b", source="x.csv"), load_policy(shipped="view"))


def value(evidence: Evidence, metric: str) -> float | None:
    score = evidence.finding(metric).score
    return None if score is None else score.value


def test_a_name_in_a_text_keeps_the_view_in() -> None:
    evidence, decision = judged(age="exact", note="exact")
    assert value(evidence, "view_identifiers_in_text") == 1
    assert value(evidence, "view_identifiers_exact") == 0
    assert decision.verdict == "refused"


def test_an_identifier_that_is_shown_keeps_the_view_in() -> None:
    evidence, decision = judged(name="exact", age="exact")
    assert value(evidence, "view_identifiers_exact") == 1
    assert decision.verdict == "refused"


def test_small_groups_are_told_and_limit_the_use() -> None:
    evidence, decision = judged(age="band:10")
    assert value(evidence, "view_smallest_group") == 1
    assert decision.verdict == "released" and decision.limits


def test_without_quasi_identifiers_there_are_no_groups() -> None:
    evidence, _ = judged(note="exact")
    assert value(evidence, "view_smallest_group") is None
