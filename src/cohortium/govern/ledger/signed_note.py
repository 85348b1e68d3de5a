"""Texts with signatures below them, each by a key of a name that the reader knows.

Source : C2SP signed-note (https://c2sp.org/signed-note).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from cohortium.crypto.keys import PUBLIC_BYTES, Identity, verify
from cohortium.errors import InvalidRequest, ProtocolViolation

PLAIN, COSIGNED = 0x01, 0x04
"""Kinds of signatures: Ed25519 under the text, and Ed25519 of a witness under time and text."""
MOST_SIGNATURES = 64
_DASH = "— "
_ID_BYTES = 4


@dataclass(frozen=True, slots=True)
class NoteKey:
    """The public key of somebody who signs notes.

    name   : without spaces and plus signs; best an address such as hospital.example/node.
    public : 32 bytes.
    kind   : ``PLAIN`` or ``COSIGNED``.
    Raises : InvalidRequest.
    """

    name: str
    public: bytes
    kind: int = PLAIN

    def __post_init__(self) -> None:
        if not self.name or "+" in self.name or any(one.isspace() for one in self.name):
            raise InvalidRequest(f"The name of a key has no spaces and no plus sign, and is not empty: '{self.name}'.")
        if len(self.public) != PUBLIC_BYTES or self.kind not in (PLAIN, COSIGNED):
            raise InvalidRequest(f"The key of '{self.name}' is not an Ed25519 key of {PUBLIC_BYTES} bytes.")

    @property
    def id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        """As verifiers' keys are written: name+id+key."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> NoteKey:
        """The one that ``str`` wrote; raises InvalidRequest."""
        try:
            name, told, key = text.strip().split("+", 2)
            plain = base64.b64decode(key, validate=True)
            found = cls(name, plain[1:], plain[0])
        except (ValueError, IndexError) as error:
            raise InvalidRequest("A verifier's key is written as name+id+key, in one line.") from error
        if found.id.hex() != told:
            raise InvalidRequest(f"The key of '{name}' and its id differ; it was not copied whole.")
        return found


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A text and the signatures below it.

    text       : ends with a line break.
    signatures : name, then four bytes of the key's id and the signature.
    """

    text: str
    signatures: tuple[tuple[str, bytes], ...] = ()

    def __str__(self) -> str:
        lines = (f"{_DASH}{name} {base64.b64encode(signature).decode()}\n" for name, signature in self.signatures)
        return f"{self.text}\n{''.join(lines)}"

    @classmethod
    def parse(cls, text: str) -> SignedNote:
        """The one that ``str`` wrote; raises ProtocolViolation where it has not the form of a note."""
        body, empty, below = text.rpartition("\n\n")
        if not empty or not below.endswith("\n") or any(ord(one) < 32 and one != "\n" for one in text):
            raise ProtocolViolation("This is no signed note: a text, an empty line and signatures were expected.")
        lines = below[:-1].split("\n")
        if len(lines) > MOST_SIGNATURES:
            raise ProtocolViolation(f"A note has at most {MOST_SIGNATURES} signatures; this one has {len(lines)}.")
        return cls(body + "\n", tuple(map(_signature, lines)))

    def signed(self, name: str, identity: Identity) -> SignedNote:
        """The same with one signature more."""
        key = NoteKey(name, identity.public)
        return self.with_signature(key, identity.sign(self.text.encode()))

    def with_signature(self, key: NoteKey, signature: bytes) -> SignedNote:
        """The same with a signature, in the place of an earlier one of this key."""
        others = tuple(one for one in self.signatures if (one[0], one[1][:_ID_BYTES]) != (key.name, key.id))
        return SignedNote(self.text, (*others, (key.name, key.id + signature)))

    def signature_of(self, key: NoteKey) -> bytes | None:
        """What stands below the text by this key, not yet checked; None where it did not sign."""
        for name, signature in self.signatures:
            if name == key.name and signature[:_ID_BYTES] == key.id:
                return signature[_ID_BYTES:]
        return None

    def signers(self, keys: Sequence[NoteKey]) -> tuple[NoteKey, ...]:
        """Those of the keys that signed the text plainly.

        Raises : ProtocolViolation where a signature of one of them does not hold.
        """
        found = []
        for key in keys:
            signature = self.signature_of(key)
            if key.kind == PLAIN and signature is not None:
                verify(key.public, signature, self.text.encode(), key.name)
                found.append(key)
        return tuple(found)


def _signature(line: str) -> tuple[str, bytes]:
    name, space, text = line.removeprefix(_DASH).partition(" ")
    try:
        signature = base64.b64decode(text, validate=True)
    except binascii.Error:
        signature = b""
    if not line.startswith(_DASH) or not name or not space or len(signature) <= _ID_BYTES:
        raise ProtocolViolation("A line below a signed note is not a signature.")
    return name, signature
