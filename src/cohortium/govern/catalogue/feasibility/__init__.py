"""Feasibility: how many persons a study would find, before anybody applies for anything."""

from cohortium.govern.catalogue.feasibility.circe import read_circe
from cohortium.govern.catalogue.feasibility.circe_cohort import CirceCohort
from cohortium.govern.catalogue.feasibility.cohort import Cohort
from cohortium.govern.catalogue.feasibility.concept_sets import Concept, ConceptSet, read_concept_set
from cohortium.govern.catalogue.feasibility.counting import Count, Total, cdm, count_in_cdm, count_in_table, total
from cohortium.govern.catalogue.feasibility.language import parse_cohort

__all__ = [
    "CirceCohort",
    "Cohort",
    "Concept",
    "ConceptSet",
    "Count",
    "Total",
    "cdm",
    "count_in_cdm",
    "count_in_table",
    "parse_cohort",
    "read_circe",
    "read_concept_set",
    "total",
]
