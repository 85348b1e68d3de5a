"""One way to write a JSON value as bytes, so that its digest means the value.

Source : RFC 8785 (JSON Canonicalization Scheme), by the package ``rfc8785``.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from cohortium.errors import InvalidRequest, MissingExtra, ProtocolViolation


def canonical(value: Any) -> bytes:
    """The value's canonical bytes.

    Raises : InvalidRequest for what JSON cannot say exactly: NaN, whole numbers beyond 2^53, keys that are no texts.
    """
    try:
        import rfc8785
    except ImportError as error:
        raise MissingExtra("The ledger needs the package 'rfc8785': pip install 'cohortium[govern]'") from error
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as error:
        raise InvalidRequest(f"This cannot be written as canonical JSON: {type(error).__name__}.") from error


def digest(value: Any) -> str:
    """SHA-256 of the canonical bytes, as "sha256:" and hexadecimal digits."""
    return f"sha256:{hashlib.sha256(canonical(value)).hexdigest()}"


def parsed(data: bytes) -> Any:
    """The value of canonical bytes.

    Raises : ProtocolViolation where they are not JSON, or not canonical, so that another text could mean the same.
    """
    try:
        value = json.loads(data)
    except ValueError as error:
        raise ProtocolViolation("An entry is not JSON.") from error
    if canonical(value) != data:
        raise ProtocolViolation("An entry is not canonical JSON (RFC 8785).")
    return value
