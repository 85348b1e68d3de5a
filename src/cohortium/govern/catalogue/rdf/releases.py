"""Releases of HealthDCAT-AP that are written, and where they differ; all are read.

Source : changelogs of releases 7 and 8 at data.health.europa.eu/healthdcat-ap; DCAT-AP 3.0.
"""

from __future__ import annotations

from dataclasses import dataclass

from rdflib import URIRef

from cohortium.errors import InvalidRequest
from cohortium.govern.catalogue.rdf.terms import CSVW


@dataclass(frozen=True, slots=True)
class Release:
    """One release.

    vocabularies : where its lists of values are.
    column_title : the property with a variable's title.
    titled_group : whether the group of variables has a title of its own.
    """

    name: str
    vocabularies: str
    column_title: URIRef
    titled_group: bool


RELEASES = {
    "7": Release("7", "https://hdeu-dcat.acceptance.data.health.europa.eu/resource/authority/", CSVW["titles"], False),
    "8": Release("8", "https://hdeu-dcat.data.health.europa.eu/resource/authority/", CSVW["title"], True),
}
LATEST = "8"


def release_of(name: str) -> Release:
    """The release of that name; raises InvalidRequest that says which there are."""
    if name not in RELEASES:
        raise InvalidRequest(f"HealthDCAT-AP is written in the releases {list(RELEASES)}, not in '{name[:20]}'.")
    return RELEASES[name]
