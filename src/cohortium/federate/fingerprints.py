"""Fingerprints as people compare them, by telephone: the first 80 bits of a SHA-256 in five groups."""

from __future__ import annotations

import hashlib
import re
import ssl

from cohortium.errors import InvalidRequest, ProtocolViolation

DIGITS, GROUP = 20, 4
_HEXADECIMAL = re.compile(r"[0-9a-f]+")


def short(digest: str) -> str:
    """The fingerprint of a digest in hexadecimal, to be read out: ``3f9c-20ab-81d4-77e0-0c15``."""
    return "-".join(digest[place : place + GROUP] for place in range(0, DIGITS, GROUP))


def of_certificate(pem: str) -> str:
    """SHA-256 of a certificate (PEM), in hexadecimal."""
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


def must_match(said: str, digest: str) -> None:
    """Hold what a person was told, short or whole, against a digest.

    Raises : InvalidRequest where it is no fingerprint; ProtocolViolation where it is another's.
    """
    plain = re.sub(r"[-: ]", "", said).lower()
    if len(plain) < DIGITS or not _HEXADECIMAL.fullmatch(plain):
        raise InvalidRequest(f"A fingerprint has {DIGITS} hexadecimal digits, as in {short('0123456789' * 2)}.")
    if not digest.startswith(plain):
        raise ProtocolViolation(
            f"The token is of a hub with the fingerprint {short(digest)}, not {short(plain)}. It may have been changed "
            "on its way: ask the hub's operator, by telephone, before you go on."
        )
