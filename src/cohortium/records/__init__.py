"""The nouns: tables, their schemas and rules, and what is said about them. No algorithm, no input or output."""

from cohortium.records.conditions import Condition, conjuncts, parse_condition
from cohortium.records.constraints import (
    AllowedCombinations,
    Constraint,
    FunctionalDependency,
    Inequality,
    SumRule,
)
from cohortium.records.evidence import Evidence, Finding, Guarantee, Question, Score, Status
from cohortium.records.matrix import Matrices, matrices
from cohortium.records.plain import schema_from_plain, schema_to_plain
from cohortium.records.schema import Column, Kind, Role, Schema
from cohortium.records.survival import Survival
from cohortium.records.table import Table, concat

__all__ = [
    "AllowedCombinations",
    "Column",
    "Condition",
    "Constraint",
    "Evidence",
    "Finding",
    "FunctionalDependency",
    "Guarantee",
    "Inequality",
    "Kind",
    "Matrices",
    "Question",
    "Role",
    "Schema",
    "Score",
    "Status",
    "SumRule",
    "Survival",
    "Table",
    "concat",
    "conjuncts",
    "matrices",
    "parse_condition",
    "schema_from_plain",
    "schema_to_plain",
]
