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
from cohortium.federate.node.decisions import APPROVED
from cohortium.federate.node.desk import Desk
from cohortium.federate.node.secure_site import SecureSite
from cohortium.federate.node.store import NodeStore
from cohortium.federate.parts import AtSite, InParts
from cohortium.federate.study import Study
from cohortium.privacy.accounting import rho_of
from cohortium.privacy.disclosure import DisclosureRules
from cohortium.privacy.ledger import Account
from cohortium.records import Column, Kind, Result, Schema, Table
from cohortium.records.images import column_of_pixels


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
            budget = study.least_rho
            if study.epsilon is not None and study.delta is not None:
                budget = Fraction(rho_of(study.epsilon, study.delta))
            if budget > 0:
                desk.guard.ledger.grant(Account("dataset", study.dataset), budget, by="simulation")
            desks[name] = AtSite(desk.answer).answer
        store = HubStore(home / "hub.db")
        run = store.submit(secrets.token_hex(6), study, "simulation").run
        conductor = Conductor(InParts(InProcess(desks)), store, sleep=lambda _s: None, rules=rules)
        ended = conductor.conduct(run)
        conductor.settle()
        if ended.status != DONE:
            raise CohortiumError(ended.said)
        return store.results(run)


def rehearse(
    study: Study, twins: Mapping[str, Table], *, images: Mapping[str, tuple[int, int, int]] | None = None
) -> dict[str, Result]:
    """Run the study on synthetic twins of the sites, with the same code; errors name the line: no patient is here.

    A faulty algorithm raises here as it is, which real sites never show to strangers.
    images : columns of images and their height, width and channels; twins have none, so they are filled with noise.
    """
    rng = np.random.default_rng(0)
    return simulate(study, {name: _with_noise(twin, images or {}, rng) for name, twin in twins.items()})


def _with_noise(twin: Table, images: Mapping[str, tuple[int, int, int]], rng: np.random.Generator) -> Table:
    """``twin`` with columns of images that it lacks, every pixel drawn from all 256 values."""
    arrow, columns = twin.arrow, list(twin.schema.columns)
    for name, shape in images.items():
        if name not in twin.schema:
            columns.append(Column(name, Kind.IMAGE, shape=shape))
            noise = rng.integers(0, 256, (len(twin), *shape), dtype=np.uint8)
            arrow = arrow.append_column(name, column_of_pixels(noise))
    return Table(arrow, Schema(tuple(columns), twin.schema.constraints, twin.schema.title))
