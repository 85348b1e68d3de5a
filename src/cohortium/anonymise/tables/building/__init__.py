"""Hierarchies made rather than written: one builder per file, and a choice among them for every column."""

from cohortium.anonymise.tables.building.atc import atc
from cohortium.anonymise.tables.building.choice import Choice
from cohortium.anonymise.tables.building.choices_file import choices_text, read_choices
from cohortium.anonymise.tables.building.dates import dates
from cohortium.anonymise.tables.building.frequency import by_frequency
from cohortium.anonymise.tables.building.icd10 import icd10
from cohortium.anonymise.tables.building.inference import infer_hierarchies
from cohortium.anonymise.tables.building.intervals import intervals, widths_by_factor
from cohortium.anonymise.tables.building.layers import layered
from cohortium.anonymise.tables.building.ordered import halves
from cohortium.anonymise.tables.building.pairs import read_pairs, tree
from cohortium.anonymise.tables.building.prefixes import prefixes
from cohortium.anonymise.tables.building.quantile_bands import quantile_bands

__all__ = [
    "Choice",
    "atc",
    "by_frequency",
    "choices_text",
    "dates",
    "halves",
    "icd10",
    "infer_hierarchies",
    "intervals",
    "layered",
    "prefixes",
    "quantile_bands",
    "read_choices",
    "read_pairs",
    "tree",
    "widths_by_factor",
]
