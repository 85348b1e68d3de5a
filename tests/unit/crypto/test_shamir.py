"""Secrets come back from enough shares, whichever they are, and from no fewer."""

from __future__ import annotations

from contextlib import suppress
from itertools import combinations

import numpy as np
import pytest

from cohortium.crypto import recover_secret, share_secret
from cohortium.crypto.shamir import PRIME, SHARE_BYTES, combine, weights_at_zero
from cohortium.errors import InvalidRequest, ProtocolViolation

SECRETS = [bytes(32), b"\xff" * 32, bytes(range(32))]


def test_the_field_is_the_smallest_prime_that_holds_every_secret() -> None:
    def is_prime(n: int) -> bool:  # Miller-Rabin, bases that decide with an error below 2 ** -60
        odd, twos = n - 1, 0
        while odd % 2 == 0:
            odd, twos = odd // 2, twos + 1
        for base in range(2, 32):
            x = pow(base, odd, n)
            if x in (1, n - 1):
                continue
            if not any((x := x * x % n) == n - 1 for _ in range(twos - 1)):
                return False
        return True

    assert is_prime(PRIME)
    assert not any(is_prime(n) for n in range(2**256 + 1, PRIME, 2))


@pytest.mark.parametrize("secret", SECRETS)
def test_any_threshold_shares_open_the_secret(secret: bytes) -> None:
    points = [1, 2, 5, 9, 100]
    shares = dict(zip(points, share_secret(secret, points, 3), strict=True))
    for chosen in combinations(points, 3):
        assert recover_secret({point: shares[point] for point in chosen}, 3) == secret
    assert recover_secret(shares, 3) == secret


def test_fewer_shares_fit_every_secret() -> None:
    """With threshold - 1 shares, a last share can be found for any secret whatever: they say nothing about it."""
    points = [1, 2, 3]
    shares = share_secret(SECRETS[2], points, 3)
    weights = weights_at_zero(points)
    for other in SECRETS:
        known = sum(int.from_bytes(share, "big") * w for share, w in zip(shares[:2], weights[:2], strict=True))
        last = (int.from_bytes(other, "big") - known) * pow(weights[2], -1, PRIME) % PRIME
        assert combine([*shares[:2], last.to_bytes(SHARE_BYTES, "big")], weights) == other


def test_the_polynomial_comes_from_the_given_source(rng: np.random.Generator) -> None:
    drawn: list[int] = []

    def insecure_random(count: int) -> bytes:
        drawn.append(count)
        return rng.bytes(count)

    share_secret(SECRETS[0], [1, 2, 3], 3, insecure_random)
    assert drawn == [2 * 48]
    assert share_secret(SECRETS[2], [1, 2, 3], 3) != share_secret(SECRETS[2], [1, 2, 3], 3)


def test_a_changed_share_gives_another_secret_or_none() -> None:
    shares = dict(zip([1, 2, 3], share_secret(SECRETS[2], [1, 2, 3], 2), strict=True))
    altered = shares | {1: (int.from_bytes(shares[1], "big") ^ 1).to_bytes(SHARE_BYTES, "big")}
    with suppress(ProtocolViolation):
        assert recover_secret(altered, 2) != SECRETS[2]


@pytest.mark.parametrize(
    "shares",
    [{1: bytes(SHARE_BYTES)}, {1: bytes(SHARE_BYTES), 2: bytes(32)}, {1: b"\xff" * SHARE_BYTES, 2: bytes(SHARE_BYTES)}],
    ids=["too few", "too short", "outside the field"],
)
def test_malformed_shares_are_refused(shares: dict[int, bytes]) -> None:
    with pytest.raises(ProtocolViolation):
        recover_secret(shares, 2)


@pytest.mark.parametrize(
    ("secret", "points", "threshold"),
    [(bytes(31), [1, 2], 2), (bytes(32), [1, 2], 3), (bytes(32), [1, 1], 2), (bytes(32), [0, 1], 2)],
)
def test_impossible_sharings_are_refused(secret: bytes, points: list[int], threshold: int) -> None:
    with pytest.raises(InvalidRequest):
        share_secret(secret, points, threshold)
