"""Studies without a network: the same desks, messages and conductor, in one process."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path

import numpy as np

from cohortium.errors import CohortiumError
from cohortium.federate.channel import InProcess
from cohortium.federate.hub.conductor import Conductor
from cohortium.federate.hub.store import DONE, HubStore
from cohortium.federate.node.desk import Desk
from cohortium.federate.node.secure_site import SecureSite
from cohortium.federate.node.store import APPROVED, NodeStore
from cohortium.federate.study import Study
from cohortium.privacy.accounting import rho_of
from cohortium.privacy.disclosure import DisclosureRules
from cohortium.privacy.ledger import Account
from cohortium.records import Result, Table


class Approving(Desk):
    """The desk of a simulated site: its steward approves whatever comes. No real node uses it."""

    def answer(self, data: bytes) -> bytes:
        """Approve what is pending, then answer."""
        for found in self.store.studies():
            if found.decision != APPROVED:
                self.store.decide(found.digest, APPROVED, "simulation")
        return super().answer(data)


def simulate(study: Study, sites: Mapping[str, Table], *, rules: DisclosureRules | None = None) -> dict[str, Result]:
    """The results of ``study`` over ``sites`` (name -> records), as real nodes would give them.

    rules  : disclosure rules of every site and of the hub; those that ship with Cohortium where None.
    Raises : CohortiumError with the message that a hub would show.
    """
    with tempfile.TemporaryDirectory(prefix="cohortium-") as folder:
        home = Path(folder)
        desks: dict[str, Callable[[bytes], bytes]] = {}
        for name, table in sites.items():
            memory = NodeStore(home / name / "node.db")
            secure = SecureSite.simulated(name, memory)
            desk = Approving(name, home / name, memory, secure, tables={study.dataset: table})
            desk.guard.rules = rules or desk.guard.rules
            if study.epsilon is not None and study.delta is not None:
                budget = Fraction(rho_of(study.epsilon, study.delta))
                desk.guard.ledger.grant(Account("dataset", study.dataset), budget, by="simulation")
            desks[name] = desk.answer
        store = HubStore(home / "hub.db")
        run = store.submit(secrets.token_hex(6), study, "simulation").run
        conductor = Conductor(InProcess(desks), store, sleep=lambda _s: None, rules=rules)
        ended = conductor.conduct(run)
        conductor.settle()
        if ended.status != DONE:
            raise CohortiumError(ended.said)
        return store.results(run)


def rehearse(study: Study, twins: Mapping[str, Table]) -> dict[str, Result]:
    """Run the study on synthetic twins of the sites, with the same code; errors name the line: no patient is here.

    A faulty algorithm raises here as it is, which real sites never show to strangers.
    """
    return simulate(study, {name: twin.take(np.arange(len(twin))) for name, twin in twins.items()})
