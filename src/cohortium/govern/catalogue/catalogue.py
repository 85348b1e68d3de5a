"""The catalogue of a node or hub: entries in versions that are never overwritten, each owned by one origin."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, insert, select, update

from cohortium.errors import InvalidRequest, PermitDenied, ProtocolViolation
from cohortium.govern.catalogue.entry import Entry
from cohortium.govern.catalogue.facets import FacetIndex, facets_of
from cohortium.govern.catalogue.finding import found
from cohortium.govern.catalogue.form import digest, form_bytes, from_form
from cohortium.govern.catalogue.search import Page, Query
from cohortium.govern.catalogue.standings import (
    STANDING,
    Outcome,
    Standing,
    Version,
    as_standing,
    entry_of,
    next_revision,
    standing_of,
)
from cohortium.govern.catalogue.tables import CURRENT, REVISION, VERSIONS
from cohortium.govern.catalogue.word_index import word_index
from cohortium.govern.store import Store
from cohortium.privacy.database import now

AT_ONCE = 500
"""Entries that are taken in one transaction."""


class Catalogue:
    """A catalogue in a database.

    clock     : the time in UTC, ISO 8601.
    on_change : told of every change within the transaction that makes it, for the ledger: an event of JSON values.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], str] = now,
        on_change: Callable[[Connection, Mapping[str, Any]], None] | None = None,
    ) -> None:
        self.store, self.clock = store, clock
        self.words = word_index(postgres=store.is_postgres)
        self._on_change = on_change or (lambda _connection, _event: None)
        self._facets, self._seen, self._lock = FacetIndex(), 0, threading.Lock()

    # ---- writing ------------------------------------------------------------------------------------------------

    def add(self, entry: Entry, by: str, note: str = "") -> Entry:
        """An entry of our own, as version 1.

        Raises : InvalidRequest where there is one of that identifier.
        """
        with self.store.transaction() as connection:
            if standing_of(connection, entry.identifier) is not None:
                raise InvalidRequest("There is an entry of this identifier already; edit it, or choose another.")
            made = replace(entry, version=1)
            self._keep(connection, made, None, "", by, note)
        return made

    def edit(self, identifier: str, by: str, note: str, /, *, seen: int, **changes: Any) -> Entry:
        """A new version of an entry of our own, with some fields changed; earlier versions stay.

        seen   : the version that the steward saw.
        Raises : InvalidRequest where somebody has edited it since, or the fields do not fit.
        """
        with self.store.transaction() as connection:
            held = self._own(connection, identifier)
            if held.version != seen:
                raise InvalidRequest(f"It was edited meanwhile: version {held.version} instead of {seen}. Look again.")
            if {"identifier", "version"} & set(changes):
                raise InvalidRequest("An edit changes neither the identifier nor the version.")
            try:
                made = replace(entry_of(connection, identifier, seen), version=seen + 1, **changes)
            except TypeError as error:
                raise InvalidRequest("An edit changes fields of an entry; one of these is none.") from error
            self._keep(connection, made, held, "", by, note)
        return made

    def publish(self, identifier: str, by: str) -> bytes:
        """The form that goes to the hub, and a note that it went.

        Raises : InvalidRequest with what HealthDCAT-AP still asks for.
        """
        from cohortium.govern.catalogue.rdf import violations

        with self.store.transaction() as connection:
            held = self._own(connection, identifier)
            entry = entry_of(connection, identifier, held.version)
            grave = [one for one in violations(entry) if one.is_grave]
            if grave:
                raise InvalidRequest(f"It cannot be published yet: {' '.join(one.message for one in grave)}")
            connection.execute(update(CURRENT).where(CURRENT.c.identifier == identifier).values(published=held.version))
            self._tell(connection, "published", identifier, by, version=held.version, digest=held.digest)
        return form_bytes(entry)

    def withdraw(self, identifier: str, by: str, note: str, origin: str = "") -> None:
        """Take an entry out of the search; its versions stay, and an edit brings it back."""
        with self.store.transaction() as connection:
            held = standing_of(connection, identifier)
            if held is None or held.origin != origin:
                raise PermitDenied("Only whose entry it is can withdraw it.")
            place = connection.scalar(select(CURRENT.c.place).where(CURRENT.c.identifier == identifier))
            revision = next_revision(connection)
            where = CURRENT.c.identifier == identifier
            connection.execute(update(CURRENT).where(where).values(is_shown=False, revision=revision))
            self.words.drop(connection, int(place or 0))
            self._tell(connection, "withdrawn", identifier, by, version=held.version, note=note)

    def set_aside(self, identifier: str, by: str, note: str) -> None:
        """Free the identifier of a harvested entry, so that whose it really is can use it.

        What was harvested is kept under another name and is not found any more.
        Raises : PermitDenied for an entry that was not harvested.
        """
        with self.store.transaction() as connection:
            held = standing_of(connection, identifier)
            if held is None or not held.origin.startswith(("https://", "http://", "urn:")):
                raise PermitDenied("Only an entry that was harvested can be set aside.")
            place = connection.scalar(select(CURRENT.c.place).where(CURRENT.c.identifier == identifier))
            revision = next_revision(connection)
            aside = {"identifier": f"{identifier}#aside-{revision}"}
            connection.execute(update(VERSIONS).where(VERSIONS.c.identifier == identifier).values(**aside))
            where = CURRENT.c.identifier == identifier
            connection.execute(update(CURRENT).where(where).values(is_shown=False, revision=revision, **aside))
            self.words.drop(connection, int(place or 0))
            self._tell(connection, "set aside", identifier, by, origin=held.origin, note=note)

    def receive(self, form: bytes, origin: str, by: str) -> Entry:
        """An entry that a node has published, at the hub.

        origin : whose it is, as the hub knows it, such as "node/mainz".
        Raises : InvalidRequest for what is no entry; PermitDenied where it is another's; ProtocolViolation where an
                 older version comes after a newer one, or one version has two texts.
        """
        entry = from_form(form)
        with self.store.transaction() as connection:
            held = standing_of(connection, entry.identifier)
            if held is not None and held.origin != origin:
                raise PermitDenied("There is an entry of this identifier already, and it is another's.")
            if held is not None and not held.is_withdrawn and held.version == entry.version:
                if held.digest != digest(entry):
                    raise ProtocolViolation("The hub has this version of the entry with another text.")
                return entry
            if held is not None and entry.version <= held.version:
                raise ProtocolViolation(f"The hub has version {held.version} of the entry; {entry.version} is older.")
            self._keep(connection, entry, held, origin, by, "")
        return entry

    def take(self, entries: Iterable[Entry], origin: str, by: str) -> list[Outcome]:
        """Entries of another catalogue: new ones are added, changed ones become new versions, ours are left alone."""
        offered, outcomes = list(entries), []
        for start in range(0, len(offered), AT_ONCE):
            with self.store.transaction() as connection:
                outcomes += [self._take(connection, one, origin, by) for one in offered[start : start + AT_ONCE]]
        return outcomes

    def _take(self, connection: Connection, entry: Entry, origin: str, by: str) -> Outcome:
        held = standing_of(connection, entry.identifier)
        if held is None:
            self._keep(connection, replace(entry, version=1), None, origin, by, "harvested")
            return Outcome(entry.identifier, "added")
        if held.origin != origin:
            whose = "it is an entry of our own" if not held.origin else "it came from another catalogue"
            return Outcome(entry.identifier, "refused", f"{whose}, which is not overwritten")
        if held.digest == digest(entry) and not held.is_withdrawn:
            return Outcome(entry.identifier, "unchanged")
        self._keep(connection, replace(entry, version=held.version + 1), held, origin, by, "harvested")
        return Outcome(entry.identifier, "updated")

    def _keep(
        self, connection: Connection, entry: Entry, held: Standing | None, origin: str, by: str, note: str
    ) -> None:
        revision, at, told = next_revision(connection), self.clock(), digest(entry)
        connection.execute(
            insert(VERSIONS),
            {"identifier": entry.identifier, "version": entry.version, "form": form_bytes(entry).decode(), "at": at,
             "by": by, "note": note},
        )  # fmt: skip
        values = {"version": entry.version, "is_shown": True, "digest": told, "facets": facets_of(entry)}
        values["revision"] = revision
        if held is None:
            # A change counts once, so that its number is a place that nobody else has.
            place = revision
            new = {"place": place, "identifier": entry.identifier, "origin": origin, "published": 0, **values}
            connection.execute(insert(CURRENT), new)
        else:
            where = CURRENT.c.identifier == entry.identifier
            connection.execute(update(CURRENT).where(where).values(**values))
            place = int(connection.scalar(select(CURRENT.c.place).where(where)) or 0)
            self.words.drop(connection, place)
        self.words.put(connection, place, entry)
        self._tell(connection, "kept", entry.identifier, by, version=entry.version, digest=told, origin=origin)

    def _tell(self, connection: Connection, what: str, identifier: str, by: str, **more: Any) -> None:
        event = {"event": f"catalogue: {what}", "at": self.clock(), "entry": identifier, "by": by}
        self._on_change(connection, {**event, **more})

    def _own(self, connection: Connection, identifier: str) -> Standing:
        held = standing_of(connection, identifier)
        if held is None:
            raise InvalidRequest("There is no entry of this identifier.")
        if held.origin:
            raise PermitDenied("It is an entry of another catalogue; it is edited there.")
        return held

    # ---- reading ------------------------------------------------------------------------------------------------

    def entry(self, identifier: str, version: int | None = None) -> Entry:
        """The present version, or an earlier one; raises InvalidRequest where there is none."""
        with self.store.reading() as connection:
            return entry_of(connection, identifier, version)

    def versions(self, identifier: str) -> tuple[Version, ...]:
        """All edits of an entry, the latest first."""
        columns = (VERSIONS.c.version, VERSIONS.c.at, VERSIONS.c.by, VERSIONS.c.note)
        query = select(*columns).where(VERSIONS.c.identifier == identifier).order_by(VERSIONS.c.version.desc())
        with self.store.reading() as connection:
            return tuple(Version(*row) for row in connection.execute(query))

    def standing(self, identifier: str) -> Standing:
        """Whose it is, and how far it got; raises InvalidRequest where there is none."""
        with self.store.reading() as connection:
            held = standing_of(connection, identifier)
        if held is None:
            raise InvalidRequest("There is no entry of this identifier.")
        return held

    def standings(self, origin: str) -> tuple[Standing, ...]:
        """All entries of one origin, by identifier."""
        query = select(*STANDING).where(CURRENT.c.origin == origin).order_by(CURRENT.c.identifier)
        with self.store.reading() as connection:
            return tuple(as_standing(row) for row in connection.execute(query))

    def search(self, query: Query) -> Page:
        """What matches, a page of it, with the counts of all facets.

        Raises : InvalidRequest for a query that cannot be understood.
        """
        with self.store.reading() as connection, self._lock:
            self._bring_up_to_date(connection)
            return found(connection, self.words, self._facets, query)

    def _bring_up_to_date(self, connection: Connection) -> None:
        last = connection.scalar(select(REVISION.c.last)) or 0
        if last == self._seen:
            return
        columns = (CURRENT.c.place, CURRENT.c.facets, CURRENT.c.revision, CURRENT.c.is_shown)
        for place, facets, revision, is_shown in connection.execute(
            select(*columns).where(CURRENT.c.revision > self._seen)
        ):
            self._facets.put(place, facets, revision, is_shown=is_shown)
        self._seen = last
