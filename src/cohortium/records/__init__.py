"""The nouns: tables, their schemas and rules, and what is said about them. No algorithm, no input or output."""

from cohortium.records.agreement import agreed_schema, as_agreed, public_schema, told_schema
from cohortium.records.algorithm import Algorithm, Result, State, algorithm_from_plain, algorithm_to_plain, name_of
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
from cohortium.records.parcel import Parcel, pack, unpack
from cohortium.records.plain import schema_from_plain, schema_to_plain
from cohortium.records.schema import Column, Kind, Role, Schema
from cohortium.records.sums import PERSONS, Sums
from cohortium.records.survival import Survival
from cohortium.records.table import Table, concat

__all__ = [
    "PERSONS",
    "Algorithm",
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
    "Parcel",
    "Question",
    "Result",
    "Role",
    "Schema",
    "Score",
    "State",
    "Status",
    "SumRule",
    "Sums",
    "Survival",
    "Table",
    "agreed_schema",
    "algorithm_from_plain",
    "algorithm_to_plain",
    "as_agreed",
    "concat",
    "conjuncts",
    "matrices",
    "name_of",
    "pack",
    "parse_condition",
    "public_schema",
    "schema_from_plain",
    "schema_to_plain",
    "told_schema",
    "unpack",
]
