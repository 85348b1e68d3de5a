"""Shamir's secret sharing of 32-byte secrets: any ``threshold`` shares give the secret, fewer say nothing about it.

Over the integers modulo the smallest prime above 2^256, so that every 32-byte string is a secret. A share is 33 bytes.
Python's whole numbers do not take constant time: an observer of the machine's clock is not kept out.

Source : Shamir 1979, Communications of the ACM 22(11), 612-613.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence

from cohortium.errors import InvalidRequest, ProtocolViolation

PRIME = 2**256 + 297
SECRET_BYTES, SHARE_BYTES = 32, 33
_DRAWN_BYTES = 48  # taken modulo PRIME, so a coefficient is uniform to within 2^-127
_LAST_POINT = (1 << 16) - 1

RandomBytes = Callable[[int], bytes]
"""A source of random bytes; ``secrets.token_bytes`` everywhere but in tests."""


def share_secret(
    secret: bytes | bytearray, points: Sequence[int], threshold: int, random: RandomBytes = secrets.token_bytes
) -> list[bytes]:
    """One share for every point, in their order: the values there of a random polynomial that is ``secret`` at 0.

    points : different whole numbers from 1 to 65,535: the holders' places in the roster.
    Raises : InvalidRequest where the secret has not 32 bytes, or the threshold is above the number of points.
    """
    return [share for (share,) in share_secrets([secret], points, threshold, random)]


def share_secrets(
    together: Sequence[bytes | bytearray],
    points: Sequence[int],
    threshold: int,
    random: RandomBytes = secrets.token_bytes,
) -> list[tuple[bytes, ...]]:
    """For every point its shares of all secrets, each under a polynomial of its own, as ``share_secret`` does."""
    if any(len(secret) != SECRET_BYTES for secret in together) or not 1 <= threshold <= len(points):
        raise InvalidRequest("A secret has 32 bytes, and its threshold is at most the number of shares.")
    if len(set(points)) != len(points) or min(points) < 1 or max(points) > _LAST_POINT:
        raise InvalidRequest(f"The points of shares are different whole numbers from 1 to {_LAST_POINT:,}.")
    polynomials = [_polynomial(secret, threshold, random) for secret in together]
    # Several polynomials side by side in one long number are evaluated in one go, five times as fast as one by one. A
    # slot holds any value before its reduction: below PRIME * t * x^(t - 1) <= 2^257 * last^t, as x and t are <= last.
    slot = (257 + threshold * max(points).bit_length()) // 8 + 1
    packed = [
        int.from_bytes(b"".join(one.to_bytes(slot, "little") for one in column), "little")
        for column in zip(*polynomials, strict=True)
    ]
    return [_values(packed, point, slot, len(together)) for point in points]


def recover_secret(shares: Mapping[int, bytes | bytearray], threshold: int) -> bytes:
    """The secret behind shares, keyed by their points; of more than ``threshold`` the lowest points are used.

    Raises : ProtocolViolation where they are too few, malformed, or not shares of one 32-byte secret (which is noticed
             by chance only: whoever needs to know keeps a commitment to the secret).
    """
    if len(shares) < threshold:
        raise ProtocolViolation(f"{threshold} shares are needed to recover a secret; {len(shares)} came.")
    points = tuple(sorted(shares)[:threshold])
    return combine([shares[point] for point in points], weights_at_zero(points))


def weights_at_zero(points: Sequence[int]) -> list[int]:
    """Lagrange's weights: the secret is the sum of weight times share, whatever secret was shared to these points."""
    weights = []
    for point in points:
        above, below = 1, 1
        for other in points:
            if other != point:
                above, below = above * other % PRIME, below * (other - point) % PRIME
        weights.append(above * pow(below, -1, PRIME) % PRIME)
    return weights


def combine(shares: Sequence[bytes | bytearray], weights: Sequence[int]) -> bytes:
    """The secret, from shares and the weights of their points; raises ProtocolViolation as ``recover_secret`` does."""
    values = [int.from_bytes(share, "big") for share in shares]
    if any(len(share) != SHARE_BYTES for share in shares) or any(value >= PRIME for value in values):
        raise ProtocolViolation("A share of a secret that came is malformed.")
    secret = sum(value * weight for value, weight in zip(values, weights, strict=True)) % PRIME
    if secret >> (8 * SECRET_BYTES):
        raise ProtocolViolation("The shares that came do not belong to one secret.")
    return secret.to_bytes(SECRET_BYTES, "big")


def _polynomial(secret: bytes | bytearray, threshold: int, random: RandomBytes) -> list[int]:
    """Coefficients from the highest power down to the secret."""
    drawn = random(_DRAWN_BYTES * (threshold - 1))
    powers = [drawn[at : at + _DRAWN_BYTES] for at in range(0, len(drawn), _DRAWN_BYTES)]
    return [*(int.from_bytes(one, "big") % PRIME for one in powers), int.from_bytes(secret, "big")]


def _values(packed: Sequence[int], point: int, slot: int, count: int) -> tuple[bytes, ...]:
    value = 0
    for coefficients in packed:
        value = value * point + coefficients
    slots = value.to_bytes(slot * count, "little")
    reduced = [int.from_bytes(slots[at : at + slot], "little") % PRIME for at in range(0, len(slots), slot)]
    return tuple(one.to_bytes(SHARE_BYTES, "big") for one in reduced)
