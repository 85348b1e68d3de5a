"""A signed statement in the envelope that supply-chain tools read.

Sources : DSSE 1.0 (https://github.com/secure-systems-lab/dsse), in-toto Statement 1 (https://in-toto.io/Statement/v1).
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from cohortium.crypto.keys import Identity, verify
from cohortium.errors import ProtocolViolation
from cohortium.govern.ledger.canonical import canonical, parsed
from cohortium.govern.ledger.signed_note import NoteKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"


@dataclass(frozen=True, slots=True)
class Envelope:
    """Canonical JSON and who signed it; the signatures are not yet checked.

    signatures : verifier's key as its text says it, to the signature.
    """

    payload: bytes
    signatures: dict[str, bytes]

    @classmethod
    def of(cls, statement: dict[str, Any], name: str, identity: Identity) -> Envelope:
        """A statement that one key signs."""
        payload = canonical(statement)
        key = NoteKey(name, identity.public)
        return cls(payload, {str(key): identity.sign(_authenticated(payload))})

    @property
    def statement(self) -> dict[str, Any]:
        """What it says; raises ProtocolViolation where it is no statement."""
        found = parsed(self.payload)
        if not isinstance(found, dict) or found.get("_type") != STATEMENT_TYPE:
            raise ProtocolViolation(f"The envelope holds no in-toto statement ({STATEMENT_TYPE}).")
        return found

    def signers(self) -> tuple[NoteKey, ...]:
        """Whose signatures it carries, by their own word; raises InvalidRequest where a key is not one."""
        return tuple(map(NoteKey.parse, self.signatures))

    def check(self, key: NoteKey) -> None:
        """Raises ProtocolViolation where this key did not sign what the envelope holds."""
        signature = self.signatures.get(str(key))
        if signature is None:
            raise ProtocolViolation(f"The receipt is not signed by '{key.name}'.")
        verify(key.public, signature, _authenticated(self.payload), key.name)

    def to_json(self) -> str:
        """As it is handed on."""
        return json.dumps(
            {
                "payloadType": PAYLOAD_TYPE,
                "payload": base64.b64encode(self.payload).decode(),
                "signatures": [
                    {"keyid": key, "sig": base64.b64encode(signature).decode()}
                    for key, signature in self.signatures.items()
                ],
            },
            indent=1,
        )


def envelope_from_json(text: str) -> Envelope:
    """The one that ``to_json`` wrote; raises ProtocolViolation where it has another form."""
    try:
        plain = json.loads(text)
        if plain["payloadType"] != PAYLOAD_TYPE:
            raise ProtocolViolation(f"The envelope holds '{plain['payloadType']}'; {PAYLOAD_TYPE} was expected.")
        payload = base64.b64decode(plain["payload"], validate=True)
        signatures = {str(one["keyid"]): base64.b64decode(one["sig"], validate=True) for one in plain["signatures"]}
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise ProtocolViolation(f"This is no receipt: {type(error).__name__} in one of its parts.") from error
    return Envelope(payload, signatures)


def _authenticated(payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
