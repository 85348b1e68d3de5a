"""Who takes part in a secure sum: names, public keys and the threshold, fixed before anything is dealt."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from cohortium.crypto.keys import PUBLIC_BYTES
from cohortium.crypto.secure_sum.frames import joined
from cohortium.errors import InvalidRequest, ProtocolViolation

FEWEST = 3
"""With two sites, each would read the other's vector off the sum."""

_MOST, _LONGEST_NAME = 1_000, 255
_SESSION_BYTES = range(16, 65)


@dataclass(frozen=True, slots=True)
class Roster:
    """The sites of one session and their identities. Each site must have it from whom it trusts, not just from the hub.

    session   : 16 to 64 bytes that no other session had.
    members   : name and raw Ed25519 public key, sorted by name.
    names     : of all sites, sorted.
    threshold : how many must agree on who is left, and how many shares open a secret.
    Raises    : InvalidRequest where two sites share a key, there are fewer than 3, or the threshold is not above half:
                then a hub could show two halves two different sets of survivors.
    """

    session: bytes
    members: tuple[tuple[str, bytes], ...]
    threshold: int
    digest: bytes = field(init=False, repr=False)
    names: tuple[str, ...] = field(init=False, repr=False, compare=False)
    _places: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        n = len(self.members)
        if len(self.session) not in _SESSION_BYTES or not FEWEST <= n <= _MOST:
            raise InvalidRequest(
                f"A secure sum has {FEWEST} to {_MOST:,} sites ({n} came), and a session id of 16 bytes."
            )
        if len(dict(self.members)) != n or len({key for _, key in self.members}) != n:
            raise InvalidRequest("Every site of a secure sum needs a name and a key of its own.")
        if list(self.members) != sorted(self.members) or any(len(key) != PUBLIC_BYTES for _, key in self.members):
            raise InvalidRequest("A roster is sorted by name, and its keys are raw Ed25519 keys of 32 bytes.")
        if not all(0 < len(name.encode("utf-8")) <= _LONGEST_NAME for name, _ in self.members):
            raise InvalidRequest(f"Names of sites have 1 to {_LONGEST_NAME} bytes.")
        if not n < 2 * self.threshold <= 2 * n:
            raise InvalidRequest(
                f"The threshold of {n} sites is above {n / 2:g} and at most {n}, not {self.threshold}."
            )
        parts = [part for name, key in self.members for part in (name.encode("utf-8"), key)]
        stated = joined([b"cohortium roster 1", self.session, self.threshold.to_bytes(4, "big"), *parts])
        object.__setattr__(self, "digest", hashlib.sha256(stated).digest())
        object.__setattr__(self, "names", tuple(name for name, _ in self.members))
        object.__setattr__(self, "_places", {name: place for place, name in enumerate(self.names)})

    @classmethod
    def of(cls, session: bytes, keys: Mapping[str, bytes], threshold: int | None = None) -> Roster:
        """The roster of these names and public keys; the threshold is floor(2 n / 3) + 1 where none is given."""
        return cls(session, tuple(sorted(keys.items())), len(keys) * 2 // 3 + 1 if threshold is None else threshold)

    @property
    def fewest(self) -> int:
        """A sum of fewer is refused."""
        return max(FEWEST, self.threshold)

    @property
    def colluders(self) -> int:
        """How many sites may be in league with a hub that lies; with one that follows the protocol, threshold - 1."""
        return 2 * self.threshold - len(self.members) - 1

    def public(self, name: str) -> bytes:
        """The site's identity; raises ProtocolViolation where it is none of the roster."""
        return self.members[self.point(name) - 1][1]

    def point(self, name: str) -> int:
        """Where the site's shares lie: its place in the roster, from 1; raises ProtocolViolation."""
        if name not in self._places:
            raise ProtocolViolation(f"'{name}' is not in the roster of this secure sum.")
        return self._places[name] + 1
