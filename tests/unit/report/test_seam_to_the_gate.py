"""What the gate decides is what the report shows: limits are drawn, blocking and limiting rules are told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cohortium.evaluate.report import card, from_json, html, to_json
from cohortium.evaluate.report.rows import rule_of
from cohortium.privacy.policy import Policy, Rule
from cohortium.privacy.release import decide
from cohortium.records import Status

if TYPE_CHECKING:
    from .conftest import Release

POLICY = Policy(
    "for a test",
    (
        Rule("mia_density", at_most=0.55, over_reference=0.06, gate=True, advice="Learn with larger leaves."),
        Rule("mia_tpr", at_most=0.02, judge="high", gate=True),
        Rule("c2st", at_most=0.65),
        Rule("optimism", at_least=-0.01, at_most=0.01),
        Rule("pair_trends", at_least=0.9),
    ),
)


def test_the_gates_own_decision_is_shown(refused: Release) -> None:
    judged, decision = decide(refused.evidence, POLICY)
    page = html(judged, decision, refused.schema)
    assert decision.verdict == "refused" and len(decision.reasons) == 2
    assert "because it breaks 2 rules of the policy “for a test”" in page
    assert all(said in page for said in decision.limits)
    assert from_json(to_json(judged, decision, refused.schema))[1].limits == decision.limits
    assert "Learn with larger leaves." in page
    assert "**May not leave.**" in card(judged, decision, refused.schema)


def test_every_limit_as_the_policy_words_it_can_be_drawn(refused: Release) -> None:
    judged, _ = decide(refused.evidence, POLICY)
    rules = {finding.metric: rule_of(finding) for finding in judged.findings}
    for judged_by in POLICY.rules:
        rule, finding = rules[judged_by.metric], judged.finding(judged_by.metric)
        assert rule is not None
        if judged_by.judge == "value":
            assert (rule.value > 1) == (finding.status is Status.FAIL)
