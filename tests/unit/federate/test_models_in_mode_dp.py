"""Studies of models in mode "dp", from submission to the answer: what steps cost, and a hundred of them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from tests.modelled import MODELLED, made
from tests.unit.analyse.neural.test_private_training import _auc, _made
from tests.unit.federate.conftest import Federation, study

from cohortium.analyse import PCA, Correlation, KMeans, LinearRegression, LogisticRegression, NeuralNetwork, pooled
from cohortium.federate import Analysis, simulate
from cohortium.federate.hub.store import DONE
from cohortium.privacy.accounting import rho_of
from cohortium.privacy.ledger import Account
from cohortium.records import Table

ANALYSES = (
    Analysis("line", LinearRegression("score", MODELLED)),
    Analysis("odds", LogisticRegression("relapse", MODELLED)),
    Analysis("pairs", Correlation(("age", "pressure", "score"))),
    Analysis("axes", PCA(("age", "pressure"))),
    Analysis("groups", KMeans(("age", "pressure"), 2)),
)


def _sites(table: Table) -> dict[str, Table]:
    return {name: table.take(np.arange(place, len(table), 3)) for place, name in enumerate("abc")}


def test_models_are_answered_with_what_noise_did() -> None:
    table = made(3_000, 5)
    asked = study(mode="dp", epsilon=20.0, delta=1e-5, analyses=ANALYSES)
    found = simulate(asked, _sites(table))
    for name in ("line", "odds"):
        exact = pooled(asked.analysis(name).algorithm, table).tables["coefficients"]
        noisy = found[name].tables["coefficients"]
        away = np.abs(np.array(noisy["estimate"]) - np.array(exact["estimate"])) / np.array(noisy["standard_error"])
        assert away.max() < 4 and away.min() > 0
        assert "noise" in found[name].facts["notes"][0]
    assert found["pairs"].tables["pairs"]["r"][0] == pytest.approx(0.37, abs=0.15)
    assert sum(found["groups"].tables["clusters"]["n"]) == pytest.approx(3_000, abs=200)
    assert all(answer.facts["noise_sd"] for answer in found.values())


def test_what_the_steps_cost_is_what_the_study_may_cost(federation: Federation) -> None:
    asked = study(
        mode="dp", epsilon=6.0, delta=1e-5, analyses=(Analysis("odds", LogisticRegression("relapse", ("age",))),)
    )
    budget = Fraction(rho_of(6.0, 1e-5))
    federation.approve_everywhere(asked)
    for desk in federation.desks.values():
        desk.guard.ledger.grant(Account("dataset", "trial"), budget, by="steward")
    ended = federation.run(asked)
    assert ended.status == DONE, ended.said
    for desk in federation.desks.values():
        spent = desk.guard.ledger.line(Account("dataset", "trial")).spent_rho
        assert budget * Fraction(97, 100) < spent <= budget


@pytest.mark.slow
def test_a_network_learns_in_a_hundred_rounds_under_noise() -> None:
    """Halves of what is left would leave 2 ** -100 of the budget to the last round."""
    pytest.importorskip("torch", reason="the extra 'learning' is not installed")
    network = NeuralNetwork(
        "ill", ("age", "score", "sex"), hidden=(), rounds=100, learning_rate=1.0, scaling="range", patient_clip=1.0
    )
    asked = study(mode="dp", epsilon=8.0, delta=1e-5, analyses=(Analysis("network", network),))
    assert {asked.rho("network", step) for step in range(100)} == {Fraction(rho_of(8.0, 1e-5)) / 100}
    answer = simulate(asked, _sites(_made(1_500)))["network"]
    from cohortium.analyse.neural import FittedNetwork

    assert _auc(FittedNetwork.of(answer), _made(2_000, seed=7)) > 0.75
