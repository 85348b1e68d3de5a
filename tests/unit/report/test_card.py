"""The card: what the table may and may not be used for follows from the findings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from cohortium.evaluate.report import card
from cohortium.evaluate.report.card import markdown
from cohortium.evaluate.report.uses import NEVER, Standing, limits, uses
from cohortium.records import Question, Status

if TYPE_CHECKING:
    from .conftest import Release

SURVIVAL = "Survival analysis, to be confirmed on real patients"


def _part(text: str, head: str) -> str:
    start = text.index(f"## {head}\n")
    end = text.find("\n## ", start + 1)
    return text[start : end if end >= 0 else None]


def test_it_has_its_parts_in_order(released: Release) -> None:
    heads = [line[3:] for line in card(*released).splitlines() if line.startswith("## ")]
    assert heads == [
        "What it is",
        "What it may be used for",
        "What it must not be used for",
        "How it was made",
        "How private it is",
        "Known limits",
        "How to cite",
        "Digests",
    ]


def test_weak_survival_fidelity_excludes_survival_analysis(released: Release, refused: Release) -> None:
    assert SURVIVAL in _part(card(*released), "What it may be used for")
    text = card(*refused)
    assert SURVIVAL not in _part(text, "What it may be used for")
    assert f"**{SURVIVAL}** (not fit)" in _part(text, "What it must not be used for")
    assert "Gap between the survival curves" in _part(text, "What it must not be used for")


def test_it_says_whether_there_is_a_formal_guarantee(released: Release, overridden: Release) -> None:
    assert "no formal guarantee" in _part(card(*released), "How private it is")
    assert "There is no formal guarantee" in _part(card(*released), "Known limits")
    assert "differential privacy per patient" in _part(card(*overridden), "How private it is")
    assert "There is no formal guarantee" not in card(*overridden)


def test_known_limits_and_forbidden_uses_are_stated(refused: Release) -> None:
    text = card(*refused)
    assert all(markdown(use) in _part(text, "What it must not be used for") for use in NEVER)
    assert all(markdown(limit) in _part(text, "Known limits") for limit in limits(refused.evidence))
    assert "may not leave" in text.splitlines()[2]
    assert all(markdown(reason) in text for reason in refused.decision.reasons)


def test_every_attack_stands_in_the_table_with_its_outcome(refused: Release) -> None:
    lines = _part(card(*refused), "How private it is").splitlines()
    for finding in refused.evidence.findings:
        if finding.question is Question.PRIVACY and finding.score is not None:
            row = next(line for line in lines if line.startswith(f"| {markdown(finding.title)} |"))
            assert row.endswith(f"| {finding.status.value} |")
            assert row.count("|") - row.count("\\|") == 7


def test_digests_and_citation(released: Release) -> None:
    text = card(*released)
    digest = released.evidence.facts["digests"]["twin.parquet"]
    assert digest in _part(text, "Digests")
    assert digest in _part(text, "How to cite") and "2026" in _part(text, "How to cite")


@pytest.mark.parametrize("name", ["released", "wide"])
def test_column_names_cannot_become_markup(name: str, request: pytest.FixtureRequest) -> None:
    text = card(*request.getfixturevalue(name))
    assert "<script>" not in text
    assert "&lt;script&gt;alert('Größe')&lt;/script&gt; &amp; \"mehr\" \\| \\#panic()" in text


def test_a_use_is_not_shown_where_nothing_was_judged(released: Release) -> None:
    silent = tuple(
        replace(finding, score=None, status=Status.NOT_APPLICABLE, reason="No follow-up.")
        if finding.question is Question.SURVIVAL
        else finding
        for finding in released.evidence.findings
    )
    found = {use.name: use for use in uses(replace(released.evidence, findings=silent))}
    assert found[SURVIVAL].standing is Standing.OPEN
    assert found[SURVIVAL].because == "No follow-up."


def test_a_table_that_was_never_compared_with_held_out_persons_says_so(released: Release) -> None:
    alone = tuple(
        replace(finding, score=None if finding.score is None else replace(finding.score, reference=None))
        for finding in released.evidence.findings
    )
    assert any("No real persons were held out" in said for said in limits(replace(released.evidence, findings=alone)))
    assert not any("No real persons were held out" in said for said in limits(released.evidence))
