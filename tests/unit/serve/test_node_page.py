"""What a data steward reads about a node."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cohortium.analyse import Describe
from cohortium.errors import BudgetExhausted
from cohortium.federate import Analysis, Study
from cohortium.federate.node.guard import Guard
from cohortium.federate.node.store import NodeStore
from cohortium.privacy.accounting import rho_of
from cohortium.privacy.ledger import Account, BudgetLedger
from cohortium.serve.federation import node_app
from cohortium.serve.node_page import budget_lines, page_of

STUDY = Study("Ages <b>in</b> four", "anaemia", (Analysis("who", Describe(("age",))),), researcher="ada")
RHO = Fraction(rho_of(2.0, 1e-5))


def test_the_page_says_what_waits_and_what_was_decided(tmp_path: Path) -> None:
    store = NodeStore(tmp_path / "node.db")
    store.receive(STUDY, ("a",))
    waiting = page_of("mainz", "https://hub", tmp_path, store)
    assert f"cohortium node approve {STUDY.digest[:12]}" in waiting
    assert "Columns read: age." in waiting and "&lt;b&gt;" in waiting
    store.decide(STUDY.digest, "refused", "steward", "no ethics vote")
    decided = page_of("mainz", "https://hub", tmp_path, store)
    assert "cohortium node approve" not in decided
    assert "refused by steward: no ethics vote" in decided


def test_budgets_are_shown_as_epsilon(tmp_path: Path) -> None:
    ledger = BudgetLedger(tmp_path / "budget.db")
    ledger.grant(Account("dataset", "anaemia"), RHO, by="steward")
    ledger.charge("run", 0, [Account("dataset", "anaemia")], RHO / 4)
    (line,) = budget_lines(tmp_path)
    assert line["account"] == "dataset anaemia"
    assert line["epsilon"] == pytest.approx(2.0, rel=1e-6)
    assert line["share"] == pytest.approx(0.25)
    assert 0 < line["spent"] < 2.0 and line["charges"] == 1


def test_a_researchers_own_budget_limits_what_the_dataset_would_allow(tmp_path: Path) -> None:
    guard = Guard(tmp_path)
    guard.ledger.grant(Account("dataset", "anaemia"), 10 * RHO, by="steward")
    guard.charge(STUDY, "first", 0, RHO)
    guard.ledger.grant(Account("permit", "ada"), RHO, by="steward")
    guard.charge(STUDY, "second", 0, RHO)
    with pytest.raises(BudgetExhausted, match="permit 'ada'"):
        guard.charge(STUDY, "third", 0, RHO)
    assert guard.ledger.line(Account("dataset", "anaemia")).spent_rho == 2 * RHO


@pytest.mark.parametrize("command", ["budget", "log", "page"])
def test_a_node_that_is_none_is_named(command: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(node_app, [command, "--home", str(tmp_path / "nowhere")])
    assert result.exit_code != 0
    assert "nowhere" in str(result.exception)
