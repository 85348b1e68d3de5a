"""Names that the written catalogue uses, ours among them, and the context of its JSON-LD."""

from __future__ import annotations

from rdflib import Namespace, URIRef
from rdflib.namespace import DCAT, DCTERMS, FOAF, PROV, RDF, RDFS, SKOS, XSD

CSVW = Namespace("http://www.w3.org/ns/csvw#")
DCATAP = Namespace("http://data.europa.eu/r5r/")
HEALTH = Namespace("http://healthdataportal.eu/ns/health#")
CV = Namespace("http://data.europa.eu/m8g/")
DPV = Namespace("https://w3id.org/dpv#")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
DQV = Namespace("http://www.w3.org/ns/dqv#")
OURS = Namespace("urn:cohortium:catalogue:")
"""What HealthDCAT-AP has no word for: kinds of entries, trust modes, rounding, and the parts of our label."""

EDITION = URIRef("http://www.w3.org/ns/dcat#version")
"""Of DCAT 3, which rdflib's own list of names does not have."""
EU = "http://publications.europa.eu/resource/authority/"
MEDIA = "http://www.iana.org/assignments/media-types/"

CONTEXT = {
    "adms": "http://www.w3.org/ns/adms#",
    "cohortium": str(OURS),
    "csvw": str(CSVW),
    "cv": str(CV),
    "dcat": str(DCAT),
    "dcatap": str(DCATAP),
    "dct": str(DCTERMS),
    "dpv": str(DPV),
    "dqv": str(DQV),
    "foaf": str(FOAF),
    "healthdcatap": str(HEALTH),
    "prov": str(PROV),
    "rdf": str(RDF),
    "rdfs": str(RDFS),
    "skos": str(SKOS),
    "vcard": str(VCARD),
    "xsd": str(XSD),
}
"""Prefix -> namespace; written into every document, so that nobody has to fetch it."""
