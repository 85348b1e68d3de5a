"""Permits that hold no longer: a list that the authority signs, and that a node never takes back to an earlier one."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from cohortium.crypto.keys import Identity, verify
from cohortium.errors import ProtocolViolation
from cohortium.govern.ledger.canonical import canonical, parsed

_LABEL = b"cohortium revocations 1\n"


@dataclass(frozen=True, slots=True)
class Revocations:
    """Which permits are suspended or revoked.

    serial    : grows by one with every change, so that an old list is known as old.
    issued    : time, ISO 8601 in UTC.
    suspended : numbers of permits that are stopped for now.
    revoked   : numbers of permits that are stopped for good.
    """

    serial: int
    issued: str
    suspended: tuple[str, ...] = ()
    revoked: tuple[str, ...] = ()

    def stops(self, number: str) -> str:
        """ "revoked", "suspended", or nothing where the permit holds."""
        return "revoked" if number in self.revoked else "suspended" if number in self.suspended else ""

    def signed(self, identity: Identity) -> str:
        """As it is sent."""
        lists = {"suspended": sorted(self.suspended), "revoked": sorted(self.revoked)}
        payload = canonical({"serial": self.serial, "issued": self.issued, **lists})
        signature = identity.sign(_LABEL + payload)
        return json.dumps({"payload": payload.decode(), "signature": base64.b64encode(signature).decode()})


def read_revocations(text: str, public: bytes, authority: str, known: Revocations | None = None) -> Revocations:
    """The list that an authority sent.

    public : its key, known from elsewhere.
    known  : the newest list that is known here.
    Raises : ProtocolViolation where the signature does not hold, or the list is older than ``known``, or takes a
             revocation back.
    """
    try:
        plain = json.loads(text)
        payload, signature = plain["payload"].encode(), base64.b64decode(plain["signature"], validate=True)
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise ProtocolViolation("This is no signed list of revocations.") from error
    verify(public, signature, _LABEL + payload, authority)
    found = _from_plain(parsed(payload))
    if known is not None and found.serial < known.serial:
        raise ProtocolViolation(
            f"The list of revocations is number {found.serial}, and number {known.serial} was known."
        )
    if known is not None and found.serial == known.serial and found != known:
        raise ProtocolViolation(f"There are two lists of revocations of number {known.serial}.")
    if known is not None and not set(known.revoked) <= set(found.revoked):
        raise ProtocolViolation("The list of revocations takes one back; a revoked permit stays revoked.")
    return found


def _from_plain(plain: Any) -> Revocations:
    try:
        serial, issued = plain["serial"], plain["issued"]
        lists = [plain[name] for name in ("suspended", "revoked")]
        if (
            type(serial) is not int
            or not isinstance(issued, str)
            or set(plain) != {"serial", "issued", "suspended", "revoked"}
        ):
            raise TypeError
        if not all(isinstance(one, list) and all(isinstance(number, str) for number in one) for one in lists):
            raise TypeError
    except (KeyError, TypeError) as error:
        raise ProtocolViolation("This is no list of revocations.") from error
    return Revocations(serial, issued, tuple(lists[0]), tuple(lists[1]))
