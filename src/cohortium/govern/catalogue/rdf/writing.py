"""Entries as a graph of DCAT-AP 3.0 and HealthDCAT-AP, and the graph as JSON-LD or Turtle."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Literal as OneOf

from rdflib import BNode, Graph, Literal, URIRef
from rdflib.namespace import DCAT, DCTERMS, FOAF, PROV, RDF, RDFS, SKOS, XSD
from rdflib.term import Node

from cohortium.govern.catalogue.entry import Entry
from cohortium.govern.catalogue.parts import Agent, Distribution, QualityLabel, Variable
from cohortium.govern.catalogue.rdf.releases import LATEST, Release, release_of
from cohortium.govern.catalogue.rdf.terms import (
    CONTEXT,
    CSVW,
    CV,
    DCATAP,
    DPV,
    DQV,
    EDITION,
    EU,
    HEALTH,
    MEDIA,
    OURS,
    VCARD,
)
from cohortium.govern.catalogue.vocabularies import COUNTRIES, LANGUAGES, EntryKind
from cohortium.records import Kind

Format = OneOf["json-ld", "turtle"]
DATATYPES = {
    Kind.CONTINUOUS: "double",
    Kind.INTEGER: "integer",
    Kind.DURATION: "double",
    Kind.BOOLEAN: "boolean",
    Kind.DATE: "date",
    Kind.DATETIME: "dateTime",
    Kind.IMAGE: "base64Binary",
}
"""Kinds that CSVW has a name for; others are "string"."""
DATASET_TYPES = {EntryKind.DATASET: f"{EU}dataset-type/STATISTICAL", EntryKind.TWIN: f"{EU}dataset-type/SYNTHETIC_DATA"}
"""Models and algorithms are no datasets to DCAT: they are resources, of a type of ours."""


def write(entries: Iterable[Entry], form: Format = "json-ld", release: str = LATEST) -> bytes:
    """The entries as a document in UTF-8, its context in it.

    release : of HealthDCAT-AP, a key of ``RELEASES``.
    Raises  : InvalidRequest for another release.
    """
    graph = graph_of(entries, release)
    if form == "turtle":
        return graph.serialize(format="turtle", encoding="utf-8")
    return graph.serialize(format="json-ld", context=CONTEXT, auto_compact=False, indent=1, encoding="utf-8")


def graph_of(entries: Iterable[Entry], release: str = LATEST) -> Graph:
    """The graph of the entries."""
    as_in = release_of(release)
    graph = Graph()
    for prefix, namespace in CONTEXT.items():
        graph.bind(prefix, namespace)
    for entry in entries:
        _Writer(graph, as_in, entry).write()
    return graph


class _Writer:
    """One entry into the graph; every node that it makes hangs on the entry's IRI."""

    def __init__(self, graph: Graph, release: Release, entry: Entry) -> None:
        self.graph, self.release, self.entry = graph, release, entry
        self.subject = URIRef(entry.identifier)
        self.language = entry.described_in or None

    def add(self, subject: Node, predicate: URIRef, *values: Node | None) -> None:
        for value in values:
            if value is not None:
                self.graph.add((subject, predicate, value))

    def text(self, value: str) -> Literal | None:
        return Literal(value, lang=self.language) if value else None

    def node(self, of: URIRef, *pairs: tuple[URIRef, Node | None]) -> BNode:
        made = BNode()
        self.add(made, RDF.type, of)
        for predicate, value in pairs:
            self.add(made, predicate, value)
        return made

    def write(self) -> None:
        entry, about = self.entry, self.subject
        self.add(about, RDF.type, DCAT.Dataset if entry.kind in DATASET_TYPES else DCAT.Resource)
        self.add(about, DCTERMS.identifier, Literal(entry.identifier))
        self.add(about, OURS.kind, Literal(str(entry.kind)))
        self.add(about, OURS.version, _whole(entry.version, XSD.positiveInteger))
        self.add(about, EDITION, _plain(entry.edition))
        self.add(about, OURS.name, _plain(entry.name))
        self.add(about, DCTERMS.title, self.text(entry.title))
        self.add(about, DCTERMS.description, self.text(entry.description))
        self.add(about, DCAT.keyword, *(self.text(one) for one in entry.keywords))
        self.add(about, DCTERMS.language, *(URIRef(f"{EU}language/{LANGUAGES[one]}") for one in entry.languages))
        self.add(about, DCAT.theme, URIRef(f"{EU}data-theme/HEAL"))
        self.add(about, HEALTH.healthTheme, *map(URIRef, entry.themes))
        lists = f"{self.release.vocabularies}healthcategories/"
        self.add(about, HEALTH.healthCategory, *(URIRef(f"{lists}{one}") for one in entry.categories))
        self.add(about, DCTERMS.type, URIRef(DATASET_TYPES.get(entry.kind, OURS[entry.kind])))
        self.add(about, OURS.trustMode, *map(Literal, entry.modes))
        if entry.access is not None:
            self.add(about, DCTERMS.accessRights, URIRef(f"{EU}access-right/{entry.access.upper()}"))
        self.who()
        self.law()
        self.what()
        self.coverage()
        for number, one in enumerate(entry.distributions, 1):
            self.distribution(one, number)
        if entry.quality is not None:
            self.quality(entry.quality)

    def who(self) -> None:
        entry, about = self.entry, self.subject
        if entry.publisher is not None:
            self.add(about, DCTERMS.publisher, self.agent(entry.publisher))
        if entry.body is not None:
            self.add(about, HEALTH.hdab, self.agent(entry.body))
        if entry.contact is not None:
            email = URIRef(f"mailto:{entry.contact.email}") if entry.contact.email else None
            contact = self.node(VCARD.Kind, (VCARD.fn, self.text(entry.contact.name)), (VCARD.hasEmail, email),
                                (VCARD.hasURL, _iri(entry.contact.page)))  # fmt: skip
            self.add(about, DCAT.contactPoint, contact)

    def agent(self, agent: Agent) -> Node:
        # Its data hang on a node of this entry, since another entry may say something else of the same organisation.
        where = URIRef(f"{EU}country/{COUNTRIES[agent.country]}") if agent.country else None
        made = self.node(FOAF.Agent, (FOAF.name, self.text(agent.name)), (DCTERMS.spatial, where),
                         (DCTERMS.identifier, _plain(agent.identifier)))  # fmt: skip
        if agent.trusted:
            self.add(made, HEALTH.trustedDataHolder, Literal(True))
        if agent.email or agent.page:
            self.add(made, CV.contactPoint, self.node(CV.ContactPoint, (CV.email, _plain(agent.email)),
                                                      (CV.contactPage, _iri(agent.page))))  # fmt: skip
        return made

    def law(self) -> None:
        entry, about = self.entry, self.subject
        self.add(about, DCATAP.applicableLegislation, *map(URIRef, entry.legislation))
        for one in entry.legal_basis:
            self.add(about, DPV.hasLegalBasis, self.node(DPV.LegalBasis, (DCTERMS.description, self.text(one))))
        if entry.provenance:
            told = self.node(DCTERMS.ProvenanceStatement, (RDFS.label, self.text(entry.provenance)))
            self.add(about, DCTERMS.provenance, told)
        self.add(about, PROV.wasDerivedFrom, *map(URIRef, entry.derived_from))
        self.add(about, DCTERMS.issued, _day(entry.issued))
        self.add(about, DCTERMS.modified, _day(entry.modified))

    def what(self) -> None:
        entry, about = self.entry, self.subject
        self.add(about, HEALTH.hasCodingSystem, *map(URIRef, entry.coding_systems))
        self.add(about, DCTERMS.conformsTo, *map(URIRef, entry.conforms_to))
        self.add(about, HEALTH.numberOfUniqueIndividuals, _whole(entry.persons))
        self.add(about, HEALTH.numberOfRecords, _whole(entry.rows))
        self.add(about, OURS.roundedTo, _whole(entry.rounded_to, XSD.positiveInteger))
        self.add(about, HEALTH.hasStructuredData, Literal(bool(entry.variables)))
        if entry.variables:
            table = self.node(CSVW.Table, (DCTERMS.title, self.text(entry.title)))
            for number, one in enumerate(entry.variables, 1):
                self.add(table, CSVW.column, self.variable(one, number))
            title = self.text(entry.title) if self.release.titled_group else None
            self.add(
                about, HEALTH.hasVariables, self.node(CSVW.TableGroup, (DCTERMS.title, title), (CSVW.table, table))
            )

    def variable(self, one: Variable, number: int) -> BNode:
        # The profile asks for a title and a description of every variable; where none was written, the name is both.
        made = self.node(
            CSVW.Column,
            (CSVW.name, Literal(one.name)),
            (self.release.column_title, self.text(one.title or one.name)),
            (DCTERMS.description, self.text(one.description or one.title or one.name)),
            (CSVW.datatype, Literal(DATATYPES.get(one.kind, "string"))),
            (OURS.kind, Literal(str(one.kind))),
            (OURS.unit, _plain(one.unit)),
            (OURS.number, _whole(number, XSD.positiveInteger)),
        )
        self.add(made, OURS.concept, *map(Literal, one.concepts))
        first = next((concept for concept in one.concepts if concept.startswith(("http://", "https://"))), "")
        self.add(made, CSVW.propertyUrl, _iri(first) if not set(first) & set(' <>"{}|\\^`') else None)
        return made

    def coverage(self) -> None:
        covered, about = self.entry.coverage, self.subject
        if covered.starts or covered.ends:
            period = self.node(DCTERMS.PeriodOfTime, (DCAT.startDate, _day(covered.starts)),
                               (DCAT.endDate, _day(covered.ends)))  # fmt: skip
            self.add(about, DCTERMS.temporal, period)
        self.add(about, DCTERMS.spatial, *(URIRef(f"{EU}country/{COUNTRIES[one]}") for one in covered.countries))
        if covered.place:
            self.add(about, DCTERMS.spatial, self.node(DCTERMS.Location, (SKOS.prefLabel, self.text(covered.place))))
        self.add(about, HEALTH.populationCoverage, self.text(covered.population))
        self.add(about, HEALTH.minTypicalAge, _whole(covered.youngest))
        self.add(about, HEALTH.maxTypicalAge, _whole(covered.oldest))

    def distribution(self, one: Distribution, number: int) -> None:
        made = self.node(
            DCAT.Distribution,
            (DCAT.accessURL, _iri(one.access)),
            (DCTERMS.title, self.text(one.title)),
            (DCTERMS.description, self.text(one.description)),
            (DCAT.downloadURL, _iri(one.download)),
            (DCAT.mediaType, _iri(f"{MEDIA}{one.media_type}" if one.media_type else "")),
            (DCTERMS.license, _iri(one.licence)),
            (DCAT.byteSize, _whole(one.size)),
            (OURS.number, _whole(number, XSD.positiveInteger)),
        )
        self.add(made, DCATAP.applicableLegislation, *map(URIRef, self.entry.legislation))
        self.add(self.subject, DCAT.distribution, made)

    def quality(self, label: QualityLabel) -> None:
        made = self.node(
            DQV.QualityCertificate,
            (DCTERMS.date, _day(label.checked)),
            (OURS.management, self.text(label.management)),
            (OURS.access, self.text(label.access)),
            (OURS.changes, self.text(label.changes)),
        )
        for one in label.aspects:
            aspect = self.node(
                DQV.QualityMeasurement,
                (OURS.dimension, Literal(str(one.dimension))),
                (OURS.passed, _whole(one.passed)),
                (OURS.warned, _whole(one.warned)),
                (OURS.failed, _whole(one.failed)),
            )
            self.add(made, OURS.aspect, aspect)
        self.add(self.subject, DQV.hasQualityAnnotation, made)


def _iri(value: str) -> URIRef | None:
    return URIRef(value) if value else None


def _plain(value: str) -> Literal | None:
    return Literal(value) if value else None


def _day(value: date | None) -> Literal | None:
    return None if value is None else Literal(value.isoformat(), datatype=XSD.date)


def _whole(value: int | None, of: URIRef = XSD.nonNegativeInteger) -> Literal | None:
    return None if value is None else Literal(str(value), datatype=of)
