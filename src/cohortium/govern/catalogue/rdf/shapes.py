"""Whether a catalogue says what HealthDCAT-AP asks for, by SHACL shapes of our own; each violation in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

from rdflib import Graph, Namespace, URIRef
from rdflib.namespace import RDF
from rdflib.term import Node

from cohortium.errors import MissingExtra
from cohortium.govern.catalogue.entry import Entry
from cohortium.govern.catalogue.rdf.releases import LATEST, release_of
from cohortium.govern.catalogue.rdf.writing import graph_of

SH = Namespace("http://www.w3.org/ns/shacl#")


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that does not hold.

    about    : the IRI of the dataset or part; empty where the part has none.
    path     : the property; empty where it is about several.
    is_grave : whether the profile demands it; otherwise it recommends it.
    """

    about: str
    path: str
    message: str
    is_grave: bool


def violations(entry: Entry, release: str = LATEST) -> tuple[Violation, ...]:
    """What an entry lacks of a release of HealthDCAT-AP, the grave first."""
    return violations_of_graph(graph_of([entry], release), release)


def violations_of_graph(graph: Graph, release: str = LATEST) -> tuple[Violation, ...]:
    """The same for a graph that came from elsewhere."""
    try:
        from pyshacl import validate
    except ImportError as error:
        raise MissingExtra("Checking a catalogue needs 'pyshacl': pip install 'cohortium[govern]'") from error
    _, report, _ = validate(graph, shacl_graph=_shapes(release), inference="none", advanced=False)
    found = {
        Violation(
            _named(report, result, SH.focusNode),
            _named(report, result, SH.resultPath),
            str(report.value(result, SH.resultMessage)),
            report.value(result, SH.resultSeverity) == SH.Violation,
        )
        for result in report.subjects(RDF.type, SH.ValidationResult)
        if (None, SH.detail, result) not in report
    }
    return tuple(sorted(found, key=lambda one: (not one.is_grave, one.about, one.message)))


def _named(report: Graph, result: Node, predicate: URIRef) -> str:
    told = str(report.value(result, predicate) or "")
    return told if ":" in told else ""


@cache
def _shapes(release: str) -> Graph:
    graph = Graph()
    name = release_of(release).name
    for file in ("shapes.ttl", f"shapes_{name}.ttl"):
        graph.parse(
            data=resources.files("cohortium.govern.catalogue.rdf").joinpath(file).read_text("utf-8"), format="turtle"
        )
    return graph
