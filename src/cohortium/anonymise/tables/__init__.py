"""Tables whose rows no longer single anybody out: hierarchies, privacy models, and the search for the least loss."""

from cohortium.anonymise.tables.anonymiser import Anonymised, anonymise
from cohortium.anonymise.tables.evidence import evidence_on
from cohortium.anonymise.tables.hierarchy import Hierarchy, read_hierarchy
from cohortium.anonymise.tables.recipe import ColumnUse, Recipe, load_recipe, plain_recipe
from cohortium.anonymise.tables.recoding import Recoding

__all__ = [
    "Anonymised",
    "ColumnUse",
    "Hierarchy",
    "Recipe",
    "Recoding",
    "anonymise",
    "evidence_on",
    "load_recipe",
    "plain_recipe",
    "read_hierarchy",
]
