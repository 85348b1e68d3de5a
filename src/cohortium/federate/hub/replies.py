"""What sites answered, checked before the hub goes on with it; what is wrong is said with the site's name."""

from __future__ import annotations

from cohortium.errors import ProtocolViolation
from cohortium.federate.messages import Reply, from_site
from cohortium.federate.secrecy import Credential
from cohortium.records import Schema, Sums, schema_from_plain
from cohortium.records.sums import Layout


def read_reply(site: str, data: bytes) -> Reply:
    """The reply in these bytes."""
    with from_site(site):
        return Reply.from_bytes(data)


def has_heard(data: bytes) -> bool:
    """Whether the site that answered this has taken in what it was told; one whose disk is full is told again."""
    try:
        return Reply.from_bytes(data).error != "SiteUnavailable"
    except ProtocolViolation:
        return True


def schema_told(site: str, reply: Reply) -> Schema:
    """The public schema in an approval; raises ProtocolViolation or SchemaMismatch."""
    with from_site(site):
        plain = reply.facts.get("schema")
        if not isinstance(plain, dict):
            raise ProtocolViolation("An approval that came has no schema.")
        return schema_from_plain(plain)


def credential_told(site: str, reply: Reply) -> Credential:
    """What a site shows of itself in an approval; raises ProtocolViolation."""
    with from_site(site):
        return Credential.from_plain(reply.facts.get("credential"))


def sums_told(site: str, reply: Reply, layout: Layout) -> Sums:
    """The sums in the answer to a step; raises ProtocolViolation where they are not laid out as was asked."""
    with from_site(site):
        sums = Sums.from_bytes(reply.body)
        if sums.layout != layout:
            raise ProtocolViolation("Sums that came have other names, shapes or types than were asked for.")
        return sums


def reason_told(reply: Reply | None) -> str:
    """Why a site takes no part."""
    if reply is None:
        return "not connected, or no decision in time"
    return reply.reason or str(reply.facts.get("reason") or reply.facts.get("decision"))
