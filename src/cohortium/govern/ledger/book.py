"""The ledger of one institution: its log, what waits to enter it, and its word as a witness of the others' logs.

Institutions meet by an exchange of plain values: each shows the newest checkpoint of its log with proofs that it goes
on from what the other has seen, and gets back the other's word under it. So nobody can rewrite his history unless all
who watch it lose their memory or their honesty.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cohortium.crypto.keys import Identity
from cohortium.errors import CohortiumError, ProtocolViolation
from cohortium.govern.ledger import merkle
from cohortium.govern.ledger.checkpoint import Checkpoint, witnesses
from cohortium.govern.ledger.log import Log, read_note, write_whole
from cohortium.govern.ledger.outbox import Recorder
from cohortium.govern.ledger.signed_note import COSIGNED, NoteKey, SignedNote
from cohortium.govern.ledger.tiles import Tiles
from cohortium.govern.ledger.witness import Witness
from cohortium.privacy.database import Database

WITNESSED = "checkpoint.witnessed"
MOST_WATCHED = 256
_UNFIT = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True)
class Shown:
    """A log as its owner shows it.

    key    : of the log. note : its newest checkpoint.
    proofs : from earlier sizes that were asked for to this checkpoint.
    """

    key: NoteKey
    note: SignedNote
    proofs: Mapping[int, tuple[bytes, ...]]

    def to_plain(self) -> dict[str, Any]:
        """As JSON values."""
        proofs = {str(size): [base64.b64encode(one).decode() for one in proof] for size, proof in self.proofs.items()}
        return {"key": str(self.key), "note": str(self.note), "proofs": proofs}

    @classmethod
    def from_plain(cls, plain: Any) -> Shown:
        """The one that ``to_plain`` wrote; raises ProtocolViolation."""
        try:
            proofs = {
                int(size): tuple(base64.b64decode(one, validate=True) for one in proof)
                for size, proof in plain["proofs"].items()
            }
            return cls(NoteKey.parse(plain["key"]), SignedNote.parse(plain["note"]), proofs)
        except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as error:
            raise ProtocolViolation("What another ledger shows is no checkpoint with proofs.") from error


class Ledger:
    """A log in ``folder``/ledger, fed from a database, with keys that are made there at the first time.

    name     : of the institution, such as "hub/registry" or "node/north".
    database : with the table ``outbox.OUTBOX``.
    """

    def __init__(self, folder: Path, name: str, database: Database) -> None:
        self.name = "/".join(_UNFIT.sub("-", part) for part in name.split("/"))
        identity = _identity(folder / "ledger.key")
        self.identity = identity
        self.log = Log(folder / "ledger", self.name, identity)
        self.recorder = Recorder(database, self.log)
        self.witness = Witness(folder / "witness.db", f"{self.name}/witness", _identity(folder / "witness.key"))

    def note(self, least: int = 0) -> SignedNote:
        """The newest checkpoint with others' words under it; the newest of all where that lacks ``least`` entries."""
        path = self.log.folder / WITNESSED
        if path.exists():
            note = read_note(path)
            if Checkpoint.of(note).size >= least:
                return note
        return self.log.note()

    def words(self, keys: Sequence[NoteKey] | None = None) -> dict[str, int]:
        """Which witnesses, of all that were met or of the keys, have seen ``note()``, and when (POSIX seconds)."""
        return witnesses(self.note(), self.witness.known_keys() if keys is None else keys)

    def meet(self, key: NoteKey) -> None:
        """Remember another's key as a witness; raises ProtocolViolation where it had another, or is no such key."""
        if key.kind != COSIGNED:
            raise ProtocolViolation(f"The key of '{key.name}' is not that of a witness.")
        self.witness.pin(key)

    def shown(self, sizes: Sequence[int]) -> Shown:
        """This log for others, with proofs from the sizes that they have seen; larger ones are passed over."""
        self.recorder.settle()
        note = self.log.note()
        size = Checkpoint.of(note).size
        tiles = Tiles(self.log.folder, size)
        earlier = sorted({one for one in sizes if 0 <= one <= size})[:MOST_WATCHED]
        proofs = {one: tuple(merkle.consistency_proof(one, size, tiles.hash_at)) if one else () for one in earlier}
        return Shown(self.log.key, note, proofs)

    def can_watch(self, shown: Shown) -> bool:
        """Whether what is shown can be held against what this institution has last seen of that log.

        It is proven from there, or shorter, and so cannot go on from it.
        """
        size, _ = self.witness.seen(shown.key.name)
        return size in shown.proofs or Checkpoint.of(shown.note).size < size

    def watch(self, shown: Shown) -> SignedNote:
        """Another's checkpoint with this institution's word, once it is clear that it goes on from the last.

        Raises : ProtocolViolation where it does not, or the log has another key than at first sight: tell somebody.
        """
        self.witness.pin(shown.key)
        size, _ = self.witness.seen(shown.key.name)
        if not self.can_watch(shown):
            raise ProtocolViolation(f"'{shown.key.name}' shows no proof from the {size:,} entries that were seen here.")
        return self.witness.cosign(shown.note, shown.key, shown.proofs.get(size, ()))

    def take_word(self, note: SignedNote) -> None:
        """Keep another's word under this log's checkpoint, with those that are there already.

        Raises : ProtocolViolation where it is not a checkpoint of this log.
        """
        if not note.signers([self.log.key]):
            raise ProtocolViolation("A witness sent back a checkpoint that this ledger has not signed.")
        path = self.log.folder / WITNESSED
        kept = read_note(path) if path.exists() else self.log.note()
        if Checkpoint.of(kept).size > Checkpoint.of(note).size:
            return
        if kept.text == note.text:
            known = {(name, signature[:4]) for name, signature in note.signatures}
            others = tuple(one for one in kept.signatures if (one[0], one[1][:4]) not in known)
            note = SignedNote(note.text, (*note.signatures, *others))
        write_whole(path, str(note).encode())

    def answer(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """What this institution says in an exchange.

        asked : "sizes" from which it is to prove its own log, "watch" what others show, "word" its own checkpoint with
                others' words, "witnesses" the others' keys as witnesses. Each part may be missing.
        Returns : "own" as it is ``shown``, "seen" sizes of the others' logs, "words" under those that go on, "faults"
                  of those that do not; a log that proves nothing from where it was last seen is in neither.
        """
        told: dict[str, Any] = {"faults": {}, "words": {}, "witness": str(self.witness.key)}
        for key in _texts(asked.get("witnesses", [])):
            self.meet(NoteKey.parse(key))
        word = asked.get("word")
        if isinstance(word, str):
            self.take_word(SignedNote.parse(word))
        others = asked.get("watch", [])
        if not isinstance(others, list) or len(others) > MOST_WATCHED:
            raise ProtocolViolation(f"At most {MOST_WATCHED} ledgers are shown at once, as a list.")
        seen = {}
        for plain in others:
            shown = Shown.from_plain(plain)
            if self.can_watch(shown):
                try:
                    told["words"][shown.key.name] = str(self.watch(shown))
                except CohortiumError as error:
                    told["faults"][shown.key.name] = str(error)
            seen[shown.key.name] = self.witness.seen(shown.key.name)[0]
        sizes = asked.get("sizes", [])
        if not isinstance(sizes, list) or not all(type(one) is int for one in sizes):
            raise ProtocolViolation("Sizes of a ledger are a list of whole numbers.")
        return {**told, "seen": seen, "own": self.shown(sizes).to_plain()}


def _texts(values: Any) -> list[str]:
    if not isinstance(values, list) or len(values) > MOST_WATCHED or not all(isinstance(one, str) for one in values):
        raise ProtocolViolation(f"Keys of witnesses are a list of at most {MOST_WATCHED} texts.")
    return values


def _identity(path: Path) -> Identity:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        Identity.generate().save(path)
    return Identity.load(path)
