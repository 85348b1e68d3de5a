"""How entries stand in the database: whose they are, in which version, and every version as it was written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from cohortium.errors import InvalidRequest
from cohortium.govern.catalogue.entry import Entry
from cohortium.govern.catalogue.form import from_form
from cohortium.govern.catalogue.tables import CURRENT, REVISION, VERSIONS


@dataclass(frozen=True, slots=True)
class Version:
    """An edit that was made."""

    version: int
    at: str
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How an entry stands.

    published : the version that the hub was given last; 0 for none.
    origin    : "" where it is our own, "node/…" of a site, or the address of the catalogue that it was harvested from.
    digest    : of the present form, but for its version.
    """

    identifier: str
    version: int
    published: int
    origin: str
    is_withdrawn: bool
    digest: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one entry that was offered: "added", "updated", "unchanged" or "refused", and why."""

    identifier: str
    outcome: str
    reason: str = ""


STANDING = (
    CURRENT.c.identifier, CURRENT.c.version, CURRENT.c.published, CURRENT.c.origin, CURRENT.c.is_shown,
    CURRENT.c.digest,
)  # fmt: skip


def as_standing(row: Any) -> Standing:
    """A row of ``STANDING``."""
    identifier, version, published, origin, is_shown, digest = row
    return Standing(identifier, version, published, origin, not is_shown, digest)


def standing_of(connection: Connection, identifier: str) -> Standing | None:
    """How an entry stands; None where there is none."""
    row = connection.execute(select(*STANDING).where(CURRENT.c.identifier == identifier)).first()
    return None if row is None else as_standing(row)


def entry_of(connection: Connection, identifier: str, version: int | None) -> Entry:
    """A version of an entry, the present one by default; raises InvalidRequest where there is none."""
    if version is None:
        version = connection.scalar(select(CURRENT.c.version).where(CURRENT.c.identifier == identifier))
    where = (VERSIONS.c.identifier == identifier, VERSIONS.c.version == version)
    form = connection.scalar(select(VERSIONS.c.form).where(*where))
    if form is None:
        raise InvalidRequest("There is no entry of this identifier, or not in this version.")
    return from_form(form)


def next_revision(connection: Connection) -> int:
    """The number of this change. Whoever has it is alone in changing the catalogue until the transaction ends."""
    counted = update(REVISION).values(last=REVISION.c.last + 1).returning(REVISION.c.last)
    return int(connection.scalar(counted) or 0)
