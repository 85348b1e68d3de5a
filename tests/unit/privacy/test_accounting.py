"""The ledger adds up exactly, and budgets convert there and back."""

from __future__ import annotations

from fractions import Fraction

import pytest

from cohortium.errors import BudgetExhausted, InvalidRequest
from cohortium.privacy.accounting import Budget, delta_of, epsilon_of, rho_of


def test_a_ledger_adds_up_exactly() -> None:
    budget = Budget(Fraction(rho_of(1.0, 1e-5)), Fraction(1, 10**6))
    for step in range(1, 40):
        budget.spend("thirds" if step % 3 else "sevenths", budget.left / (7 if step % 3 == 0 else 3))
    sums = budget.by_purpose()
    assert list(sums) == ["thirds", "sevenths", "unspent"]
    assert sum(sums.values()) == budget.rho
    budget.spend("rest", budget.left)
    assert budget.left == 0
    with pytest.raises(BudgetExhausted, match="'more'"):
        budget.spend("more", Fraction(1, 10**30))


def test_delta_is_a_budget_of_its_own() -> None:
    budget = Budget(Fraction(1), Fraction(1, 100))
    budget.spend("levels", Fraction(1, 2), Fraction(1, 100))
    with pytest.raises(BudgetExhausted):
        budget.spend("levels", Fraction(1, 4), Fraction(1, 1000))
    with pytest.raises(BudgetExhausted):
        budget.spend("gain", Fraction(-1, 4))
    assert budget.delta_left == 0
    assert budget.left == Fraction(1, 2)


@pytest.mark.parametrize("epsilon", [0.01, 0.1, 1.0, 10.0, 1e4])
@pytest.mark.parametrize("delta", [1e-3, 1e-6, 1e-12])
def test_budgets_convert_there_and_back(epsilon: float, delta: float) -> None:
    rho = rho_of(epsilon, delta)
    assert delta_of(rho, epsilon) <= delta
    assert epsilon_of(rho, delta) == pytest.approx(epsilon, rel=1e-6)
    assert rho_of(epsilon * 1.01, delta) > rho


def test_nothing_spent_promises_everything() -> None:
    assert delta_of(0.0, 1.0) == 0.0
    assert epsilon_of(0.0, 1e-6) == 0.0


@pytest.mark.parametrize(("epsilon", "delta"), [(0.0, 1e-5), (-1.0, 1e-5), (float("inf"), 0.1), (1.0, 0.0), (1.0, 1.0)])
def test_impossible_promises_are_refused(epsilon: float, delta: float) -> None:
    with pytest.raises(InvalidRequest, match="must"):
        rho_of(epsilon, delta)
