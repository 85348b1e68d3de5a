"""The hub's desk: a run never seems to go on when nobody conducts it any more."""

from __future__ import annotations

import threading

import pytest
from tests.unit.federate.conftest import Federation, study

from cohortium.federate.hub.conductor import Conductor
from cohortium.federate.hub.desk import HubDesk
from cohortium.federate.hub.store import FAILED


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_of_the_program_ends_the_run(federation: Federation, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_conductor: Conductor, _run: str) -> None:
        raise TypeError("a setting of the wrong type")

    monkeypatch.setattr(Conductor, "conduct", breaks)
    desk = HubDesk(federation.hub, Conductor(federation.channel, federation.hub))
    run = desk.submit(study(), "token").run
    for thread in threading.enumerate():
        if thread.name == f"run {run}":
            thread.join(10)  # it ends with the error, which pytest must see before the test ends
    ended = federation.hub.run(run)
    assert ended.status == FAILED and "log" in ended.said
