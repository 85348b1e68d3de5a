"""How likely persons are found again in a table or release, who bears its cost, and what more protection costs."""

from cohortium.anonymise.risk.bias import Costs, GroupCost, costs
from cohortium.anonymise.risk.class_risks import (
    THRESHOLDS,
    Risk,
    chances_in_register,
    expected_chances,
    journalist,
    prosecutor,
)
from cohortium.anonymise.risk.decoded import decoded
from cohortium.anonymise.risk.differencing import Together, differencing, joined
from cohortium.anonymise.risk.frontier import Frontier, Point, frontier
from cohortium.anonymise.risk.label_sets import LabelSets
from cohortium.anonymise.risk.linkage import Links, link
from cohortium.anonymise.risk.person_classes import PersonClasses, quasi_identifiers
from cohortium.anonymise.risk.reweighing import weights, with_weights
from cohortium.anonymise.risk.single_valued import single_valued_share
from cohortium.anonymise.risk.singling_columns import Contribution, SinglingSet, singling_sets
from cohortium.anonymise.risk.uniqueness import unique_in_population, unique_share
from cohortium.anonymise.tables.coded import persons_of

__all__ = [
    "THRESHOLDS",
    "Contribution",
    "Costs",
    "Frontier",
    "GroupCost",
    "LabelSets",
    "Links",
    "PersonClasses",
    "Point",
    "Risk",
    "SinglingSet",
    "Together",
    "chances_in_register",
    "costs",
    "decoded",
    "differencing",
    "expected_chances",
    "frontier",
    "joined",
    "journalist",
    "link",
    "persons_of",
    "prosecutor",
    "quasi_identifiers",
    "single_valued_share",
    "singling_sets",
    "unique_in_population",
    "unique_share",
    "weights",
    "with_weights",
]
