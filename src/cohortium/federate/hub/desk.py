"""The hub's desk: takes studies, conducts them side by side, and takes up again what an interruption left."""

from __future__ import annotations

import platform
import secrets
import threading
from typing import Any

import cohortium
from cohortium.federate.hub.airlock import in_words
from cohortium.federate.hub.conductor import Conductor
from cohortium.federate.hub.store import CANCELLED, ENDED, FAILED, QUEUED, RUNNING, WAITING, HubStore, Run
from cohortium.federate.study import Study

MOST_AT_ONCE = 8


class HubDesk:
    """Studies in, runs under way, and their records."""

    def __init__(self, store: HubStore, conductor: Conductor) -> None:
        self.store, self.conductor = store, conductor
        self._threads: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()

    def submit(self, study: Study, token: str) -> Run:
        """Enter a study and begin it; the same token again gives the run that it began."""
        run = self.store.submit(secrets.token_hex(6), study, token)
        self._begin(run.run)
        return run

    def resume(self) -> list[Run]:
        """Take up what was under way when the hub ended, and tell sites what was over by then."""
        self.conductor.farewells.tell()
        found = self.store.runs(QUEUED, WAITING, RUNNING)
        for run in found:
            self.store.record(run.run, "resumed", {})
            self._begin(run.run)
        return found

    def cancel(self, run: str) -> None:
        """End a run at its next question; one that nobody conducts ends at once."""
        self.conductor.cancel(run)
        with self._lock:
            thread = self._threads.get(run)
        if thread is None or not thread.is_alive():
            self.store.set_status(run, CANCELLED, "cancelled")
            self.conductor.close(run)

    def wait(self, run: str, timeout_s: float | None = None) -> Run:
        """The run when it has ended, or when the time is over."""
        with self._lock:
            thread = self._threads.get(run)
        if thread is not None:
            thread.join(timeout_s)
        return self.store.run(run)

    def record(self, run: str) -> dict[str, Any]:
        """What somebody needs who wants to repeat or check the run."""
        found = self.store.run(run)
        return {
            "run": run,
            "study": found.study.to_plain(),
            "study_digest": found.study.digest,
            "status": found.status,
            "said": found.said,
            "error": found.error,
            "submitted": found.submitted,
            "roster": found.facts.get("roster", []),
            "schema": found.facts.get("schema"),
            "results": {name: result.digest for name, result in self.store.released_results(run).items()},
            "held": {one.analysis: in_words(one) for one in self.store.held(run) if one.decided != "released"},
            "events": [
                {"number": number, "at": at, "what": what, **detail}
                for number, at, what, detail in self.store.events(run)
            ],
            "cohortium": cohortium.__version__,
            "python": platform.python_version(),
        }

    def _begin(self, run: str) -> None:
        """Conduct the run, or leave it queued while as many as the hub takes at once are under way."""
        with self._lock:
            self._threads = {name: thread for name, thread in self._threads.items() if thread.is_alive()}
            is_full = len(self._threads) >= MOST_AT_ONCE
            if is_full or run in self._threads or self.store.run(run).status in ENDED:
                return
            thread = threading.Thread(target=self._conduct, args=(run,), name=f"run {run}", daemon=True)
            self._threads[run] = thread
            thread.start()

    def _conduct(self, run: str) -> None:
        """Take one run to its end, then those that waited for their turn."""
        has_ended = False
        try:
            self.conductor.conduct(run)
            has_ended = True
        finally:
            if not has_ended:  # an error of the program, which the log shows: the run must not seem to go on
                self.store.set_status(run, FAILED, "The hub could not go on; its log says why.")
                self.conductor.close(run)
        with self._lock:
            self._threads.pop(run, None)
        for left in self.store.runs(QUEUED, WAITING, RUNNING):
            self._begin(left.run)
