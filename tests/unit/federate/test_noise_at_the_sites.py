"""Networks that add their noise at the sites, in studies: who pays when, what leaves, and that noise is drawn once."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from tests.unit.federate.conftest import SITES, Disturbed, Federation, study

from cohortium.analyse import Describe, NeuralNetwork
from cohortium.analyse.neural import FittedNetwork
from cohortium.errors import CohortiumError, InvalidRequest
from cohortium.federate import Analysis, Study, simulate
from cohortium.federate.hub.store import DONE, FAILED
from cohortium.federate.messages import Reply, Request
from cohortium.federate.node.private_steps import WHOLE_RUN
from cohortium.federate.study import in_words, study_from_bytes
from cohortium.privacy.ledger import Account
from cohortium.records import State, Sums, schema_to_plain

pytest.importorskip("torch", reason="the extra 'learning' is not installed")

NETWORK = NeuralNetwork(
    "relapse", ("age", "stage"), hidden=(), rounds=3, learning_rate=1.0, scaling="range",
    patient_clip=1.0, lot=0.3, noise_multiplier=2.0, local_steps=2,
)  # fmt: skip
DATASET = Account("dataset", "trial")


def _cost(network: NeuralNetwork = NETWORK) -> Fraction:
    cost = network.site_cost()
    assert cost is not None
    return cost.rho


def _asked(federation: Federation, *, granted: Fraction | None = None, poor: str = "", **changes: Any) -> Study:
    asked = study(**{"analyses": (Analysis("net", NETWORK),), "patience_s": 20, **changes})
    federation.approve_everywhere(asked)
    for site, desk in federation.desks.items():
        if site != poor:
            desk.guard.ledger.grant(DATASET, _cost() if granted is None else granted, by="steward")
    return asked


def _charged(federation: Federation) -> list[list[tuple[int, Fraction]]]:
    return [[(one.step, one.rho) for one in federation.desks[site].guard.ledger.charges()] for site in SITES]


@pytest.mark.parametrize("mode", ["plain", "secure"])
def test_a_run_is_paid_for_once_and_as_a_whole(federation: Federation, mode: str) -> None:
    ended = federation.run(_asked(federation, mode=mode))
    assert ended.status == DONE, ended.said
    assert _charged(federation) == [[(WHOLE_RUN, _cost())]] * 3
    answer = federation.hub.results("run1")["net"]
    assert answer.facts["epsilon"] > 0 and "epsilon" in answer.facts["notes"][0]
    assert np.isfinite(FittedNetwork.of(answer).predict(federation.table)).all()


@pytest.mark.parametrize("mode", ["plain", "secure"])
def test_without_enough_budget_at_one_site_nothing_leaves_any(federation: Federation, mode: str) -> None:
    ended = federation.run(_asked(federation, poor="west", mode=mode))
    assert ended.status == FAILED and "west: No privacy budget was ever granted" in ended.said
    assert _charged(federation) == [[], [], []]
    assert all(not federation.stores[site].left() for site in SITES)


def test_a_second_run_needs_a_budget_of_its_own(federation: Federation) -> None:
    asked = _asked(federation, granted=_cost() * Fraction(19, 10))
    assert federation.run(asked).status == DONE
    again = federation.run(asked, "run2")
    assert again.status == FAILED and "left" in again.said


def test_a_site_that_was_started_again_gives_the_noise_that_it_drew(federation: Federation) -> None:
    asked = _asked(federation)
    federation.hub.submit("run1", asked, "t")
    answers: dict[bytes, set[bytes]] = {}

    def fault(site: str, data: bytes) -> bytes | None:
        if site == "west" and Request.from_bytes(data).topic == "step":
            seen = answers.setdefault(data, set())
            if len(seen) == 0:
                seen.add(federation.desks[site].answer(data))
                federation.desks[site] = federation.desk(site)
            seen.add(federation.desks[site].answer(data))
        return federation.desks[site].answer(data)

    conductor = federation.conductor(Disturbed(federation.channel, fault))
    ended = conductor.conduct("run1")
    assert ended.status == DONE, ended.said
    assert len(answers) == 1 + NETWORK.rounds
    assert all(len(seen) == 1 for seen in answers.values())
    assert _charged(federation)[2] == [(WHOLE_RUN, _cost())]


def _step(federation: Federation, asked: Study, number: int, state: State, run: str = "r") -> Reply:
    schema = federation.table.schema.select(asked.columns)
    facts = {"study": asked.digest, "analysis": "net", "step": number, "schema": schema_to_plain(schema)}
    request = Request("step", run, facts, state.to_bytes())
    return Reply.from_bytes(federation.desks["north"].answer(request.to_bytes()))


def _states(federation: Federation, asked: Study, run: str = "r") -> list[State]:
    """The states of an honest run with the first site alone, up to the second round."""
    states = [NETWORK.start(federation.table.schema.select(asked.columns))]
    for number in range(2):
        sums = Sums.from_bytes(_step(federation, asked, number, states[-1], run).body)
        following = NETWORK.combine(sums, states[-1])
        assert isinstance(following, State)
        states.append(following)
    return states


def test_a_hub_that_asks_again_gets_nothing_new(federation: Federation) -> None:
    asked = _asked(federation)
    count, first, second = _states(federation, asked)
    other = replace(second, arrays={**second.arrays, "weights": second.arrays["weights"] + 1})
    given = _step(federation, asked, 2, second)
    assert given.error == ""
    federation.desks["north"] = federation.desk("north")  # and so without answers in memory
    assert _step(federation, asked, 2, second).body == given.body
    for number, state in ((0, count), (1, first), (2, other)):
        assert "Start a new run" in _step(federation, asked, number, state).reason
    for number, state in ((3, count), (4, second), (1, count)):
        assert "Nothing else was paid for" in _step(federation, asked, number, state).reason


def test_a_run_that_is_over_is_not_computed_again(federation: Federation) -> None:
    asked = _asked(federation)
    *_, second = _states(federation, asked)
    assert _step(federation, asked, 2, second).error == ""
    federation.desks["north"].answer(Request("close", "r").to_bytes())
    for number in (2, 3):
        assert "Start a new run" in _step(federation, asked, number, second).reason


def test_a_run_paid_for_by_one_study_answers_no_other(federation: Federation) -> None:
    asked, other = _asked(federation), _asked(federation, title="Another")
    *_, second = _states(federation, asked)
    assert "Start a new run" in _step(federation, other, 2, second).reason


def test_levels_that_only_records_tell_are_not_told(federation: Federation) -> None:
    network = replace(NETWORK, covariates=("hospital",))
    asked = _asked(federation, analyses=(Analysis("net", network),))
    reply = federation.desks["north"].answer(Request("offer", "r", {}, asked.to_bytes()).to_bytes())
    assert "south" not in str(Reply.from_bytes(reply).facts["schema"])
    beside = _asked(federation, analyses=(Analysis("who", Describe(("hospital",))), Analysis("net", network)))
    reply = federation.desks["north"].answer(Request("offer", "s", {}, beside.to_bytes()).to_bytes())
    assert "south" in str(Reply.from_bytes(reply).facts["schema"])


def test_the_steward_reads_what_it_costs() -> None:
    asked = study(analyses=(Analysis("net", NETWORK),))
    cost = NETWORK.site_cost()
    assert cost is not None
    said = [line for line in in_words(asked) if "noise at each hospital" in line]
    assert len(said) == 1 and f"epsilon {cost.epsilon:.3g}, delta 1e-06" in said[0]
    assert not any("noise at each" in line for line in in_words(study()))


def test_a_study_whose_noise_is_none_is_not_received() -> None:
    broken = study(analyses=(Analysis("net", replace(NETWORK, noise_multiplier=None)),))
    with pytest.raises(InvalidRequest, match="noise_multiplier"):
        study_from_bytes(broken.to_bytes())


def test_mode_dp_adds_noise_in_the_sum_instead(federation: Federation) -> None:
    asked = study(mode="dp", epsilon=8.0, delta=1e-6, analyses=(Analysis("net", NETWORK),))
    with pytest.raises(CohortiumError, match="'plain' or 'secure'"):
        simulate(asked, federation.tables)


def test_a_simulated_study_has_the_budget_that_it_needs(federation: Federation) -> None:
    asked = study(analyses=(Analysis("net", NETWORK), Analysis("again", NETWORK)))
    assert set(simulate(asked, federation.tables)) == {"net", "again"}
