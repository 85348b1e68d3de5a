"""Signed notes as others write them, checkpoints, and a witness that gives its word once per history."""

from __future__ import annotations

from pathlib import Path

import pytest

from cohortium.crypto.keys import Identity
from cohortium.errors import InvalidRequest, ProtocolViolation
from cohortium.govern.ledger import merkle
from cohortium.govern.ledger.checkpoint import Checkpoint, cosigned, witnesses
from cohortium.govern.ledger.log import Log
from cohortium.govern.ledger.signed_note import COSIGNED, NoteKey, SignedNote
from cohortium.govern.ledger.witness import Witness

pytest.importorskip("cryptography", reason="the ledger needs the extra 'govern'")

# The example of Go's package golang.org/x/mod/sumdb/note.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def test_a_note_that_go_signed_is_read_and_its_signature_holds() -> None:
    key, note = NoteKey.parse(GO_KEY), SignedNote.parse(GO_NOTE)
    assert str(key) == GO_KEY and str(note) == GO_NOTE
    assert note.signers([key]) == (key,)
    with pytest.raises(ProtocolViolation):
        SignedNote.parse(GO_NOTE.replace("answer", "reason")).signers([key])


def test_signatures_of_keys_that_are_not_known_are_passed_over() -> None:
    note = SignedNote.parse(GO_NOTE)
    namesake = NoteKey("PeterNeumann", Identity.generate().public)
    assert note.signers([namesake]) == ()


@pytest.mark.parametrize(
    "text",
    ["no signatures\n", "a\n\n— name\n", "a\n\n- name AAAAAAA=\n", "a\n\n— name !!!!\n", "a\tb\n\n— n AAAAAAAA\n"],
)
def test_texts_that_are_no_notes_are_refused(text: str) -> None:
    with pytest.raises(ProtocolViolation):
        SignedNote.parse(text)


@pytest.mark.parametrize("text", ["x", "a+b+c", GO_KEY.replace("c74f20a3", "c74f20a4"), GO_KEY[:-4], "+" + GO_KEY])
def test_keys_that_were_not_copied_whole_are_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        NoteKey.parse(text)


@pytest.mark.parametrize(
    "text", ["a\n", "a\n1\n", "a\n01\nAAAA\n", "a\n-1\nAAAA\n", "\n1\nAAAA\n", "a\n1\nAAAA\n", "a\n1\nAA=A\nmore\n"]
)
def test_texts_that_are_no_checkpoints_are_refused(text: str) -> None:
    with pytest.raises(ProtocolViolation):
        Checkpoint.of(SignedNote(text))


class Case:
    """A log and a witness of it."""

    def __init__(self, folder: Path) -> None:
        self.log = Log(folder / "log", "hospital.example/ledger", Identity.generate())
        self.witness = Witness(
            folder / "seen.sqlite", "hub.example/witness", Identity.generate(), lambda: 1_700_000_000.9
        )

    def cosign(self) -> SignedNote:
        size, _ = self.witness.seen(self.log.origin)
        new = self.log.checkpoint().size
        proof = merkle.consistency_proof(size, new, self.log.tiles().hash_at) if 0 < size <= new else []
        return self.witness.cosign(self.log.note(), self.log.key, proof)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


def test_a_witness_follows_a_log_and_says_when(case: Case) -> None:
    for step in range(4):
        case.log.append([f"{step} {one}".encode() for one in range(100)])
        note = case.cosign()
        assert witnesses(note, [case.witness.key]) == {"hub.example/witness": 1_700_000_000}
        assert note.signers([case.log.key]) == (case.log.key,)
    assert case.witness.seen(case.log.origin) == (400, case.log.checkpoint().root)
    assert case.cosign().text == case.log.note().text


def test_it_refuses_a_log_that_was_set_back_or_rewritten(case: Case, tmp_path: Path) -> None:
    case.log.append([b"a", b"b", b"c"])
    case.cosign()
    other = Log(tmp_path / "other", case.log.origin, case.log._identity)
    other.append([b"a", b"b"])
    with pytest.raises(ProtocolViolation, match="set back"):
        case.witness.cosign(other.note(), other.key, [])
    other.append([b"X", b"d"])
    proof = merkle.consistency_proof(3, 4, other.tiles().hash_at)
    with pytest.raises(ProtocolViolation, match="history was changed"):
        case.witness.cosign(other.note(), other.key, proof)
    case.log.append([b"d"])
    assert witnesses(case.cosign(), [case.witness.key])


def test_it_refuses_notes_of_others(case: Case) -> None:
    case.log.append([b"a"])
    stranger = NoteKey(case.log.origin, Identity.generate().public)
    with pytest.raises(ProtocolViolation, match="not signed"):
        case.witness.cosign(case.log.note(), stranger, [])
    renamed = SignedNote(str(Checkpoint("else", 1, b"r" * 32))).signed(case.log.origin, case.log._identity)
    with pytest.raises(ProtocolViolation, match="is of 'else'"):
        case.witness.cosign(renamed, case.log.key, [])


def test_a_witnesses_word_is_for_its_time_and_text_alone(case: Case) -> None:
    case.log.append([b"a"])
    note = case.cosign()
    signature = note.signature_of(case.witness.key)
    assert signature is not None
    later = (1_700_000_001).to_bytes(8, "big") + signature[8:]
    with pytest.raises(ProtocolViolation):
        witnesses(note.with_signature(case.witness.key, later), [case.witness.key])
    with pytest.raises(ProtocolViolation, match="length"):
        witnesses(note.with_signature(case.witness.key, signature[:-1]), [case.witness.key])
    plain = NoteKey(case.witness.name, case.witness.key.public)
    assert witnesses(note, [plain]) == {}
    moved = SignedNote(str(Checkpoint("else", 1, b"r" * 32)), note.signatures)
    with pytest.raises(ProtocolViolation):
        witnesses(moved, [case.witness.key])


def test_a_second_word_takes_the_place_of_the_first(case: Case) -> None:
    identity = Identity.generate()
    once = cosigned(case.log.note(), "w", identity, 1)
    twice = cosigned(once, "w", identity, 2)
    assert len(twice.signatures) == 2
    assert witnesses(twice, [NoteKey("w", identity.public, COSIGNED)]) == {"w": 2}
