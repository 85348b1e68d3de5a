"""Entries out of a DCAT-AP or HealthDCAT-AP document, of ours or of another catalogue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from rdflib import Graph, Literal, URIRef
from rdflib.namespace import DCAT, DCTERMS, FOAF, PROV, RDF, RDFS, SKOS
from rdflib.term import Node

from cohortium.errors import InvalidRequest
from cohortium.govern.catalogue import checks
from cohortium.govern.catalogue.entry import Entry
from cohortium.govern.catalogue.parts import (
    Agent,
    Aspect,
    Contact,
    Coverage,
    Distribution,
    QualityLabel,
    Variable,
)
from cohortium.govern.catalogue.rdf.parsing import BASE, graph_from
from cohortium.govern.catalogue.rdf.terms import CSVW, CV, DCATAP, DPV, DQV, EDITION, HEALTH, OURS, VCARD
from cohortium.govern.catalogue.rdf.values import LANGUAGE_NAMES, GraphValues, clean
from cohortium.govern.catalogue.rdf.writing import DATASET_TYPES, DATATYPES
from cohortium.govern.catalogue.vocabularies import LANGUAGES, AccessRights, EntryKind, HealthCategory
from cohortium.quality import Dimension
from cohortium.records import Kind

_KINDS = {name: kind for kind, name in reversed(DATATYPES.items())} | {
    "decimal": Kind.CONTINUOUS,
    "float": Kind.CONTINUOUS,
}
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class ForeignEntry:
    """A dataset of a document, read as far as it could be.

    entry   : None where it could not; refused says why.
    remarks : parts that were left out, and why.
    """

    identifier: str
    entry: Entry | None
    refused: str = ""
    remarks: tuple[str, ...] = ()


def read(data: bytes, content_type: str, language: str = "en") -> tuple[ForeignEntry, ...]:
    """The datasets of a document, by identifier.

    language : ISO 639-1; texts that come in several are taken in it, or in English, or else in the first.
    Raises   : SourceUnreadable, as ``graph_from``.
    """
    graph = graph_from(data, content_type)
    subjects = {*graph.subjects(RDF.type, DCAT.Dataset), *graph.subjects(OURS.kind, None)}
    found = [one for one in subjects if (one, CSVW.name, None) not in graph]
    return tuple(sorted((_Reader(graph, one, language).read() for one in found), key=lambda one: one.identifier))


class _Reader:
    """One dataset of a graph."""

    def __init__(self, graph: Graph, about: Node, language: str) -> None:
        self.of, self.about = GraphValues(graph, language), about

    def read(self) -> ForeignEntry:
        identifier = self.identifier()
        if not identifier:
            return ForeignEntry("", None, "it has no address of its own")
        try:
            entry = self.entry(identifier)
        except InvalidRequest as error:
            return ForeignEntry(identifier, None, str(error), tuple(self.of.remarks))
        return ForeignEntry(identifier, entry, "", tuple(self.of.remarks))

    def identifier(self) -> str:
        """The address of the node, or else the identifier that it states, where that is an address."""
        told = [str(self.about), *(str(one) for one in self.of.values(self.about, DCTERMS.identifier))]
        addresses = [one for one in told if not any(checks.iri("", one, needed=True)) and not one.startswith(BASE)]
        return addresses[0] if addresses else ""

    def entry(self, identifier: str) -> Entry:
        about = self.about
        title = self.of.chosen(about, DCTERMS.title)
        tagged = title.language if isinstance(title, Literal) else None
        rounded = self.of.whole(about, OURS.roundedTo)
        publishers, bodies = self.of.values(about, DCTERMS.publisher), self.of.values(about, HEALTH.hdab)
        labels = [one for one in self.of.values(about, DQV.hasQualityAnnotation) if self.of.values(one, DCTERMS.date)]
        return Entry(
            identifier=identifier,
            kind=self.kind(),
            title=clean(title),
            description=clean(self.of.chosen(about, DCTERMS.description)),
            publisher=self.agent(publishers[0]) if publishers else None,
            contact=self.contact(),
            version=self.of.whole(about, OURS.version) or 1,
            edition=self.of.text(about, EDITION),
            name=self.of.text(about, OURS.name),
            described_in=(tagged or "").split("-")[0] if (tagged or "").split("-")[0] in LANGUAGES else "",
            languages=self.of.coded(about, DCTERMS.language, LANGUAGE_NAMES),
            keywords=tuple(clean(one) for one in self.of.in_one_language(about, DCAT.keyword)),
            themes=self.of.iris(about, HEALTH.healthTheme),
            categories=self.of.words(about, HEALTH.healthCategory, HealthCategory, str.upper),
            access=next(iter(self.of.words(about, DCTERMS.accessRights, AccessRights, str.lower)), None),
            modes=tuple(str(one) for one in self.of.values(about, OURS.trustMode)),
            variables=self.variables(),
            persons=self.of.whole(about, HEALTH.numberOfUniqueIndividuals),
            rows=self.of.whole(about, HEALTH.numberOfRecords),
            rounded_to=rounded or 1,
            coverage=self.part(self.coverage, "coverage") or Coverage(),
            distributions=self.distributions(),
            quality=self.part(lambda: self.quality(labels[0]), "quality") if labels else None,
            legislation=self.of.iris(about, DCATAP.applicableLegislation),
            legal_basis=tuple(
                text for one in self.of.values(about, DPV.hasLegalBasis)
                if (text := self.of.text(one, DCTERMS.description) or clean(one, only=URIRef))
            ),
            body=self.agent(bodies[0]) if bodies else None,
            provenance=self.statement(),
            derived_from=self.of.iris(about, PROV.wasDerivedFrom),
            coding_systems=self.of.iris(about, HEALTH.hasCodingSystem),
            conforms_to=self.of.iris(about, DCTERMS.conformsTo),
            issued=self.of.day(about, DCTERMS.issued),
            modified=self.of.day(about, DCTERMS.modified),
        )  # fmt: skip

    # ---- parts ----------------------------------------------------------------------------------------------------

    def part(self, make: Callable[[], Made], called: str) -> Made | None:
        try:
            return make()
        except InvalidRequest as error:
            self.of.remarks.append(f"{called} was left out: {error}")
            return None

    def kind(self) -> EntryKind:
        told = {str(one) for one in self.of.values(self.about, OURS.kind)}
        known = next((one for one in EntryKind if str(one) in told), None)
        is_twin = URIRef(DATASET_TYPES[EntryKind.TWIN]) in self.of.values(self.about, DCTERMS.type)
        return known or (EntryKind.TWIN if is_twin else EntryKind.DATASET)

    def agent(self, node: Node) -> Agent | None:
        contact = next(iter([*self.of.values(node, CV.contactPoint), *self.of.values(node, DCAT.contactPoint)]), None)
        name = self.of.text(node, FOAF.name)
        email = ("" if contact is None else self.of.text(contact, CV.email) or self.mail(contact, VCARD.hasEmail)) or (
            self.mail(node, FOAF.mbox)
        )
        page = "" if contact is None else self.of.iri(contact, CV.contactPage) or self.of.iri(contact, VCARD.hasURL)
        return self.part(
            lambda: Agent(
                name or clean(node, only=URIRef),
                self.of.text(node, DCTERMS.identifier) or clean(node, only=URIRef),
                next(iter(self.of.countries(node)), ""),
                email,
                page or self.of.iri(node, FOAF.homepage),
                Literal(True) in self.of.values(node, HEALTH.trustedDataHolder),
            ),
            "an organisation",
        )

    def statement(self) -> str:
        told = self.of.values(self.about, DCTERMS.provenance)
        return next((text for one in told if (text := self.of.text(one, RDFS.label) or clean(one))), "")

    def contact(self) -> Contact | None:
        nodes = self.of.values(self.about, DCAT.contactPoint)
        if not nodes:
            return None
        node = nodes[0]
        name = self.of.text(node, VCARD.fn) or self.of.text(node, VCARD["organization-name"]) or "Contact"
        return self.part(
            lambda: Contact(name, self.mail(node, VCARD.hasEmail), self.of.iri(node, VCARD.hasURL)), "the contact"
        )

    def mail(self, node: Node, predicate: URIRef) -> str:
        found = self.of.values(node, predicate)
        return clean(found[0], only=URIRef).removeprefix("mailto:") if found else ""

    def variables(self) -> tuple[Variable, ...]:
        groups = self.of.values(self.about, HEALTH.hasVariables)
        tables = [table for group in groups for table in self.of.values(group, CSVW.table)]
        made: dict[str, tuple[int, Variable]] = {}
        for table in tables:
            before = f"{self.of.text(table, DCTERMS.title)}." if len(tables) > 1 else ""
            for column in self.of.values(table, CSVW.column):
                one = self.part(lambda column=column, before=before: self.variable(column, before), "a variable")  # type: ignore[misc]
                if one is not None:
                    made[one.name] = (self.of.whole(column, OURS.number) or 10**9, one)
        return tuple(one for _, one in sorted(made.values(), key=lambda pair: (pair[0], pair[1].name)))

    def variable(self, column: Node, before: str) -> Variable:
        told = self.of.text(column, OURS.kind)
        datatype = self.of.text(column, CSVW.datatype)
        kind = Kind(told) if told in [str(one) for one in Kind] else _KINDS.get(datatype, Kind.TEXT)
        concepts = tuple(str(one) for one in self.of.values(column, OURS.concept)) or self.of.iris(
            column, CSVW.propertyUrl
        )
        title = self.of.text(column, CSVW["title"]) or self.of.text(column, CSVW["titles"])
        return Variable(
            before + self.of.text(column, CSVW.name), kind, title, self.of.text(column, DCTERMS.description),
            self.of.text(column, OURS.unit), concepts,
        )  # fmt: skip

    def coverage(self) -> Coverage:
        about = self.about
        period = next(iter(self.of.values(about, DCTERMS.temporal)), None)
        located = [
            self.of.text(one, SKOS.prefLabel) or self.of.text(one, RDFS.label)
            for one in self.of.values(about, DCTERMS.spatial)
        ]
        return Coverage(
            None if period is None else self.of.day(period, DCAT.startDate),
            None if period is None else self.of.day(period, DCAT.endDate, is_end=True),
            self.of.countries(about),
            next((one for one in located if one), ""),
            self.of.text(about, HEALTH.populationCoverage),
            self.of.whole(about, HEALTH.minTypicalAge),
            self.of.whole(about, HEALTH.maxTypicalAge),
        )

    def distributions(self) -> tuple[Distribution, ...]:
        made = []
        for node in self.of.values(self.about, DCAT.distribution):
            one = self.part(lambda node=node: self.distribution(node), "a distribution")  # type: ignore[misc]
            if one is not None:
                made.append((self.of.whole(node, OURS.number) or 10**9, one))
        return tuple(one for _, one in sorted(made, key=lambda pair: (pair[0], pair[1].access, pair[1].title)))

    def distribution(self, node: Node) -> Distribution:
        media = [clean(one, only=URIRef) for one in self.of.values(node, DCAT.mediaType)]
        return Distribution(
            access=self.of.iri(node, DCAT.accessURL),
            title=self.of.text(node, DCTERMS.title),
            description=self.of.text(node, DCTERMS.description),
            download=self.of.iri(node, DCAT.downloadURL),
            media_type="/".join(media[0].rsplit("/", 2)[-2:]) if media else "",
            licence=self.of.iri(node, DCTERMS.license),
            size=self.of.whole(node, DCAT.byteSize),
        )

    def quality(self, node: Node) -> QualityLabel:
        checked = self.of.day(node, DCTERMS.date)
        if checked is None:
            raise InvalidRequest("A quality label says when quality was checked.")
        known = {str(one): one for one in Dimension}
        aspects = [
            Aspect(known[name], *(self.of.whole(one, told) or 0 for told in (OURS.passed, OURS.warned, OURS.failed)))
            for one in self.of.values(node, OURS.aspect)
            if (name := self.of.text(one, OURS.dimension)) in known
        ]
        texts = (self.of.text(node, told) for told in (OURS.management, OURS.access, OURS.changes))
        return QualityLabel(checked, tuple(aspects), *texts)
