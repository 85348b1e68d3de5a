"""``cohortium node start``: keeps FLARE's client running and starts the worker when it is asked for.

This process and FLARE's client are all that runs while nobody asks anything; the worker, with everything that reads and
computes, starts at the first question and ends when none has come for a while. Imports nothing heavy.
"""

from __future__ import annotations

import fcntl
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import IO

from cohortium.errors import InvalidRequest
from cohortium.federate.engine.flare.kits import site_command, site_kit
from cohortium.federate.engine.supervise import Child
from cohortium.federate.node.home import NodeHome, open_node

PULSE_S = 0.25


class Stop:
    """Set by SIGTERM and SIGINT."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.asked = True


def hold(path: Path) -> IO[bytes]:
    """The lock of a folder, as long as the file stays open; the kernel lets go of it when the process ends.

    Raises : InvalidRequest where another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    stream = path.open("ab")
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        stream.close()
        raise InvalidRequest(f"It is running already: another process holds {path}.") from error
    return stream


def listen(path: Path) -> socket.socket:
    """A local socket that listens; connections wait in it while no worker runs."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen(64)
    return listener


def run(home: NodeHome, stop: Callable[[], bool]) -> None:
    """Until ``stop``: FLARE's client always, the worker when somebody knocks."""
    with hold(home.lock), listen(home.socket) as listener:
        site_kit(
            home.kit, site=home.site, hub=home.hub, server_name=home.server_name, key=home.key,
            certificate=home.certificate.read_bytes(), authority=home.authority.read_bytes(), socket=home.socket,
        )  # fmt: skip
        flare = Child("flare", site_command(home.kit, home.site), home.logs / "flare.log")
        module = "cohortium.federate.node.worker"
        command = [sys.executable, "-m", module, str(home.folder), str(listener.fileno())]
        worker = Child("worker", command, home.logs / "worker.log", pass_fds=(listener.fileno(),))
        try:
            while not stop():
                flare.keep_running()
                if worker.is_running():
                    time.sleep(PULSE_S)
                elif select.select([listener], [], [], PULSE_S)[0]:
                    worker.keep_running()
        finally:
            for child in (flare, worker):
                child.stop()


def main() -> None:
    """``python -m cohortium.federate.node.supervisor FOLDER``."""
    stop = Stop()
    try:
        run(open_node(Path(sys.argv[1])), lambda: stop.asked)
    except (InvalidRequest, OSError) as error:
        sys.stderr.write(f"cohortium: {error}\n")
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
