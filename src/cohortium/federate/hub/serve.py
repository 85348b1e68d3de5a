"""``cohortium hub start``: FLARE's server and the hub's own service, in one folder, until it is told to stop."""

from __future__ import annotations

import logging
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from cohortium.errors import CohortiumError, InvalidRequest
from cohortium.federate.channel import Channel
from cohortium.federate.engine.certificates import Authority, pem
from cohortium.federate.engine.flare.channel import FlareChannel
from cohortium.federate.engine.flare.kits import server_command, server_kit
from cohortium.federate.engine.supervise import Child
from cohortium.federate.hub.airlock import load_airlock
from cohortium.federate.hub.conductor import Conductor
from cohortium.federate.hub.desk import HubDesk
from cohortium.federate.hub.home import HubHome, open_hub
from cohortium.federate.hub.invitations import Invitations
from cohortium.federate.hub.permits import PermitRounds
from cohortium.federate.hub.proofs import Watching
from cohortium.federate.hub.service import service
from cohortium.federate.hub.store import HubStore
from cohortium.federate.node.supervisor import PULSE_S, Stop, hold
from cohortium.federate.parts import InParts
from cohortium.govern.ledger.book import Ledger
from cohortium.govern.permits.register import Register

FREE_S = 10.0
"""Seconds for which a port is waited for: one hub has ended, and the processes that it started have not yet."""
LOOK_S = 5.0
"""Between two looks at whether the ledger has grown, so that the sites must see it."""
TELL_S = 60.0
"""Between two times at which sites that were away are told which runs are over."""


@dataclass(frozen=True, slots=True)
class Running:
    """The parts of a hub that runs; ``app`` is its service, to which more may be added before it starts."""

    home: HubHome
    app: FastAPI
    store: HubStore
    register: Register
    ledger: Ledger
    channel: Channel
    invitations: Invitations


def run(home: HubHome, stop: Stop, extend: Callable[[Running], None] = lambda _running: None) -> None:
    """Until ``stop``: FLARE's server as a child process, the service in a thread, and the studies under way."""
    with hold(home.lock):
        for port in (home.port, home.api_port):
            must_be_free(port)
        authority = pem(Authority(home.authority).certificate)
        certificate = home.certificate.read_bytes()
        server_kit(
            home.kit, port=home.port, key=home.key, certificate=certificate, authority=authority, socket=home.socket
        )
        flare = Child("flare", server_command(home.kit), home.logs / "flare.log")
        channel, store = InParts(FlareChannel(home.socket)), HubStore(home.database)
        invitations = Invitations(home.database)
        ledger = Ledger(home.folder, f"hub/{home.federation}", store.database)
        airlock = load_airlock(home.folder)
        register = Register(store.database, ledger.name, ledger.identity, store.clock)
        watching, permits = Watching(channel, store, ledger), PermitRounds(channel, register, ledger)
        desk = HubDesk(store, Conductor(channel, store, enrolled=invitations.nodes, permits=permits, airlock=airlock))
        app = service(home, desk, invitations, channel, ledger, register)
        extend(Running(home, app, store, register, ledger, channel, invitations))
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                host="127.0.0.1" if home.is_loopback else "0.0.0.0",  # noqa: S104 - the operator named a host
                port=home.api_port,
                ssl_keyfile=home.key,
                ssl_certfile=home.certificate,
                log_level="warning",
                access_log=False,
            )
        )
        thread = threading.Thread(target=server.run, daemon=True)
        try:
            flare.start()
            thread.start()
            desk.resume()
            ledger.recorder.start()
            told = looked = time.monotonic()
            while not stop.asked:
                flare.keep_running()
                if time.monotonic() - looked > LOOK_S:
                    watching.look()
                    permits.look()
                    looked = time.monotonic()
                if time.monotonic() - told > TELL_S:
                    desk.conductor.farewells.tell()
                    told = time.monotonic()
                time.sleep(PULSE_S)
        finally:
            server.should_exit = True
            thread.join(5.0)
            flare.stop()
            ledger.recorder.stop()


def must_be_free(port: int, within_s: float = FREE_S) -> None:
    """Wait for a port that an earlier hub may still hold: without it a hub would run and answer nobody.

    Raises : InvalidRequest where another program goes on listening there.
    """
    deadline = time.monotonic() + within_s
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                return probe.bind(("", port))
            except OSError as error:
                if time.monotonic() > deadline:
                    raise InvalidRequest(
                        f"Port {port} cannot be used: {error.strerror}. End the program that listens there, or name "
                        "another port in hub.toml; nodes that have enrolled know the earlier one."
                    ) from error
        time.sleep(PULSE_S)


def main(extend: Callable[[Running], None] = lambda _running: None) -> None:
    """``python -m cohortium.federate.hub.serve FOLDER``."""
    logging.basicConfig(level=logging.WARNING)
    stop = Stop()
    try:
        run(open_hub(Path(sys.argv[1])), stop, extend)
    except CohortiumError as error:
        sys.stderr.write(f"cohortium: {error}\n")
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
