"""The budget ledger: exact sums, nothing spent twice, nothing overspent by several at once."""

from __future__ import annotations

import subprocess
import sys
import threading
from fractions import Fraction
from pathlib import Path

import pytest

from cohortium.errors import BudgetExhausted, InvalidRequest, ProtocolViolation
from cohortium.privacy.accounting import delta_of
from cohortium.privacy.ledger import Account, BudgetLedger

WARD, PERMIT = Account("dataset", "ward"), Account("permit", "DP-17")


@pytest.fixture
def ledger(tmp_path: Path) -> BudgetLedger:
    made = BudgetLedger(tmp_path / "ledger.db", lambda: "2026-01-01T00:00:00+00:00")
    made.grant(WARD, Fraction(1), Fraction(1, 10**6), by="steward")
    made.grant(PERMIT, Fraction(1, 2), by="steward")
    return made


def test_costs_add_up_exactly(ledger: BudgetLedger) -> None:
    for step in range(10):
        assert ledger.charge("run", step, [WARD], Fraction(1, 10))
    assert ledger.line(WARD).left == 0
    with pytest.raises(BudgetExhausted, match="dataset 'ward'"):
        ledger.charge("run", 10, [WARD], Fraction(1, 10**9))


def test_a_step_is_charged_once(ledger: BudgetLedger) -> None:
    assert ledger.charge("run", 0, [WARD, PERMIT], Fraction(1, 3), purpose="describe")
    assert not ledger.charge("run", 0, [PERMIT, WARD], Fraction(1, 3), purpose="describe")
    assert ledger.line(WARD).spent_rho == Fraction(1, 3)
    with pytest.raises(ProtocolViolation, match="another cost"):
        ledger.charge("run", 0, [WARD, PERMIT], Fraction(1, 4))
    with pytest.raises(ProtocolViolation):
        ledger.charge("run", 0, [WARD], Fraction(1, 3))


def test_all_accounts_or_none(ledger: BudgetLedger) -> None:
    with pytest.raises(BudgetExhausted, match="permit 'DP-17'"):
        ledger.charge("run", 0, [WARD, PERMIT], Fraction(3, 4))
    assert ledger.line(WARD).spent_rho == 0
    assert ledger.charges() == ()
    assert ledger.charge("run", 0, [WARD], Fraction(3, 4))


def test_nothing_granted_means_nothing_to_spend(ledger: BudgetLedger) -> None:
    group = Account("group", "trial")
    with pytest.raises(BudgetExhausted, match="ever granted to the group 'trial'"):
        ledger.charge("run", 0, [group], Fraction(0))
    with pytest.raises(BudgetExhausted):
        ledger.line(group)


def test_delta_is_spent_as_well(ledger: BudgetLedger) -> None:
    ledger.charge("run", 0, [WARD], Fraction(1, 10), Fraction(1, 10**6))
    with pytest.raises(BudgetExhausted):
        ledger.charge("run", 1, [WARD], Fraction(1, 10), Fraction(1, 10**9))
    line = ledger.line(WARD)
    assert line.delta_left == 0
    epsilon = line.epsilon(1e-5)
    assert delta_of(0.1, epsilon) + 1e-6 == pytest.approx(1e-5, rel=1e-3)
    with pytest.raises(InvalidRequest, match="larger one"):
        line.epsilon(1e-6)


def test_a_larger_budget_forgets_nothing(ledger: BudgetLedger) -> None:
    ledger.charge("run", 0, [WARD], Fraction(1))
    ledger.grant(WARD, Fraction(3, 2), by="steward")
    assert ledger.line(WARD).left == Fraction(1, 2)
    ledger.grant(WARD, Fraction(1, 2), by="steward")
    with pytest.raises(BudgetExhausted):
        ledger.charge("run", 1, [WARD], Fraction(0))


def test_the_steward_sees_what_was_spent_on_what(ledger: BudgetLedger) -> None:
    ledger.charge("run", 0, [WARD, PERMIT], Fraction(1, 8), purpose="describe, step 1")
    ledger.charge("run", 1, [WARD], Fraction(1, 8), purpose="describe, step 2")
    assert [line.account for line in ledger.lines()] == [WARD, PERMIT]
    assert [one.purpose for one in ledger.charges(PERMIT)] == ["describe, step 1"]
    assert [(one.run, one.step, one.rho) for one in ledger.charges()] == [
        ("run", 0, Fraction(1, 8)),
        ("run", 1, Fraction(1, 8)),
    ]
    assert ledger.charges()[0].accounts == (WARD, PERMIT)


def test_a_kill_after_the_charge_costs_nothing_twice(ledger: BudgetLedger, tmp_path: Path) -> None:
    code = (
        "import os; from fractions import Fraction; from pathlib import Path;"
        "from cohortium.privacy.ledger import Account, BudgetLedger;"
        f"ledger = BudgetLedger(Path({str(tmp_path / 'ledger.db')!r}));"
        "ledger.charge('run', 7, [Account('dataset', 'ward')], Fraction(2, 3)); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    assert ledger.line(WARD).spent_rho == Fraction(2, 3)
    assert not ledger.charge("run", 7, [WARD], Fraction(2, 3))
    assert ledger.line(WARD).spent_rho == Fraction(2, 3)


def test_several_at_once_cannot_overspend(ledger: BudgetLedger) -> None:
    refused: list[int] = []

    def spend(number: int) -> None:
        for step in range(5):
            try:
                ledger.charge(f"run {number}", step, [WARD], Fraction(1, 12))
            except BudgetExhausted:
                refused.append(number)

    threads = [threading.Thread(target=spend, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.line(WARD).spent_rho == 1
    assert len(refused) == 8


def test_mistakes_are_named(ledger: BudgetLedger) -> None:
    with pytest.raises(InvalidRequest, match="at least one account"):
        ledger.charge("run", 0, [], Fraction(1))
    with pytest.raises(InvalidRequest, match="at least 0"):
        ledger.charge("run", 0, [WARD], Fraction(-1))
    with pytest.raises(InvalidRequest, match="below 0"):
        ledger.grant(WARD, Fraction(-1), by="steward")


def test_a_budget_is_granted_once_it_was_set_even_to_nothing(tmp_path: Path) -> None:
    ledger = BudgetLedger(tmp_path / "budget.db")
    ledger.grant(WARD, Fraction(0), by="steward")
    assert ledger.is_granted(WARD) and not ledger.is_granted(PERMIT)
