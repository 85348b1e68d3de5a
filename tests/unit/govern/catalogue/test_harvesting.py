"""Harvesting: new and changed datasets are taken with their origin; ours, and those of others, are left alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("rdflib", reason="the extra 'govern' is not installed")

from tests.unit.govern.catalogue.made import FULL, small

from cohortium.errors import InvalidRequest, PermitDenied
from cohortium.govern.catalogue import Catalogue, Query
from cohortium.govern.catalogue.harvesting import HarvestReport, harvest
from cohortium.govern.catalogue.rdf import write

THERE = "https://there.example/catalogue"


def take(catalogue: Catalogue, *entries: object, source: str = THERE) -> HarvestReport:
    return harvest(catalogue, write(entries, "turtle"), "text/turtle", source, "harvester")  # type: ignore[arg-type]


def test_new_changed_and_vanished_datasets_are_told_apart(catalogue: Catalogue) -> None:
    assert take(catalogue, small(1), small(2), small(3)).added == tuple(small(one).identifier for one in (1, 2, 3))
    report = take(catalogue, small(1), small(2, title="Changed"))
    assert report.unchanged == (small(1).identifier,) and report.updated == (small(2).identifier,)
    assert report.gone == (small(3).identifier,) and report.added == ()
    assert [one.version for one in catalogue.versions(small(2).identifier)] == [2, 1]
    assert catalogue.standing(small(2).identifier).origin == THERE
    assert catalogue.search(Query("changed")).hits[0].origin == THERE


def test_ours_is_never_overwritten(catalogue: Catalogue) -> None:
    catalogue.add(FULL, "ann")
    report = take(catalogue, replace(FULL, title="Hijacked"), small(1))
    assert [one.identifier for one in report.refused] == [FULL.identifier] and "our own" in report.refused[0].reason
    assert catalogue.entry(FULL.identifier).title == FULL.title and report.added == (small(1).identifier,)


def test_what_came_from_one_catalogue_is_not_changed_by_another(catalogue: Catalogue) -> None:
    take(catalogue, small(1))
    report = take(catalogue, small(1, title="Hijacked"), source="https://elsewhere.example/")
    assert "another catalogue" in report.refused[0].reason
    assert catalogue.entry(small(1).identifier).title == "Dataset 1"


def test_who_harvests_first_does_not_keep_an_identifier_from_its_owner(catalogue: Catalogue) -> None:
    take(catalogue, replace(FULL, title="Squatted"))
    with pytest.raises(InvalidRequest):
        catalogue.add(FULL, "ann")
    catalogue.set_aside(FULL.identifier, "ann", "It is ours")
    assert catalogue.search(Query("squatted")).total == catalogue.search(Query()).total == 0
    catalogue.add(FULL, "ann")
    assert catalogue.entry(FULL.identifier).title == FULL.title and len(catalogue.versions(FULL.identifier)) == 1
    with pytest.raises(PermitDenied):
        catalogue.set_aside(FULL.identifier, "eve", "Mine")


def test_another_catalogue_cannot_say_what_our_nodes_allow(catalogue: Catalogue) -> None:
    take(catalogue, FULL)
    taken = catalogue.entry(FULL.identifier)
    assert taken.modes == () and taken.name == "" and taken.title == FULL.title


def test_a_harvested_entry_is_not_edited_here(catalogue: Catalogue) -> None:
    take(catalogue, small(1))
    with pytest.raises(PermitDenied):
        catalogue.edit(small(1).identifier, "ann", "", seen=1, title="Mine")


def test_what_is_refused_is_named_with_its_reason(catalogue: Catalogue) -> None:
    text = b"<https://a.example/1> a <http://www.w3.org/ns/dcat#Dataset> ."
    report = harvest(catalogue, text, "text/turtle", THERE, "harvester")
    assert report.refused[0].identifier == "https://a.example/1" and "title is missing" in report.refused[0].reason
    assert catalogue.search(Query()).total == 0


@pytest.mark.parametrize("source", ["", "somewhere", "javascript:1"], ids=repr)
def test_a_source_is_an_address(catalogue: Catalogue, source: str) -> None:
    with pytest.raises(InvalidRequest):
        take(catalogue, small(1), source=source)
