"""A permit as a signed document, which a node checks without asking anybody.

The same payload carries several signatures: that of the authority that granted it, and that of each hospital that
agreed. So neither can make a permit without the other.
Source : RFC 7515 (JWS), general JSON serialisation, section 7.2.1; RFC 8037 (Ed25519 as "EdDSA"); RFC 8785 (payload).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cohortium.crypto.keys import Identity, verify
from cohortium.errors import PermitDenied, ProtocolViolation
from cohortium.govern.ledger.canonical import canonical, digest, parsed
from cohortium.govern.permits.permit import Permit, permit_from_plain

TYPE = "cohortium-permit+jws"
MOST_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class PermitDocument:
    """A permit and who has signed it; the signatures are not yet checked.

    payload    : canonical JSON of the permit.
    signatures : signer to signature.
    """

    payload: bytes
    signatures: Mapping[str, bytes]

    @classmethod
    def of(cls, permit: Permit) -> PermitDocument:
        """The document that nobody has signed yet."""
        return cls(canonical(permit.to_plain()), {})

    @property
    def permit(self) -> Permit:
        """What it says; raises ProtocolViolation where it is no permit."""
        return permit_from_plain(parsed(self.payload))

    @property
    def digest(self) -> str:
        """SHA-256 of what was signed."""
        return digest(parsed(self.payload))

    def signed(self, signer: str, identity: Identity) -> PermitDocument:
        """The same with one signature more."""
        signature = identity.sign(_under_header(signer, self.payload))
        return PermitDocument(self.payload, {**self.signatures, signer: signature})

    def check(self, keys: Mapping[str, bytes], needed: tuple[str, ...]) -> Permit:
        """The permit, where everybody ``needed`` has signed it.

        keys   : public keys by signer, known from elsewhere.
        Raises : PermitDenied naming who has not signed; ProtocolViolation where a signature does not hold.
        """
        missing = [name for name in needed if name not in self.signatures]
        if missing:
            raise PermitDenied(f"The permit is not signed by {', '.join(missing)}.")
        for name in needed:
            if name not in keys:
                raise PermitDenied(f"The key of {name} is not known here, so that its signature says nothing.")
            verify(keys[name], self.signatures[name], _under_header(name, self.payload), name)
        return self.permit

    def to_json(self) -> str:
        """As it is handed on."""
        signatures = [
            {"protected": _base64(_header(name)), "signature": _base64(signature)}
            for name, signature in sorted(self.signatures.items())
        ]
        return json.dumps({"payload": _base64(self.payload), "signatures": signatures}, indent=1)


def document_from_json(text: str) -> PermitDocument:
    """The one that ``to_json`` wrote.

    Raises : ProtocolViolation where it has another form, or a header asks for another algorithm.
    """
    if len(text) > MOST_BYTES:
        raise ProtocolViolation(f"A permit has at most {MOST_BYTES:,} characters.")
    try:
        plain = json.loads(text)
        payload = _bytes(plain["payload"])
        signatures: dict[str, bytes] = {}
        for one in plain["signatures"]:
            header = _bytes(one["protected"])
            name = json.loads(header)["kid"]
            if not isinstance(name, str) or header != _header(name) or name in signatures or set(one) != _PARTS:
                raise ProtocolViolation(
                    "A signature of the permit has a header of another kind than EdDSA for permits."
                )
            signatures[name] = _bytes(one["signature"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProtocolViolation(f"This is no signed permit: {type(error).__name__} in one of its parts.") from error
    return PermitDocument(payload, signatures)


_PARTS = {"protected", "signature"}


def _header(signer: str) -> bytes:
    header: dict[str, Any] = {"alg": "EdDSA", "kid": signer, "typ": TYPE}
    return canonical(header)


def _under_header(signer: str, payload: bytes) -> bytes:
    return f"{_base64(_header(signer))}.{_base64(payload)}".encode()


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: Any) -> bytes:
    try:
        found = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, TypeError) as error:
        raise ProtocolViolation("A part of the permit is not base64url.") from error
    if _base64(found) != text:
        raise ProtocolViolation("A part of the permit is not base64url in its one form.")
    return found
