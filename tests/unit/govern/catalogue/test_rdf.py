"""HealthDCAT-AP out and in: nothing is lost, shapes say what is missing, and no document makes us fetch anything."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import Any, NoReturn

import pytest

pytest.importorskip("rdflib", reason="the extra 'govern' is not installed")

from rdflib import Graph
from tests.unit.govern.catalogue.made import FULL, small

from cohortium.errors import InvalidRequest, SourceUnreadable
from cohortium.govern.catalogue import AccessRights, Agent, Coverage, Entry, EntryKind
from cohortium.govern.catalogue.rdf import RELEASES, graph_of, read, violations, violations_of_graph, write

TYPES = {"json-ld": "application/ld+json", "turtle": "text/turtle; charset=utf-8"}
FOREIGN = """
@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> . @prefix vcard: <http://www.w3.org/2006/vcard/ns#> .
@prefix health: <http://healthdataportal.eu/ns/health#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
<https://other.example/1> a dcat:Dataset ;
  dct:title "Herzregister"@de , "Heart registry"@en ; dct:description "Registry."@en ;
  dcat:keyword "Herz"@de , "heart"@en ;
  dct:publisher [ foaf:name "Other"@en ; foaf:mbox <mailto:info@other.example> ;
    foaf:homepage <https://other.example/> ] ;
  health:healthCategory <http://old.example/resource/authority/healthcategories/PHDR> ;
  dct:accessRights <http://publications.europa.eu/resource/authority/access-right/PUBLIC> ;
  dct:spatial <http://data.europa.eu/nuts/code/EL3> ; health:numberOfRecords "123"^^xsd:nonNegativeInteger ;
  dct:temporal [ dcat:startDate "2001"^^xsd:gYear ; dcat:endDate "2003"^^xsd:gYear ] ;
  dcat:contactPoint [ vcard:fn "Desk" ] ;
  dcat:distribution [ dcat:accessURL <https://other.example/get> ; dcat:byteSize "10"^^xsd:decimal ] ,
    [ dct:title "Without an address" ] .
<https://other.example/2> a dcat:Dataset ; dct:title "No description" .
<blank:3> a dcat:Dataset ; dct:identifier "https://other.example/3" ; dct:title "Third" ; dct:description "x" .
[] a dcat:Dataset ; dct:title "No address" ; dct:description "x" .
"""


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: Any, **_more: Any) -> NoReturn:
        raise AssertionError("something was to be fetched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


VARIED = [
    FULL,
    small(1),
    small(2, kind=EntryKind.MODEL, described_in="", languages=()),
    small(3, kind=EntryKind.TWIN, access=None, legislation=(), rounded_to=1, persons=7, rows=0),
    small(4, description='"""\\ \u00e9 {} <a>\t\n@prefix', coverage=Coverage(place='"]'), described_in="fr"),
]


@pytest.mark.parametrize("release", list(RELEASES))
@pytest.mark.parametrize("form", list(TYPES))
def test_nothing_is_lost(form: Any, release: str) -> None:
    found = read(write(VARIED, form, release), TYPES[form])
    assert {one.entry for one in found} == set(VARIED)
    assert all(not one.remarks and not one.refused for one in found)


def test_another_release_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="releases"):
        write([FULL], "turtle", "3")


@pytest.mark.parametrize("release", list(RELEASES))
def test_a_full_entry_has_all_that_the_profile_asks_for(release: str) -> None:
    assert violations(FULL, release) == ()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"contact": None}, "It needs a contact"),
        ({"keywords": ()}, "at least one keyword"),
        ({"categories": ()}, "category of Article 51"),
        ({"access": None}, "access rights"),
        ({"legislation": ()}, "legislation that applies"),
        ({"distributions": ()}, "needs a distribution"),
        ({"provenance": ""}, "provenance"),
        ({"body": None}, "health data access body"),
        ({"body": Agent("Body")}, "health data access body"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_missing_is_said(changes: dict[str, Any], says: str) -> None:
    grave = [one for one in violations(replace(FULL, **changes)) if one.is_grave]
    assert grave and all(says in one.message or "legislation" in one.message for one in grave)
    assert all(one.about in (FULL.identifier, "") for one in grave)


def test_what_is_public_needs_no_access_body() -> None:
    assert violations(replace(FULL, access=AccessRights.PUBLIC, body=None)) == ()


def test_what_is_recommended_is_not_grave() -> None:
    (one,) = violations(replace(FULL, coding_systems=()))
    assert not one.is_grave and "terminologies" in one.message and one.path.endswith("hasCodingSystem")


def test_shapes_catch_what_entries_cannot_say() -> None:
    graph = graph_of([FULL])
    text = (
        graph.serialize(format="turtle")
        .replace('"920"^^xsd:nonNegativeInteger', '"many"')
        .replace("access-right/NON_PUBLIC", "access-right/SECRET")
    )
    said = " ".join(one.message for one in violations_of_graph(Graph().parse(data=text, format="turtle")))
    assert "number of persons" in said and "access rights" in said


def test_another_catalogue_is_read_as_far_as_it_goes() -> None:
    found = {one.identifier: one for one in read(FOREIGN.encode(), "text/turtle")}
    one = found["https://other.example/1"]
    entry = one.entry
    assert isinstance(entry, Entry)
    assert (entry.title, entry.keywords, entry.described_in) == ("Heart registry", ("heart",), "en")
    assert entry.publisher == Agent("Other", "", "", "info@other.example", "https://other.example/")
    assert (entry.categories, entry.access, entry.rows) == (("PHDR",), AccessRights.PUBLIC, 123)
    assert (str(entry.coverage.starts), str(entry.coverage.ends), entry.countries) == (
        "2001-01-01",
        "2003-12-31",
        ("GR",),
    )
    assert [way.size for way in entry.distributions] == [10]
    assert len(one.remarks) == 2 and any("contact" in remark for remark in one.remarks)
    assert "description is missing" in found["https://other.example/2"].refused
    assert found["https://other.example/3"].entry is not None
    assert found[""].refused == "it has no address of its own"
    german = read(FOREIGN.encode(), "text/turtle", "de")
    assert next(one.entry.title for one in german if one.entry and one.identifier.endswith("/1")) == "Herzregister"


@pytest.mark.parametrize(
    "document",
    [
        '{"@context": "https://evil.example/context.jsonld", "@id": "https://a.example/1"}',
        '{"@context": ["https://evil.example/c"], "@id": "https://a.example/1"}',
        '{"@context": {"@import": "https://evil.example/c"}}',
        '{"@context": {"x": {"@id": "https://a.example/x", "@context": "https://evil.example/c"}}}',
        '{"@graph": [{"@context": "http://169.254.169.254/"}]}',
        '[{"@context": [{"a": "https://a.example/"}, "file:///etc/passwd"]}]',
    ],
    ids=["text", "list", "import", "scoped", "graph", "file"],
)
def test_contexts_are_never_fetched(document: str) -> None:
    with pytest.raises(SourceUnreadable, match="not fetched"):
        read(document.encode(), "application/ld+json")


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (b"<rdf/>", "application/rdf+xml"),
        (b"", ""),
        (b"{", "application/ld+json"),
        (b"[" * 50_000, "application/ld+json"),
        (b'{"a":' * 50_000, "application/ld+json"),
        (b"<a> <b> ", "text/turtle"),
        (b"<a> <b> " + b"[ <c> " * 50_000, "text/turtle"),
        (b"\xff\xfe", "text/turtle"),
        (b"<a> <b> <c> .", "text/turtle; charset=latin-1"),
        (b"{ <a> <b> <c> . } => { <d> <e> <f> . } .", "text/turtle"),
    ],
    ids=["xml", "none", "torn", "deep list", "deep object", "half", "deep turtle", "bytes", "latin", "formula"],
)
def test_what_cannot_be_read_says_so(data: bytes, content_type: str) -> None:
    with pytest.raises(SourceUnreadable):
        read(data, content_type)


def test_relative_addresses_are_no_identifiers() -> None:
    (one,) = read(b"<1> a <http://www.w3.org/ns/dcat#Dataset> .", "text/turtle")
    assert one.entry is None and "no address" in one.refused
