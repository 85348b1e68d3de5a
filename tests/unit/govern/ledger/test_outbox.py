"""Events reach the log whole, once and in order, whatever happens on the way."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

pytest.importorskip("rfc8785", reason="the extra 'govern' is not installed")

from cohortium.crypto.keys import Identity
from cohortium.errors import ProtocolViolation, TargetUnwritable
from cohortium.govern.ledger.canonical import parsed
from cohortium.govern.ledger.log import Log
from cohortium.govern.ledger.outbox import OUTBOX, Recorder, enter
from cohortium.privacy.database import Database


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    Identity.generate().save(tmp_path / "key")
    return recorder_in(tmp_path)


def recorder_in(folder: Path) -> Recorder:
    log = Log(folder / "ledger", "site.example/ledger", Identity.load(folder / "key"))
    return Recorder(Database(folder / "database", OUTBOX), log)


def write(recorder: Recorder, *names: str) -> None:
    with recorder.database.transaction() as database:
        for name in names:
            enter(database, {"event": name, "at": "2026-01-01T00:00:00+00:00"})


def names(log: Log) -> list[str]:
    return [parsed(entry)["event"] for entry in log.tiles().entries()]


def test_events_come_in_order_and_once(recorder: Recorder) -> None:
    write(recorder, "first", "second")
    assert recorder.settle() == 2
    assert recorder.settle() == 2
    write(recorder, "third")
    assert recorder.settle() == 3
    assert names(recorder.log) == ["first", "second", "third"]


def test_what_is_rolled_back_leaves_no_event_and_no_gap(recorder: Recorder) -> None:
    with pytest.raises(KeyError), recorder.database.transaction() as database:
        enter(database, {"event": "never", "at": "2026-01-01T00:00:00+00:00"})
        raise KeyError
    write(recorder, "first")
    recorder.settle()
    assert names(recorder.log) == ["first"]


def test_what_waited_at_a_crash_is_entered_later(recorder: Recorder, tmp_path: Path) -> None:
    write(recorder, "first")
    again = recorder_in(tmp_path)
    again.settle()
    assert names(again.log) == ["first"]


def test_numbers_go_on_after_tidying(recorder: Recorder) -> None:
    write(recorder, "first", "second")
    recorder.settle()
    recorder.tidy()
    write(recorder, "third")
    recorder.settle()
    assert names(recorder.log) == ["first", "second", "third"]


def test_a_database_that_was_set_back_is_noticed(recorder: Recorder, tmp_path: Path) -> None:
    write(recorder, "first", "second")
    recorder.settle()
    with recorder.database.transaction() as database:
        database.execute("DELETE FROM ledger_outbox WHERE place = 1")
    with pytest.raises(ProtocolViolation, match="set back"):
        recorder.settle()


def test_a_log_that_was_set_back_is_noticed_after_tidying(recorder: Recorder, tmp_path: Path) -> None:
    write(recorder, "first", "second", "third")
    recorder.settle()
    recorder.tidy()
    fresh = Log(tmp_path / "another", "site.example/ledger", Identity.load(tmp_path / "key"))
    with pytest.raises(ProtocolViolation, match="set back"):
        Recorder(recorder.database, fresh).settle()


def test_the_background_goes_on_after_a_full_disk(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    write(recorder, "first")
    append, done, times = recorder.log.append_from, threading.Event(), [0]

    def first_full(waiting: Callable[[int], Sequence[bytes]]) -> range:
        times[0] += 1
        if times[0] == 1:
            raise TargetUnwritable("full")
        found = append(waiting)
        done.set()
        return found

    monkeypatch.setattr(recorder.log, "append_from", first_full)
    recorder.start(every_s=0.01)
    assert done.wait(20)
    assert names(recorder.log) == ["first"]
    recorder.stop()
    assert recorder.fault is None


def test_processes_settle_side_by_side(recorder: Recorder, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_write_some, args=(tmp_path, name)) for name in "ab"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    recorder.settle()
    assert sorted(names(recorder.log)) == sorted([f"{name}{number}" for name in "ab" for number in range(15)])


def _write_some(folder: Path, name: str) -> None:
    recorder = recorder_in(folder)
    for number in range(15):
        write(recorder, f"{name}{number}")
        recorder.settle()
