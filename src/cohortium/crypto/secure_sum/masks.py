"""Masks: what two sites agree on, or one site keeps, stretched to a vector of uniform words.

X25519, then HKDF-SHA256 whose context names the protocol, purpose, session, roster, round and both sites, then AES-256
in counter mode. A key is used for one mask only, so the counter starts at zero.

Source : RFC 7748 (X25519), RFC 5869 (HKDF), NIST SP 800-38A (counter mode).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cohortium.crypto.secure_sum.frames import Part, joined
from cohortium.errors import ProtocolViolation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cohortium.crypto.secure_sum.roster import Roster

KEY_BYTES = 32
_LABEL = b"cohortium secure sum 1"
_BLOCK = 1 << 15  # words at a time: the stream and the vector's part stay in the processor's cache
_ZEROS = memoryview(bytes(8 * _BLOCK))
_NO_COUNTER = bytes(16)


def private_key(raw: bytes | bytearray) -> X25519PrivateKey:
    """The key of 32 raw bytes. Making it costs as much as an agreement, so it is made once for all peers."""
    return X25519PrivateKey.from_private_bytes(raw)


def public_of(raw: bytes | bytearray) -> bytes:
    """The raw X25519 public key of a raw private key."""
    return private_key(raw).public_key().public_bytes_raw()


def agreed(private: X25519PrivateKey, public: Part) -> bytes:
    """What two sites have in common; keys are derived from it, and it is used for nothing else.

    Raises : ProtocolViolation where ``public`` is not a point that a key can be agreed on with.
    """
    try:
        peer = X25519PublicKey.from_public_bytes(bytes(public))
        return private.exchange(peer)
    except ValueError as error:
        raise ProtocolViolation("A public key that came is malformed or degenerate.") from error


def derived_key(secret: bytes | bytearray, purpose: bytes, roster: Roster, number: int, *context: bytes) -> bytes:
    """HKDF-SHA256 of ``secret``: a key that no other purpose, session, roster, round or context has."""
    info = joined([_LABEL, purpose, roster.session, roster.digest, number.to_bytes(8, "little"), *context])
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(bytes(secret))


def pair_mask_key(
    private: X25519PrivateKey, public: Part, roster: Roster, number: int, pair: tuple[str, str], context: bytes
) -> bytes:
    """The key of the mask between two sites in one round; both get the same, whoever's private key is used."""
    first, second = sorted(pair)
    names = (first.encode("utf-8"), second.encode("utf-8"))
    return derived_key(agreed(private, public), b"pair mask", roster, number, *names, context)


def own_mask_key(seed: bytes | bytearray, roster: Roster, number: int, name: str) -> bytes:
    """The key of a site's own mask in one round."""
    return derived_key(seed, b"own mask", roster, number, name.encode("utf-8"))


def apply_mask(vector: NDArray[np.uint64], key: bytes, *, subtract: bool = False) -> None:
    """Add (or subtract) the mask of ``key`` to ``vector``, shape (words,), in place, modulo 2^64."""
    stream = Cipher(algorithms.AES(key), modes.CTR(_NO_COUNTER)).encryptor()
    buffer = bytearray(8 * _BLOCK + 16)  # the library asks for room for one more block
    words = np.frombuffer(buffer, dtype="<u8", count=_BLOCK)
    apply = np.subtract if subtract else np.add
    for start in range(0, len(vector), _BLOCK):
        part = vector[start : start + _BLOCK]
        stream.update_into(_ZEROS[: 8 * len(part)], buffer)
        apply(part, words[: len(part)], out=part)
