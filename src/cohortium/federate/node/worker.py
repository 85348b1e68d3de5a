"""The worker of a node: answers what comes over the local socket, and ends when nothing has come for a while."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from cohortium.errors import ProtocolViolation
from cohortium.federate.engine import frames
from cohortium.federate.node.desk import Desk
from cohortium.federate.node.home import open_node
from cohortium.federate.node.secure_site import SecureSite
from cohortium.federate.node.store import NodeStore
from cohortium.federate.parts import AtSite
from cohortium.govern.ledger.book import Ledger

IDLE_S = 120.0
"""Seconds without a question after which the worker ends and gives its memory back."""


class Worker:
    """Serves a desk on a socket that listens."""

    def __init__(self, desk: Desk, listener: socket.socket, idle_s: float = IDLE_S) -> None:
        self.answer, self.listener, self.idle_s = AtSite(desk.answer).answer, listener, idle_s
        self.busy = 0
        self.last = time.monotonic()
        self._lock = threading.Lock()

    def run(self) -> None:
        """Until nobody has asked anything for a while."""
        self.listener.settimeout(1.0)
        while not self._is_idle():
            try:
                link, _ = self.listener.accept()
            except TimeoutError:
                continue
            link.settimeout(None)
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link: socket.socket) -> None:
        with link, suppress(OSError, ProtocolViolation):
            while (got := frames.receive(link)) is not None:
                with self._lock:
                    self.busy += 1
                try:
                    answer = self.answer(got[1][0])
                finally:
                    with self._lock:
                        self.busy -= 1
                        self.last = time.monotonic()
                frames.send(link, {}, [answer])

    def _is_idle(self) -> bool:
        with self._lock:
            return self.busy == 0 and time.monotonic() - self.last > self.idle_s


def main() -> None:
    """``python -m cohortium.federate.node.worker FOLDER DESCRIPTOR``: the supervisor starts it and owns the socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the supervisor ends us
    home = open_node(Path(sys.argv[1]))
    with socket.socket(fileno=os.dup(int(sys.argv[2]))) as listener:
        store = NodeStore(home.database)
        secure = SecureSite.of_home(home.site, home.folder, store)
        ledger = Ledger(home.folder, f"node/{home.site}", store.database)
        desk = Desk(home.site, home.folder, store, secure, ledger=ledger)
        desk.tidy()
        ledger.recorder.start()
        try:
            Worker(desk, listener).run()
        finally:
            desk.close()
            ledger.recorder.stop()
            ledger.recorder.tidy()


if __name__ == "__main__":
    main()
