"""A whole federation on this machine, in real processes: for the demo, tests and benchmarks."""

from __future__ import annotations

import shutil
import socket
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cohortium.errors import SiteUnavailable
from cohortium.federate.client import HubClient, enrol
from cohortium.federate.engine.certificates import Authority, fingerprint
from cohortium.federate.engine.supervise import Child
from cohortium.federate.hub.home import HubHome, make_hub
from cohortium.federate.hub.invitations import Invitations, Token
from cohortium.federate.node.datasets import Dataset, publish
from cohortium.federate.node.decisions import Rule
from cohortium.federate.node.store import NodeStore

READY_S = 60.0


class LocalFederation:
    """Hub and nodes in ``folder``, on loopback; ended, with everything that they started, when the block ends.

    sources : site -> file with its records.
    rules   : standing rules that every steward has made; studies that they do not cover wait for a decision.
    """

    def __init__(self, folder: Path, sources: Mapping[str, Path], dataset: str, rules: tuple[Rule, ...] = ()) -> None:
        self.folder, self.sources, self.dataset, self.rules = folder, dict(sources), dataset, rules
        self.children: dict[str, Child] = {}
        self.clients: list[HubClient] = []
        self.home: HubHome

    def __enter__(self) -> Self:
        port, api_port = free_ports(2)
        self.home = make_hub(self.folder / "hub", "Local federation", "localhost", port, api_port)
        try:
            self.start_hub()
            for site, source in self.sources.items():
                self._join(site, source)
            for site in self.sources:
                self.start_node(site)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start_hub(self) -> None:
        """Start the hub, and wait until its service answers."""
        self._start("hub", "cohortium.serve.web.hub_process", self.home.folder)
        token = self._token("nobody", "")
        _until(lambda: _answers(token), READY_S, "The hub did not come up; its log is in " + str(self.folder))

    def start_node(self, site: str) -> None:
        """Start a node's supervisor."""
        self._start(site, "cohortium.federate.node.supervisor", self.node(site))

    def node(self, site: str) -> Path:
        """The folder of a node."""
        return self.folder / site

    def store(self, site: str) -> NodeStore:
        """The memory of a node, as its steward uses it."""
        return NodeStore(self.node(site) / "node.db")

    def researcher(self, name: str = "researcher") -> HubClient:
        """A client for a researcher of that name."""
        client = HubClient.of(self._token(name, Invitations(self.home.database).invite_researcher(name)))
        self.clients.append(client)
        return client

    def wait_until_connected(self, client: HubClient, sites: tuple[str, ...] = (), within_s: float = READY_S) -> None:
        """Until these nodes (all where none is named) are connected; raises SiteUnavailable."""
        wanted = set(sites or self.sources)

        def connected() -> bool:
            found: dict[str, Any] = client.get("/status")
            return wanted <= {site for site, there in found["sites"].items() if there == "connected"}

        _until(connected, within_s, f"Not all of {sorted(wanted)} connected within {within_s:g} s")

    def stop(self) -> None:
        """End every process, nodes first."""
        for client in self.clients:
            client.close()
        for name in sorted(self.children, key=lambda name: name == "hub"):
            self.children[name].stop()

    def _start(self, name: str, module: str, home: Path) -> None:
        child = Child(name, [sys.executable, "-m", module, str(home)], self.folder / f"{name}.log")
        child.start()
        self.children[name] = child

    def _join(self, site: str, source: Path) -> None:
        secret = Invitations(self.home.database).invite_node(site)
        enrol(self._token(site, secret), self.node(site))
        publish(self.node(site), Dataset(self.dataset, str(source.resolve())))
        for rule in self.rules:
            self.store(site).add_rule(rule, "steward")

    def _token(self, name: str, secret: str) -> str:
        authority = fingerprint(Authority(self.home.authority).certificate)
        return Token(self.home.url, authority, name, secret).to_text()


def free_ports(count: int) -> list[int]:
    """Loopback ports that nobody listens at now."""
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in held]
    finally:
        for one in held:
            one.close()


def clear(folder: Path) -> None:
    """Remove what an earlier federation left in ``folder``."""
    shutil.rmtree(folder, ignore_errors=True)


def _answers(token: str) -> bool:
    try:
        HubClient.of(token).close()
    except SiteUnavailable:
        return False
    return True


def _until(holds: Callable[[], bool], within_s: float, otherwise: str) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            raise SiteUnavailable(otherwise)
        time.sleep(0.1)
