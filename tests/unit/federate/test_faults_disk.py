"""A disk that is full at a node or the hub: said clearly, nothing half-written; it goes on when there is space."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.test_algorithms import assert_same_answer
from tests.unit.federate.conftest import Disturbed, Federation, study

from cohortium.analyse import pooled
from cohortium.crypto.keys import Identity
from cohortium.errors import TargetUnwritable
from cohortium.federate.engine.certificates import load_key, new_key
from cohortium.federate.hub.store import DONE, FAILED, HubStore
from cohortium.federate.messages import Reply, Request
from cohortium.privacy.database import Database

ASKED = {"plain": ("offer", "step"), "secure": ("offer", "deal", "share", "masked", "unmask")}


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process can grow: the kernel refuses every write, without a small disk and without root."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def few_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every SQLite file has room for 6 pages of 4 kB: SQLite itself says that it is full."""
    connect = sqlite3.connect

    def small(*given: Any, **named: Any) -> sqlite3.Connection:
        database = connect(*given, **named)
        database.execute("PRAGMA max_page_count=6")
        return database

    monkeypatch.setattr(sqlite3, "connect", small)


def _fill(database: Database, size: int) -> None:
    with database.transaction() as inside:
        inside.execute("INSERT INTO notes VALUES (?)", ("first",))
        inside.execute("INSERT INTO notes VALUES (?)", ("x" * size,))


def _notes(database: Database) -> list[str]:
    with database.reading() as inside:
        return [note for (note,) in inside.execute("SELECT note FROM notes")]


def test_a_write_without_space_is_undone_as_a_whole_and_says_why(tmp_path: Path, few_pages: None) -> None:
    database = Database(tmp_path / "some.db", "CREATE TABLE IF NOT EXISTS notes (note TEXT)")
    with pytest.raises(TargetUnwritable, match=r"some\.db cannot be written: database or disk is full"):
        _fill(database, 100_000)
    assert _notes(database) == []
    _fill(database, 10)
    assert _notes(database) == ["first", "x" * 10]


def test_the_same_where_the_kernel_refuses(tmp_path: Path) -> None:
    database = Database(tmp_path / "some.db", "CREATE TABLE IF NOT EXISTS notes (note TEXT)")
    with full_disk(), pytest.raises(TargetUnwritable, match=r"some\.db cannot be written"):
        _fill(database, 10)
    with full_disk(), pytest.raises(TargetUnwritable, match=r"other\.db cannot be written"):
        Database(tmp_path / "other.db", "CREATE TABLE IF NOT EXISTS notes (note TEXT)")
    assert _notes(database) == []
    with database.reading() as inside:
        assert inside.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    _fill(database, 10)
    assert len(_notes(database)) == 2


def test_other_faults_of_a_database_are_not_taken_for_a_full_disk(tmp_path: Path) -> None:
    database = Database(tmp_path / "some.db", "")
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        _notes(database)


@pytest.mark.parametrize(("mode", "topic"), [(mode, topic) for mode, topics in ASKED.items() for topic in topics])
def test_a_node_without_space_is_asked_again(federation: Federation, mode: str, topic: str) -> None:
    asked = study(mode=mode)
    federation.approve_everywhere(asked)
    refused: list[str] = []

    def fault(site: str, data: bytes) -> bytes:
        if site == "west" and Request.from_bytes(data).topic == topic and len(refused) < 3:
            with full_disk():
                answer = federation.desks[site].answer(data)
            refused.append(Reply.from_bytes(answer).error)
            return answer
        return federation.desks[site].answer(data)

    federation.hub.submit("run1", asked, "t")
    ended = federation.conductor(Disturbed(federation.channel, fault)).conduct("run1")
    assert ended.status == DONE, ended.said
    expected = pooled(asked.analyses[0].algorithm, federation.table)
    assert_same_answer(federation.hub.results("run1")["who"], expected, 1e-8)
    assert set(refused) <= {"", "SiteUnavailable"}
    if topic != "share":  # the only one for which nothing is written down
        assert "SiteUnavailable" in refused
    if topic in ("step", "masked", "unmask"):
        said = [detail["said"] for _, _, what, detail in federation.hub.events("run1") if what == "running"]
        assert any("waiting for west (" in one and "cannot be written" in one for one in said)
    steps = [(line["run"], line["step"]) for line in federation.stores["west"].left()]
    assert len(steps) == len(set(steps))


def test_a_node_that_stays_without_space_ends_the_run_in_words(federation: Federation) -> None:
    asked = study(mode="secure", patience_s=20)
    federation.approve_everywhere(asked)

    def fault(site: str, data: bytes) -> bytes:
        if site == "west" and Request.from_bytes(data).topic == "masked":
            with full_disk():
                return federation.desks[site].answer(data)
        return federation.desks[site].answer(data)

    federation.hub.submit("run1", asked, "t")
    ended = federation.conductor(Disturbed(federation.channel, fault)).conduct("run1")
    assert ended.status == FAILED
    assert "No answer from west (node.db cannot be written" in ended.said
    assert federation.stores["west"].left() == [], "nothing left, and nothing says so"


@pytest.mark.parametrize("mode", ["plain", "secure"])
def test_a_hub_without_space_goes_on_where_it_was(
    federation: Federation, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Its disk fills after the first question of one run, after the second of another, and so on."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    expected = pooled(study().analyses[0].algorithm, federation.table)
    for full_after in range(1, 10):
        asked = study(mode=mode, title=f"full after {full_after}")
        federation.approve_everywhere(asked)
        federation.hub.submit(asked.title, asked, asked.title)
        questions = waited = 0

        def fault(site: str, data: bytes) -> bytes:
            nonlocal questions
            questions += 1
            answer = federation.desks[site].answer(data)
            if questions == full_after:  # noqa: B023 - called in this turn only
                resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
            return answer

        def sleep(_seconds: float) -> None:
            nonlocal waited
            waited += 1
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

        conductor = federation.conductor(Disturbed(federation.channel, fault))
        conductor.sleep = sleep
        try:
            ended = conductor.conduct(asked.title)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        conductor.settle()
        assert waited
        assert ended.status == DONE, (full_after, ended.said)
        assert_same_answer(federation.hub.results(asked.title)["who"], expected, 1e-8)
    assert "cannot be written" in caplog.text


def test_a_submission_without_space_leaves_no_run(federation: Federation) -> None:
    asked = study()
    with full_disk(), pytest.raises(TargetUnwritable, match=r"hub\.db"):
        federation.hub.submit("run1", asked, "token")
    assert HubStore(federation.home / "hub.db").runs() == []
    assert federation.hub.submit("run2", asked, "token").run == "run2"


def test_a_key_without_space_is_not_there_at_all(tmp_path: Path) -> None:
    identity = Identity.generate()
    with full_disk():
        with pytest.raises(TargetUnwritable, match="cannot be written: File too large"):
            identity.save(tmp_path / "identity.key")
        with pytest.raises(TargetUnwritable, match="cannot be written: File too large"):
            new_key(tmp_path / "site.key")
    assert list(tmp_path.iterdir()) == []
    identity.save(tmp_path / "identity.key")
    assert Identity.load(tmp_path / "identity.key").public == identity.public
    assert new_key(tmp_path / "site.key").public_key() == load_key(tmp_path / "site.key").public_key()
