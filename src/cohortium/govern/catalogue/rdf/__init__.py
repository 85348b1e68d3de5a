"""The catalogue as HealthDCAT-AP: JSON-LD and Turtle, out and in, checked by shapes. Nothing is fetched."""

from cohortium.govern.catalogue.rdf.reading import ForeignEntry, read
from cohortium.govern.catalogue.rdf.releases import LATEST, RELEASES, Release
from cohortium.govern.catalogue.rdf.shapes import Violation, violations, violations_of_graph
from cohortium.govern.catalogue.rdf.writing import graph_of, write

__all__ = [
    "LATEST",
    "RELEASES",
    "ForeignEntry",
    "Release",
    "Violation",
    "graph_of",
    "read",
    "violations",
    "violations_of_graph",
    "write",
]
