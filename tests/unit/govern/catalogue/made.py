"""Entries for the tests: one that says everything, and small ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from cohortium.govern.catalogue import (
    AccessRights,
    Agent,
    Aspect,
    Contact,
    Coverage,
    Distribution,
    Entry,
    EntryKind,
    HealthCategory,
    QualityLabel,
    Variable,
)
from cohortium.quality import Dimension
from cohortium.records import Kind

FULL = Entry(
    identifier="https://mainz.example/catalogue/heart",
    kind=EntryKind.DATASET,
    title="Heart disease in Mainz",
    description="Patients with angina.\nFollowed for a year; <b>not markup</b> & \"quoted\".",
    publisher=Agent("University Hospital Mainz", "https://mainz.example/", "DE", "data@mainz.example",
                    "https://mainz.example/data", trusted=True),
    contact=Contact("Data office", "office@mainz.example", "https://mainz.example/office"),
    version=3,
    edition="2026-03",
    name="heart",
    described_in="en",
    languages=("de", "en"),
    keywords=("angina", "Ménière", "heart failure"),
    themes=("https://hdeu-dcat.data.health.europa.eu/resource/authority/health-theme/NONCOMMUNICABLE_DISEASES",),
    categories=(HealthCategory.EHRS, HealthCategory.RQSH),
    access=AccessRights.NON_PUBLIC,
    modes=("secure", "dp"),
    variables=(
        Variable("num", Kind.CATEGORICAL, "Diagnosis", "Angiographic disease status", "", ("SNOMED:53741008",)),
        Variable("age", Kind.INTEGER, "", "", "a", ("https://loinc.org/30525-0",)),
        Variable("visit", Kind.DATE),
    ),
    persons=920,
    rows=1840,
    coverage=Coverage(date(2001, 1, 1), date(2020, 12, 31), ("DE", "AT"), "Rhine-Main", "Adults in pain", 18, 95),
    distributions=(
        Distribution("https://hub.example/apply", "On application", "Within the network", "", "", "", None),
        Distribution("https://mainz.example/d", "Codebook", "", "https://mainz.example/d.csv", "text/csv",
                     "https://creativecommons.org/licenses/by/4.0/", 1200),
    ),
    quality=QualityLabel(
        date(2026, 5, 1),
        (Aspect(Dimension.COMPLETENESS, 10, 2, 0), Aspect(Dimension.TIME, 3, 0, 1)),
        "Reviewed each year", "Added within a month", "Linked with deaths",
    ),
    legal_basis=("Article 9(2)(j) GDPR",),
    body=Agent("Data access body", "", "DE", "hdab@example.de", ""),
    provenance="Extracted from the hospital's records.",
    derived_from=("https://mainz.example/catalogue/records",),
    coding_systems=("https://hdeu-dcat.data.health.europa.eu/resource/authority/coding-system/SNOMED-CT",),
    conforms_to=("https://hdeu-dcat.data.health.europa.eu/resource/authority/standard/OMOP-CDM",),
    issued=date(2025, 2, 1),
    modified=date(2026, 6, 1),
)  # fmt: skip


def small(number: int, **changes: Any) -> Entry:
    """An entry with hardly anything in it."""
    plain = Entry(f"urn:example:entry:{number}", EntryKind.DATASET, f"Dataset {number}", "Records.")
    return replace(plain, **changes)
