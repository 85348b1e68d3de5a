"""``cohortium hub start``: FLARE's server and the hub's own service, in one folder, until it is told to stop."""

from __future__ import annotations

import logging
import sys
import threading
import time
from pathlib import Path

import uvicorn

from cohortium.errors import CohortiumError
from cohortium.federate.engine.certificates import Authority, pem
from cohortium.federate.engine.flare.channel import FlareChannel
from cohortium.federate.engine.flare.kits import server_command, server_kit
from cohortium.federate.engine.supervise import Child
from cohortium.federate.hub.conductor import Conductor
from cohortium.federate.hub.desk import HubDesk
from cohortium.federate.hub.home import HubHome, open_hub
from cohortium.federate.hub.invitations import Invitations
from cohortium.federate.hub.service import service
from cohortium.federate.hub.store import HubStore
from cohortium.federate.node.supervisor import PULSE_S, Stop, hold


def run(home: HubHome, stop: Stop) -> None:
    """Until ``stop``: FLARE's server as a child process, the service in a thread, and the studies under way."""
    with hold(home.lock):
        authority = pem(Authority(home.authority).certificate)
        certificate = home.certificate.read_bytes()
        server_kit(
            home.kit, port=home.port, key=home.key, certificate=certificate, authority=authority, socket=home.socket
        )
        flare = Child("flare", server_command(home.kit), home.logs / "flare.log")
        channel, store = FlareChannel(home.socket), HubStore(home.database)
        invitations = Invitations(home.database)
        desk = HubDesk(store, Conductor(channel, store, enrolled=invitations.nodes))
        app = service(home, desk, invitations, channel)
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
            while not stop.asked:
                flare.keep_running()
                time.sleep(PULSE_S)
        finally:
            server.should_exit = True
            thread.join(5.0)
            flare.stop()


def main() -> None:
    """``python -m cohortium.federate.hub.serve FOLDER``."""
    logging.basicConfig(level=logging.WARNING)
    stop = Stop()
    try:
        run(open_hub(Path(sys.argv[1])), stop)
    except CohortiumError as error:
        sys.stderr.write(f"cohortium: {error}\n")
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
