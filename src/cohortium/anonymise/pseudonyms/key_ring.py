"""The secret keys of one project, from which pseudonyms, date shifts and identifiers follow.

What follows from a key is the same wherever the key is used, so a person has one pseudonym and one date shift in
tables, notes, images and FHIR alike. Without the key nobody can find out which value a pseudonym stands for by trying
values (HMAC-SHA256 as a pseudorandom function, RFC 2104). Who has the key can.
"""

from __future__ import annotations

import hmac
import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from cohortium.crypto.private_file import write_private
from cohortium.errors import InvalidRequest, SourceUnreadable

KEY_BYTES = 32
DAYS = 365
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32, in small letters: no i, l, o or u, which people mistake for others."""
LENGTHS = (8, 48)
UID_ROOT = "2.25."
"""Root of DICOM identifiers that are made of a UUID (PS3.5, B.2)."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys by generation; the current one makes what is new, older ones tell what was made before a rotation.

    keys    : generation -> 32 secret bytes.
    current : the generation that is used unless another is named.
    """

    keys: dict[str, bytes]
    current: str

    def __repr__(self) -> str:
        return f"KeyRing(generations={sorted(self.keys)}, current={self.current!r})"

    @classmethod
    def generate(cls) -> KeyRing:
        """One fresh key, from the operating system's secure source."""
        return cls({"1": secrets.token_bytes(KEY_BYTES)}, "1")

    @classmethod
    def load(cls, path: Path) -> KeyRing:
        """The one that ``save`` wrote.

        Raises : SourceUnreadable where there is none; InvalidRequest where others than its owner can read the file.
        """
        try:
            if path.stat().st_mode & 0o077:
                raise InvalidRequest(f"{path} holds secret keys that others can read; set its mode to 0600.")
            plain = json.loads(path.read_text("utf-8"))
            keys = {str(name): bytes.fromhex(key) for name, key in plain["keys"].items()}
            current = str(plain["current"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise SourceUnreadable(f"{path} cannot be read as a ring of keys: {type(error).__name__}.") from error
        if current not in keys or any(len(key) != KEY_BYTES for key in keys.values()):
            raise SourceUnreadable(f"{path} cannot be read as a ring of keys: one of {KEY_BYTES} bytes is missing.")
        return cls(keys, current)

    @classmethod
    def load_or_make(cls, path: Path) -> KeyRing:
        """The one at ``path``, made there where there is none yet; raises what ``load`` and ``save`` raise."""
        if not path.exists():
            cls.generate().save(path)
        return cls.load(path)

    def save(self, path: Path) -> None:
        """Write it for its owner alone (0600); raises TargetUnwritable where the file exists or cannot be made."""
        plain = {"current": self.current, "keys": {name: key.hex() for name, key in self.keys.items()}}
        write_private(path, json.dumps(plain, indent=1).encode())

    def replace(self, path: Path) -> None:
        """Write it in the place of the one at ``path``, whole or not at all; raises TargetUnwritable."""
        unfinished = path.with_name(f".{path.name}.unfinished")
        unfinished.unlink(missing_ok=True)
        self.save(unfinished)
        unfinished.replace(path)

    def rotated(self) -> KeyRing:
        """The same with a fresh current key: what is made from now on cannot be linked to what was made before."""
        name = str(1 + max(int(name) if name.isdecimal() else 0 for name in self.keys))
        return KeyRing({**self.keys, name: secrets.token_bytes(KEY_BYTES)}, name)

    def pseudonym(self, kind: str, value: str, *, length: int = 16, generation: str | None = None) -> str:
        """A pseudonym of 5 bits a letter: the same for the same value of the same kind ("patient", "device" ...).

        Raises : InvalidRequest for a length outside 8 to 48, or a generation that the ring does not have.
        """
        if not LENGTHS[0] <= length <= LENGTHS[1]:
            raise InvalidRequest(f"A pseudonym has {LENGTHS[0]} to {LENGTHS[1]} letters, not {length}.")
        number = int.from_bytes(self.bytes_for(f"pseudonym/{kind}", value, generation), "big")
        return "".join(ALPHABET[number >> 5 * place & 31] for place in range(length))

    def number(self, kind: str, value: str, below: int, *, generation: str | None = None) -> int:
        """A whole number, even over [0, below) to one part in 2^192 for a ``below`` of up to 64 bits."""
        if not 0 < below <= 1 << 64:
            raise InvalidRequest(f"A keyed number needs a bound from 1 to 2^64, not {below}.")
        return int.from_bytes(self.bytes_for(f"number/{kind}", value, generation), "big") % below

    def shift_days(self, person: str, most: int = DAYS, *, generation: str | None = None) -> int:
        """By how many days all dates of a person move: from -most to most, never 0."""
        if most < 1:
            raise InvalidRequest(f"Dates must be allowed to move by at least 1 day, not {most}.")
        drawn = self.number("shift", person, 2 * most, generation=generation)
        return drawn - most if drawn < most else drawn - most + 1

    def uid(self, original: str, *, generation: str | None = None) -> str:
        """A DICOM identifier (at most 44 characters): the same for the same original, valid, and of no root."""
        number = int.from_bytes(self.bytes_for("uid", original, generation)[:16], "big")
        version = number & ~(0xF << 76) | 4 << 76
        return UID_ROOT + str(version & ~(0x3 << 62) | 2 << 62)

    def bytes_for(self, kind: str, value: str, generation: str | None = None) -> bytes:
        """32 bytes that follow from a value and the key; kinds are apart from each other."""
        name = self.current if generation is None else generation
        if name not in self.keys:
            raise InvalidRequest(f"The ring has no key of generation '{name}'; it has {sorted(self.keys)}.")
        label = kind.encode()
        return hmac.digest(self.keys[name], len(label).to_bytes(4, "big") + label + value.encode(), "sha256")
