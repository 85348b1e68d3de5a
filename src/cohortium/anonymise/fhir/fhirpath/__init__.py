"""The part of FHIRPath that anonymisation rules use, over nodes that know where in the resource they lie."""

from cohortium.anonymise.fhir.fhirpath.evaluation import evaluate, evaluate_value, is_true
from cohortium.anonymise.fhir.fhirpath.expression import Expression
from cohortium.anonymise.fhir.fhirpath.nodes import Node, root_node
from cohortium.anonymise.fhir.fhirpath.parser import parse

__all__ = ["Expression", "Node", "evaluate", "evaluate_value", "is_true", "parse", "root_node"]
