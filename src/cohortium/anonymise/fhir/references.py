"""FHIR's references: taken apart, made comparable, and put together again around a pseudonym.

Source : HL7 FHIR R4, 2.3.0.1 (literal references), 3.1.0.11.4 (conditional ones in bundles).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from cohortium.anonymise.fhir.structure import is_resource

_URN = re.compile(r"urn:(uuid|oid):(.+)$")
_LITERAL = re.compile(
    r"(?P<base>https?://.+/)?(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})(?P<history>/_history/.+)?$"
)
_CONDITIONAL = re.compile(r"(?P<base>https?://.+/)?(?P<type>[A-Z][A-Za-z]+)\?(?P<query>.+)$")
Pseudonym = Callable[[str, str], str]
"""The pseudonym of an id or identifier, given its type ("Patient", or "" where not known)."""


def key_of(reference: str) -> str | None:
    """What makes two references comparable: "Patient/1" however it was written, "urn:uuid:...", "?system|value".

    None for contained ones, and for what is no reference to a resource.
    """
    if _URN.match(reference):
        return reference.lower()
    literal = _LITERAL.match(reference)
    if literal and is_resource(literal["type"]):
        return f"{literal['type']}/{literal['id']}"
    conditional = _CONDITIONAL.match(reference)
    if conditional and conditional["query"].startswith("identifier="):
        return identifier_key(*_identifier(conditional["query"]))
    return None


def identifier_key(system: str, value: str) -> str:
    """The key of a resource that is named by one of its identifiers."""
    return f"?{system}|{value}"


def renamed(reference: str, pseudonym: Pseudonym) -> str:
    """The reference with pseudonyms in the places of ids, of identifiers and of the server's address."""
    if reference.startswith("#"):
        return reference if reference == "#" else f"#{pseudonym('contained', reference[1:])}"
    urn = _URN.match(reference)
    if urn:
        return f"urn:{urn[1]}:{pseudonym('', urn[2])}"
    literal = _LITERAL.match(reference)
    if literal and is_resource(literal["type"]):
        name = pseudonym(literal["type"], literal["id"])
        return f"{_base(literal['base'], pseudonym)}{literal['type']}/{name}{_history(literal['history'], pseudonym)}"
    conditional = _CONDITIONAL.match(reference)
    if conditional and is_resource(conditional["type"]):
        return f"{_base(conditional['base'], pseudonym)}{conditional['type']}?{_query(conditional, pseudonym)}"
    if is_resource(reference):
        return reference
    return pseudonym("", reference)


def _query(conditional: re.Match[str], pseudonym: Pseudonym) -> str:
    query = conditional["query"]
    if not query.startswith("identifier=") or "&" in query:
        return f"identifier={pseudonym('', query)}"
    system, value = _identifier(query)
    name = pseudonym(conditional["type"], value)
    return f"identifier={system}|{name}" if system else f"identifier={name}"


def _identifier(query: str) -> tuple[str, str]:
    system, bar, value = query.removeprefix("identifier=").partition("|")
    return (system, value) if bar else ("", system)


def _base(address: str | None, pseudonym: Pseudonym) -> str:
    # The name of a server can name a hospital; ".invalid" can never be one (RFC 2606).
    return f"https://{pseudonym('server', address)}.invalid/" if address else ""


def _history(part: str | None, pseudonym: Pseudonym) -> str:
    return f"/_history/{pseudonym('version', part.rpartition('/')[2])}" if part else ""
