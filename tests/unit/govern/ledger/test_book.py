"""Institutions watch each other's ledgers: a word is given only to a history that goes on, and none is lost."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest.importorskip("rfc8785", reason="the extra 'govern' is not installed")

from cohortium.errors import ProtocolViolation
from cohortium.govern.ledger.book import Ledger
from cohortium.govern.ledger.checkpoint import Checkpoint
from cohortium.govern.ledger.outbox import OUTBOX, enter
from cohortium.govern.ledger.signed_note import NoteKey
from cohortium.privacy.database import Database


def ledger_in(folder: Path, name: str) -> Ledger:
    return Ledger(folder, name, Database(folder / "database", OUTBOX))


@pytest.fixture
def hub(tmp_path: Path) -> Ledger:
    return ledger_in(tmp_path / "hub", "hub/rare diseases")


@pytest.fixture
def node(tmp_path: Path) -> Ledger:
    return ledger_in(tmp_path / "north", "node/north")


def write(ledger: Ledger, *names: str) -> None:
    with ledger.recorder.database.transaction() as database:
        for name in names:
            enter(database, {"event": name, "at": "2026-01-01T00:00:00+00:00"})


def look(watcher: Ledger, watched: Ledger) -> None:
    """One exchange: the watcher sees the watched one's ledger and gives its word."""
    seen = watcher.witness.seen(watched.name)[0]
    told = watcher.answer({"watch": [watched.shown([seen]).to_plain()]})
    assert not told["faults"], told
    watched.answer({"word": told["words"][watched.name]})


def test_names_have_no_spaces(hub: Ledger) -> None:
    assert hub.name == "hub/rare-diseases"


def test_words_of_all_who_watch_stand_under_a_checkpoint(hub: Ledger, node: Ledger, tmp_path: Path) -> None:
    south = ledger_in(tmp_path / "south", "node/south")
    write(hub, "study submitted")
    look(node, hub)
    look(south, hub)
    assert set(hub.words([node.witness.key, south.witness.key])) == {"node/north/witness", "node/south/witness"}
    write(hub, "result released")
    look(node, hub)
    assert Checkpoint.of(hub.note()).size == 2
    assert set(hub.words([node.witness.key, south.witness.key])) == {"node/north/witness"}


def test_an_unseen_checkpoint_is_better_than_one_that_lacks_the_event(hub: Ledger, node: Ledger) -> None:
    write(hub, "study submitted")
    look(node, hub)
    write(hub, "result released")
    hub.recorder.settle()
    assert Checkpoint.of(hub.note()).size == 1
    assert Checkpoint.of(hub.note(2)).size == 2


def test_a_hub_that_rewrites_its_history_gets_no_word(hub: Ledger, node: Ledger, tmp_path: Path) -> None:
    write(hub, "study submitted", "refused")
    look(node, hub)
    for place in (hub.log.folder, hub.recorder.database.path):
        shutil.rmtree(place) if place.is_dir() else place.unlink()
    forged = ledger_in(tmp_path / "hub", "hub/rare diseases")
    write(forged, "study submitted", "approved", "result released")
    told = node.answer({"watch": [forged.shown([2]).to_plain()]})
    assert "history was changed" in told["faults"][forged.name]
    assert told["words"] == {}


def test_another_key_under_the_same_name_gets_no_word(hub: Ledger, node: Ledger, tmp_path: Path) -> None:
    write(hub, "study submitted")
    look(node, hub)
    posing = ledger_in(tmp_path / "elsewhere", "hub/rare diseases")
    write(posing, "study submitted")
    told = node.answer({"watch": [posing.shown([0, 1]).to_plain()]})
    assert "another key" in told["faults"][posing.name]


def test_without_a_proof_there_is_no_word_and_it_says_what_was_seen(hub: Ledger, node: Ledger) -> None:
    write(hub, "study submitted")
    look(node, hub)
    write(hub, "result released")
    told = node.answer({"watch": [hub.shown([]).to_plain()]})
    assert told["words"] == {} and told["seen"] == {hub.name: 1}


def test_a_word_under_something_else_is_not_kept(hub: Ledger, node: Ledger) -> None:
    write(node, "study received")
    with pytest.raises(ProtocolViolation, match="has not signed"):
        hub.take_word(node.log.note())


@pytest.mark.parametrize("asked", [{"watch": {}}, {"watch": [{}]}, {"watch": ["x"]}, {"sizes": ["1"]}, {"word": "x"}])
def test_nonsense_is_refused(hub: Ledger, asked: dict[str, object]) -> None:
    with pytest.raises(ProtocolViolation):
        hub.answer(asked)


def test_the_keys_of_the_seen_are_told(hub: Ledger, node: Ledger) -> None:
    write(hub, "study submitted")
    look(node, hub)
    assert node.witness.known_keys() == (NoteKey(hub.name, hub.identity.public),)
