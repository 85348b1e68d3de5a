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

RandomBytes = Callable[[int], bytes]
"""A source of random bytes; ``secrets.token_bytes`` everywhere but in tests."""


def share_secret(
    secret: bytes | bytearray, points: Sequence[int], threshold: int, random: RandomBytes = secrets.token_bytes
) -> list[bytes]:
    """One share for every point, in their order: the values there of a random polynomial that is ``secret`` at 0.

    points : different whole numbers above 0, small ones: they are the holders' places in the roster.
    Raises : InvalidRequest where the secret has not 32 bytes, or the threshold is above the number of points.
    """
    if len(secret) != SECRET_BYTES or not 1 <= threshold <= len(points):
        raise InvalidRequest("A secret has 32 bytes, and its threshold is at most the number of shares.")
    if len(set(points)) != len(points) or min(points) < 1 or max(points) >= PRIME:
        raise InvalidRequest("The points of shares are different whole numbers above 0.")
    drawn = random(_DRAWN_BYTES * (threshold - 1))
    polynomial = [
        int.from_bytes(drawn[at : at + _DRAWN_BYTES], "big") % PRIME for at in range(0, len(drawn), _DRAWN_BYTES)
    ]
    polynomial.append(int.from_bytes(secret, "big"))
    return [_value(polynomial, point).to_bytes(SHARE_BYTES, "big") for point in points]


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


def _value(polynomial: Sequence[int], point: int) -> int:
    value = 0
    for coefficient in polynomial:
        value = value * point + coefficient  # points are small: reducing once, at the end, is three times as fast
    return value % PRIME
