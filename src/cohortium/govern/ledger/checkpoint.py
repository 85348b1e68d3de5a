"""A log's state at a size, signed by the log and by witnesses who saw that nothing before it had changed.

Sources : C2SP tlog-checkpoint and tlog-cosignature (https://c2sp.org/tlog-checkpoint, https://c2sp.org/tlog-cosignature).
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from cohortium.crypto.keys import SIGNATURE_BYTES, Identity, verify
from cohortium.errors import ProtocolViolation
from cohortium.govern.ledger.merkle import HASH_BYTES
from cohortium.govern.ledger.signed_note import COSIGNED, NoteKey, SignedNote

_TIME_BYTES = 8


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How many entries a log has, and the hash over all of them.

    origin : which log it is.
    root   : 32 bytes.
    """

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def of(cls, note: SignedNote) -> Checkpoint:
        """What a note says; its signatures are not checked here. Raises ProtocolViolation for another text."""
        lines = note.text.split("\n")
        try:
            origin, size, told, end = lines
            root = base64.b64decode(told, validate=True)
            number = int(size) if size.isdecimal() and size == str(int(size)) else -1
        except (ValueError, binascii.Error) as error:
            raise ProtocolViolation("A checkpoint has three lines: origin, size and root.") from error
        if not origin or end or number < 0 or len(root) != HASH_BYTES:
            raise ProtocolViolation("A checkpoint has three lines: origin, size and root.")
        return cls(origin, number, root)


def cosigned(note: SignedNote, name: str, identity: Identity, time: int) -> SignedNote:
    """The checkpoint with the word of a witness that it saw no earlier entry changed, up to ``time`` (POSIX seconds).

    Only who has checked that may call this: see ``Witness``.
    """
    key = NoteKey(name, identity.public, COSIGNED)
    signature = identity.sign(_under_time(note.text, time))
    return note.with_signature(key, struct.pack(">Q", time) + signature)


def witnesses(note: SignedNote, keys: Sequence[NoteKey]) -> dict[str, int]:
    """Which of the keys cosigned a checkpoint, and when (POSIX seconds).

    Raises : ProtocolViolation where the word of one of them does not hold.
    """
    found = {}
    for key in keys:
        signature = note.signature_of(key) if key.kind == COSIGNED else None
        if signature is None:
            continue
        if len(signature) != _TIME_BYTES + SIGNATURE_BYTES:
            raise ProtocolViolation(f"The word of the witness '{key.name}' has not its length.")
        (time,) = struct.unpack(">Q", signature[:_TIME_BYTES])
        verify(key.public, signature[_TIME_BYTES:], _under_time(note.text, time), key.name)
        found[key.name] = time
    return found


def _under_time(text: str, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{text}".encode()
