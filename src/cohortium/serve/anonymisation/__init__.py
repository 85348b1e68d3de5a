"""Anonymisation for people: the commands, the pages, and the way through the gate."""

from cohortium.serve.anonymisation import (  # noqa: F401 - each registers its command
    dicom,
    fhir,
    hierarchies,
    notes,
    omop,
    private_table,
    reverse,
    table,
    view,
)
from cohortium.serve.anonymisation.app import anonymise_app
from cohortium.serve.anonymisation.risk import risk

__all__ = ["anonymise_app", "risk"]
