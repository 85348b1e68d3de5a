"""The catalogue: what there is, where, and how to come by it, for those who may not see the data."""

from cohortium.govern.catalogue.catalogue import Catalogue
from cohortium.govern.catalogue.entry import Entry
from cohortium.govern.catalogue.form import form_bytes, from_form, to_form
from cohortium.govern.catalogue.parts import (
    Agent,
    Aspect,
    Contact,
    Coverage,
    Distribution,
    QualityLabel,
    Variable,
)
from cohortium.govern.catalogue.search import Hit, Page, Query
from cohortium.govern.catalogue.standings import Outcome, Standing, Version
from cohortium.govern.catalogue.vocabularies import AccessRights, EntryKind, HealthCategory

__all__ = [
    "AccessRights",
    "Agent",
    "Aspect",
    "Catalogue",
    "Contact",
    "Coverage",
    "Distribution",
    "Entry",
    "EntryKind",
    "HealthCategory",
    "Hit",
    "Outcome",
    "Page",
    "QualityLabel",
    "Query",
    "Standing",
    "Variable",
    "Version",
    "form_bytes",
    "from_form",
    "to_form",
]
