"""Sites in this process: desks with made patients, and a hub that conducts over them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from tests.conformance.examples.example import patients

from cohortium.analyse import Describe
from cohortium.federate import Analysis, InProcess, Study
from cohortium.federate.hub.conductor import Conductor
from cohortium.federate.hub.store import HubStore, Run
from cohortium.federate.node.decisions import APPROVED
from cohortium.federate.node.desk import Desk
from cohortium.federate.node.secure_site import SecureSite
from cohortium.federate.node.store import NodeStore
from cohortium.records import Table

SITES = ("north", "south", "west")


class Federation:
    """Three desks, a hub, and a channel between them that a test may disturb."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.table = patients(900)
        order = np.random.default_rng(3).permutation(900)
        parts = (order[:150], order[150:450], order[450:])
        self.tables: dict[str, Table] = {site: self.table.take(part) for site, part in zip(SITES, parts, strict=True)}
        self.stores = {site: NodeStore(home / site / "node.db") for site in SITES}
        self.secure = {site: SecureSite.simulated(site, self.stores[site]) for site in SITES}
        self.desks = {site: self.desk(site) for site in SITES}
        self.hub = HubStore(home / "hub.db")
        self.channel = InProcess({site: self._answering(site) for site in SITES})

    def add(self, site: str, table: Table) -> None:
        """One more site."""
        self.tables[site] = table
        self.stores[site] = NodeStore(self.home / site / "node.db")
        self.secure[site] = SecureSite.simulated(site, self.stores[site])
        self.desks[site] = self.desk(site)
        self.channel.desks[site] = self._answering(site)

    def desk(self, site: str) -> Desk:
        """A fresh desk on the site's memory, as after a restart."""
        return Desk(site, self.home / site, self.stores[site], self.secure[site], tables={"trial": self.tables[site]})

    def restarted(self, site: str) -> SecureSite:
        """The site's part in secure sums after a restart: the same identity, no session."""
        old = self.secure[site]
        return SecureSite(site, old.identity, old.credential, None, self.stores[site])

    def _answering(self, site: str) -> Callable[[bytes], bytes]:
        def answer(data: bytes) -> bytes:
            return self.desks[site].answer(data)  # whichever desk the site has by then

        return answer

    def conductor(self, channel: object | None = None, decision_s: float = 50.0) -> Conductor:
        """A conductor that does not sleep; time passes one second per look at the clock."""
        ticks = iter(range(10_000_000))
        return Conductor(
            channel or self.channel,  # type: ignore[arg-type]
            self.hub,
            sleep=lambda _s: None,
            clock=lambda: float(next(ticks)),
            decision_s=decision_s,
        )

    def approve_everywhere(self, study: Study) -> None:
        """The stewards receive and approve the study."""
        for site, store in self.stores.items():
            store.receive(study, ("describe",))
            store.decide(study.digest, APPROVED, f"steward of {site}")

    def run(self, study: Study, name: str = "run1") -> Run:
        """Submit and conduct."""
        self.hub.submit(name, study, f"token of {name}")
        return self.conductor().conduct(name)


class Disturbed:
    """A channel in front of another; ``fault`` sees each question and may swallow it (None) or change the answer."""

    def __init__(self, inner: InProcess, fault: Callable[[str, bytes], bytes | None]) -> None:
        self.inner, self.fault = inner, fault

    def sites(self) -> tuple[str, ...]:
        return self.inner.sites()

    def ask(self, requests: Mapping[str, bytes], timeout_s: float) -> dict[str, bytes | None]:
        del timeout_s
        return {site: self.fault(site, data) for site, data in requests.items()}


def study(**changes: object) -> Study:
    """A description of two columns; in plain mode unless told otherwise."""
    settings: dict[str, object] = {"title": "Who they are", "dataset": "trial", "mode": "plain", "researcher": "ada"}
    settings["analyses"] = (Analysis("who", Describe(("age", "stage"))),)
    return Study(**{**settings, **changes})  # type: ignore[arg-type]


@pytest.fixture
def federation(tmp_path: Path) -> Federation:
    return Federation(tmp_path)
