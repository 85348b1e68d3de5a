"""Studies of counts in mode "dp", from submission to the answer: noise in it, and the budget that it cost."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from tests.conformance.examples.example import patients
from tests.unit.federate.conftest import Federation, study

from cohortium.analyse import CohortCount, Contingency, Describe, Histogram, Quantiles, pooled
from cohortium.federate import Analysis, simulate
from cohortium.federate.hub.store import DONE
from cohortium.federate.messages import Reply, Request
from cohortium.privacy.accounting import rho_of
from cohortium.privacy.ledger import Account
from cohortium.records import schema_from_plain

ASKED = study(
    mode="dp",
    epsilon=12.0,
    delta=1e-5,
    analyses=(
        Analysis("ages", Histogram("age", bins=6)),
        Analysis("stages", Contingency("stage", "smoker")),
        Analysis("cohort", CohortCount(("age >= 60", "smoker = true"), ("stage",))),
        Analysis("quartiles", Quantiles(("age",), (0.5,), cuts=3)),
    ),
)
BUDGET = Fraction(rho_of(12.0, 1e-5))


def test_a_study_of_counts_is_answered_with_intervals() -> None:
    table = patients(3_000)
    found = simulate(ASKED, {name: table.take(np.arange(place, 3_000, 3)) for place, name in enumerate("abc")})
    for analysis in ASKED.analyses[:3]:
        exact, noisy = pooled(analysis.algorithm, table), found[analysis.name]
        assert noisy.tables != exact.tables
        assert all(deviation > 0 for deviation in noisy.facts["noise_sd"].values())
        for name, cells in noisy.tables.items():
            column = "n" if "n" in cells else "persons"
            away = np.array(cells[column]) - np.array(exact.tables[name][column])
            assert np.abs(away).max() <= 6 * max(noisy.facts["noise_sd"].values())
    assert found["stages"].facts["p"] is not None
    quartiles = found["quartiles"].tables["quantiles"]
    assert quartiles["low"][0] <= np.median(table.numeric("age")) <= quartiles["high"][0]


def test_every_step_is_paid_for_and_no_more_than_the_study_may_cost(federation: Federation) -> None:
    federation.approve_everywhere(ASKED)
    for desk in federation.desks.values():
        desk.guard.ledger.grant(Account("dataset", "trial"), BUDGET, by="steward")
    assert federation.run(ASKED).status == DONE
    for desk in federation.desks.values():
        ledger = desk.guard.ledger
        spent = ledger.line(Account("dataset", "trial")).spent_rho
        first = [ASKED.rho(analysis.name, 0) for analysis in ASKED.analyses]
        assert sum(first) * Fraction(99, 100) < spent <= BUDGET


@pytest.mark.parametrize("epsilon", [1.0, 12.0])
def test_the_noise_in_the_answer_is_what_the_epsilon_asks_for(epsilon: float) -> None:
    table = patients(900)
    asked = study(mode="dp", epsilon=epsilon, delta=1e-5, analyses=(Analysis("ages", Histogram("age", bins=6)),))
    found = simulate(asked, {name: table.take(np.arange(place, 900, 3)) for place, name in enumerate("abc")})
    share = rho_of(epsilon, 1e-5) / 2 / 4  # half for the first step, in equal parts for its four arrays
    exact = 1 / (2 * share) ** 0.5
    # two of three sites must have noise enough between them, though the third tells the hub its own
    assert exact <= found["ages"].facts["noise_sd"]["inside"] <= exact * 3**0.5 * 1.05


@pytest.mark.parametrize(("mode", "told"), [("secure", ("north", "south", "west")), ("dp", ())])
def test_under_noise_only_the_schema_file_tells_levels(
    federation: Federation, mode: str, told: tuple[str, ...]
) -> None:
    budget: dict[str, Any] = {"epsilon": 1.0, "delta": 1e-5} if mode == "dp" else {}
    analyses = (Analysis("who", Describe(("hospital", "stage"))),)
    asked = replace(study(mode="secure"), mode=mode, analyses=analyses, **budget)
    federation.approve_everywhere(asked)
    federation.desks["north"].guard.ledger.grant(Account("dataset", "trial"), BUDGET, by="steward")
    offer = Request("offer", "run", body=asked.to_bytes()).to_bytes()
    schema = schema_from_plain(Reply.from_bytes(federation.desks["north"].answer(offer)).facts["schema"])
    assert schema["hospital"].levels == told
    assert schema["stage"].levels == ("I", "II", "III")
