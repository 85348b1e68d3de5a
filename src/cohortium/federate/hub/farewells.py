"""Tells the sites that were offered a study that its run is over; a site that is away is told when it is back."""

from __future__ import annotations

import logging
import threading

from cohortium.errors import TargetUnwritable
from cohortium.federate.channel import Channel
from cohortium.federate.hub.replies import has_heard
from cohortium.federate.hub.store import QUEUED, RUNNING, WAITING, HubStore, Run
from cohortium.federate.messages import Request

WAIT_S = 8.0
_log = logging.getLogger(__name__)


class Farewells:
    """What is to be told stands in the hub's store, so that a hub that is started again goes on with it."""

    def __init__(self, channel: Channel, store: HubStore) -> None:
        self.channel, self.store = channel, store
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def tell(self, run: str | None = None) -> None:
        """Tell of a run, or of every one that is over, without waiting for the sites."""
        thread = threading.Thread(target=self._tell, args=(run,), daemon=True)
        thread.start()
        with self._lock:
            self._threads = [*(one for one in self._threads if one.is_alive()), thread]

    def settle(self) -> None:
        """Wait until those that are connected have been told."""
        for thread in self._threads:
            thread.join(WAIT_S)

    def _tell(self, only: str | None) -> None:
        try:
            for run, sites in self.store.untold().items():
                if only in (None, run):
                    self._tell_one(self.store.run(run), sites)
        except TargetUnwritable as error:
            _log.warning("Sites are told later that runs are over: %s", error)

    def _tell_one(self, run: Run, sites: tuple[str, ...]) -> None:
        """A site that still waits for a decision forgets about the study, unless another run asks for the same one."""
        others = self.store.runs(QUEUED, WAITING, RUNNING)
        is_asked_for = any(other.study.digest == run.study.digest for other in others)
        facts = {} if is_asked_for else {"study": run.study.digest, "ended": run.status}
        request = Request("close", run.run, facts).to_bytes()
        connected = set(self.channel.sites())
        raw = self.channel.ask({site: request for site in sites if site in connected}, WAIT_S)
        self.store.told(run.run, [site for site, data in raw.items() if data is not None and has_heard(data)])
