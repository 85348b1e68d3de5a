"""encrypt: the value itself, readable again by who holds the ring of keys."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from typing import Any

from cohortium.anonymise.fhir.methods.method import Applied, Context
from cohortium.anonymise.pseudonyms import KeyRing
from cohortium.errors import InvalidRequest, MissingExtra

_NONCE_BYTES = 12


def encrypt(value: Any, _kind: str, _path: str, _holder: dict[str, Any], context: Context) -> Applied:
    """AES-256-GCM in base 64: a fresh random nonce, then the ciphertext; equal values look different.

    Source : NIST SP 800-38D.
    """
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = _cipher(context.ring, None).encrypt(nonce, json.dumps(value).encode(), None)
    return Applied(base64.b64encode(nonce + sealed).decode(), "encrypt")


def decrypt(text: str, ring: KeyRing, *, generation: str | None = None) -> Any:
    """The value that ``encrypt`` hid under a generation of the ring's keys, the current one by default.

    Raises : InvalidRequest where the text was made by another key, or changed.
    """
    from cryptography.exceptions import InvalidTag

    try:
        sealed = base64.b64decode(text, validate=True)
        plain = _cipher(ring, generation).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)
        return json.loads(plain)
    except (InvalidTag, binascii.Error, ValueError) as error:
        raise InvalidRequest("This text was not encrypted by this ring of keys, or it was changed since.") from error


def _cipher(ring: KeyRing, generation: str | None) -> Any:
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError as error:
        raise MissingExtra("The method encrypt needs: pip install 'cohortium[secure]'.") from error
    return AESGCM(ring.bytes_for("fhir/encrypt", "", generation))
