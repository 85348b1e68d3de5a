"""The catalogue keeps every version, knows whose each entry is, and gives nobody's to anybody else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("sqlalchemy", reason="the extra 'govern' is not installed")

from sqlalchemy import Connection
from tests.unit.govern.catalogue.made import FULL, small

from cohortium.errors import InvalidRequest, PermitDenied, ProtocolViolation
from cohortium.govern.catalogue import Catalogue, Query, form_bytes
from cohortium.govern.store import Store


def test_an_edit_is_a_new_version_and_the_old_one_stays(catalogue: Catalogue) -> None:
    catalogue.add(FULL, "ann")
    catalogue.edit(FULL.identifier, "bob", "Shorter", seen=1, title="Heart")
    assert catalogue.entry(FULL.identifier).title == "Heart"
    assert catalogue.entry(FULL.identifier, 1) == replace(FULL, version=1)
    assert [(one.version, one.by, one.note) for one in catalogue.versions(FULL.identifier)] == [
        (2, "bob", "Shorter"),
        (1, "ann", ""),
    ]


def test_of_two_edits_of_one_version_the_second_is_refused(catalogue: Catalogue) -> None:
    catalogue.add(FULL, "ann")
    catalogue.edit(FULL.identifier, "ann", "", seen=1, title="First")
    with pytest.raises(InvalidRequest, match="edited meanwhile"):
        catalogue.edit(FULL.identifier, "bob", "", seen=1, title="Second")
    assert catalogue.entry(FULL.identifier).title == "First"


@pytest.mark.parametrize(
    "changes",
    [{"identifier": "urn:example:other"}, {"version": 9}, {"rating": 5}, {"title": ""}],
    ids=["identifier", "version", "unknown", "empty"],
)
def test_an_edit_that_does_not_fit_changes_nothing(catalogue: Catalogue, changes: dict[str, Any]) -> None:
    catalogue.add(FULL, "ann")
    with pytest.raises(InvalidRequest):
        catalogue.edit(FULL.identifier, "ann", "", seen=1, **changes)
    assert [one.version for one in catalogue.versions(FULL.identifier)] == [1]


def test_what_is_published_arrives_at_the_hub(catalogue: Catalogue) -> None:
    catalogue.add(FULL, "ann")
    form = catalogue.publish(FULL.identifier, "ann")
    assert catalogue.standing(FULL.identifier).published == 1
    with pytest.raises(PermitDenied):
        catalogue.receive(form, "node/turin", "turin")


def test_what_lacks_what_the_profile_demands_is_not_published(catalogue: Catalogue) -> None:
    catalogue.add(small(1), "ann")
    with pytest.raises(InvalidRequest, match="It needs a contact"):
        catalogue.publish(small(1).identifier, "ann")
    assert catalogue.standing(small(1).identifier).published == 0


def test_a_hub_takes_each_version_once_and_from_its_owner_alone(catalogue: Catalogue) -> None:
    first, second = replace(FULL, version=1), replace(FULL, version=3, title="Heart")
    for form in (first, first, second):
        catalogue.receive(form_bytes(form), "node/mainz", "mainz")
    assert [one.version for one in catalogue.versions(FULL.identifier)] == [3, 1]
    with pytest.raises(PermitDenied):
        catalogue.receive(form_bytes(replace(second, version=4)), "node/turin", "turin")
    with pytest.raises(ProtocolViolation, match="older"):
        catalogue.receive(form_bytes(first), "node/mainz", "mainz")
    with pytest.raises(ProtocolViolation, match="another text"):
        catalogue.receive(form_bytes(replace(second, title="Lungs")), "node/mainz", "mainz")
    assert catalogue.entry(FULL.identifier) == second


def test_what_is_withdrawn_is_not_found_and_stays_in_the_books(catalogue: Catalogue) -> None:
    catalogue.add(FULL, "ann")
    assert catalogue.search(Query("heart")).total == catalogue.search(Query()).total == 1
    with pytest.raises(PermitDenied):
        catalogue.withdraw(FULL.identifier, "eve", "Mine now", origin="node/turin")
    catalogue.withdraw(FULL.identifier, "ann", "Wrong data")
    assert catalogue.search(Query("heart")).total == catalogue.search(Query()).total == 0
    assert catalogue.standing(FULL.identifier).is_withdrawn and catalogue.entry(FULL.identifier).title == FULL.title
    catalogue.edit(FULL.identifier, "ann", "Corrected", seen=1, persons=900)
    assert catalogue.search(Query("heart")).total == 1


def test_every_change_is_told_within_its_transaction(store: Store) -> None:
    told: list[Mapping[str, Any]] = []

    def refuse(_connection: Connection, event: Mapping[str, Any]) -> None:
        told.append(event)
        if event["entry"] == small(2).identifier:
            raise ProtocolViolation

    catalogue = Catalogue(store, on_change=refuse)
    catalogue.add(small(1), "ann")
    with pytest.raises(ProtocolViolation):
        catalogue.add(small(2), "ann")
    assert [one["event"] for one in told] == ["catalogue: kept"] * 2
    assert catalogue.search(Query()).total == 1


def test_an_entry_that_is_not_there_says_so(catalogue: Catalogue) -> None:
    for look in (catalogue.entry, catalogue.standing):
        with pytest.raises(InvalidRequest, match="no entry"):
            look("urn:example:none")
    catalogue.add(FULL, "ann")
    with pytest.raises(InvalidRequest, match="already"):
        catalogue.add(FULL, "bob")
