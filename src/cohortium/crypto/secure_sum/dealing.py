"""One batch of secrets: fresh keys for several rounds, signed, checked, and shared among the sites."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from cohortium.crypto.keys import SIGNATURE_BYTES, Identity, verify
from cohortium.crypto.secure_sum.frames import MOST_ROUNDS, Kind, Part, joined, read, written
from cohortium.crypto.secure_sum.masks import KEY_BYTES, agreed, derived_key, public_of
from cohortium.crypto.shamir import SHARE_BYTES, RandomBytes, share_secrets
from cohortium.errors import ProtocolViolation

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    from cohortium.crypto.secure_sum.roster import Roster

_SIGNED_KEYS = b"cohortium secure sum keys 1"
_COMMITTED = b"cohortium secure sum seed 1"
_USED_ONCE = bytes(12)  # the key of an encryption serves one message in one direction, so its nonce may be constant


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """What a site says of a batch to everybody, under its signature.

    encryption  : X25519 key under which peers encrypt shares for it.
    masks       : X25519 keys for pairwise masks, one a round.
    commitments : SHA-256 of each round's own-mask seed, so that a wrong share cannot pass unnoticed.
    message     : the signed bytes as they came.
    """

    encryption: bytes
    masks: tuple[bytes, ...]
    commitments: tuple[bytes, ...]
    message: bytes


class Secrets:
    """What a site knows of a batch and tells nobody; wiped round by round.

    encryption : private X25519 key; not shared, since it would open all rounds.
    masks      : private X25519 keys, one a round.
    seeds      : of the own masks, one a round.
    """

    __slots__ = ("encryption", "masks", "seeds")

    def __init__(self, rounds: int, random: RandomBytes) -> None:
        self.encryption = bytearray(random(KEY_BYTES))
        self.masks = [bytearray(random(KEY_BYTES)) for _ in range(rounds)]
        self.seeds = [bytearray(random(KEY_BYTES)) for _ in range(rounds)]

    def keys_message(self, roster: Roster, first: int, name: str, identity: Identity) -> bytes:
        """The public halves, signed."""
        fields = [
            public_of(self.encryption),
            b"".join(public_of(one) for one in self.masks),
            b"".join(commitment(one) for one in self.seeds),
        ]
        signature = identity.sign(_statement(roster, first, name, fields))
        return written(Kind.KEYS, roster, first, name, [*fields, signature])

    def shared(self, points: Sequence[int], threshold: int, random: RandomBytes) -> list[bytes]:
        """For every point one string: shares of all seeds, then of all mask keys."""
        rows = share_secrets([*self.seeds, *self.masks], points, threshold, random)
        return [b"".join(row) for row in rows]

    def wipe(self) -> None:
        """Overwrite everything."""
        wipe([self.encryption, *self.masks, *self.seeds])


def wipe(secrets: Sequence[bytearray]) -> None:
    """Overwrite with zeros. Copies that the interpreter or the library made on the way are out of reach."""
    for secret in secrets:
        secret[:] = bytes(len(secret))


def commitment(seed: bytes | bytearray) -> bytes:
    """What binds a site to its own-mask seed without telling it; seeds have 256 random bits."""
    return hashlib.sha256(_COMMITTED + seed).digest()


def checked_rounds(field: Part) -> int:
    """How many rounds a batch is for; raises ProtocolViolation."""
    rounds = int.from_bytes(field, "little")
    if not 1 <= rounds <= MOST_ROUNDS:
        raise ProtocolViolation(f"Secrets can be dealt for 1 to {MOST_ROUNDS} rounds at once, not for {rounds:,}.")
    return rounds


def read_keys(data: Part, roster: Roster, first: int, rounds: int, sender: str) -> PublicKeys:
    """A site's keys for ``rounds`` rounds from ``first`` on.

    Raises : ProtocolViolation where they are malformed, for other rounds, or not signed by the site of the roster.
    """
    message = read(Kind.KEYS, roster, sender, data)
    lengths = [len(field) for field in message.fields]
    if message.number != first or lengths != [KEY_BYTES, KEY_BYTES * rounds, KEY_BYTES * rounds, SIGNATURE_BYTES]:
        raise ProtocolViolation(f"The keys of '{sender}' are not for the {rounds} rounds from {first:,} on.")
    *fields, signature = [bytes(field) for field in message.fields]
    verify(roster.public(sender), signature, _statement(roster, first, sender, fields), sender)
    return PublicKeys(fields[0], _cut(fields[1], KEY_BYTES), _cut(fields[2], KEY_BYTES), bytes(data))


def digest_of(keys: Mapping[str, PublicKeys]) -> bytes:
    """SHA-256 of everybody's keys: sites that signed it hold the same keys, fresh ones of their own among them."""
    return hashlib.sha256(joined(keys[name].message for name in sorted(keys))).digest()


def share_keys(
    secret: X25519PrivateKey, public: bytes, roster: Roster, first: int, way: tuple[str, str]
) -> list[bytes]:
    """The keys under which shares go from the first site of ``way`` to the second, and back."""
    both = agreed(secret, public)
    return [derived_key(both, b"shares", roster, first, _named(one)) for one in (way, way[::-1])]


def sealed(key: bytes, way: tuple[str, str], text: bytes) -> bytes:
    """``text`` for the second site of ``way``, from the first."""
    return ChaCha20Poly1305(key).encrypt(_USED_ONCE, text, _named(way))


def opened(key: bytes | bytearray, way: tuple[str, str], data: Part, rounds: int) -> list[bytearray]:
    """The shares that ``sealed`` made, one per seed and mask key.

    Raises : ProtocolViolation where they were altered, or meant for another site, batch or session.
    """
    try:
        text = ChaCha20Poly1305(key).decrypt(_USED_ONCE, bytes(data), _named(way))
    except InvalidTag as error:
        raise ProtocolViolation(f"The shares of '{way[0]}' for '{way[1]}' were altered on the way.") from error
    if len(text) != 2 * SHARE_BYTES * rounds:
        raise ProtocolViolation(f"'{way[0]}' did not share one seed and one key for each round.")
    return [bytearray(share) for share in _cut(text, SHARE_BYTES)]


def _named(way: tuple[str, str]) -> bytes:
    return joined(name.encode("utf-8") for name in way)


def _statement(roster: Roster, first: int, name: str, fields: Sequence[bytes]) -> bytes:
    return _SIGNED_KEYS + written(Kind.KEYS, roster, first, name, fields)


def _cut(data: bytes, length: int) -> tuple[bytes, ...]:
    return tuple(data[at : at + length] for at in range(0, len(data), length))
