"""What an expression finds in a resource, or makes of one value."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from cohortium.anonymise.fhir.fhirpath.expression import (
    Call,
    Expression,
    Index,
    Literal,
    Member,
    OfType,
    Operation,
    This,
)
from cohortium.anonymise.fhir.fhirpath.functions import FUNCTIONS
from cohortium.anonymise.fhir.fhirpath.nodes import Node, children, descendants
from cohortium.anonymise.fhir.fhirpath.operators import OPERATORS, operate
from cohortium.errors import InvalidRequest

Nodes = list[Node]
_PER_ELEMENT = frozenset(("where", "select", "all", "exists"))
_KNOWN = _PER_ELEMENT | {"ofType", "as", "is", "iif", "children", "descendants", "nodesByType", "nodesByName", "today"}


def evaluate(tree: Expression, context: Sequence[Node], *, today: date | None = None) -> Nodes:
    """The nodes that an expression selects, starting from those of ``context``.

    Raises : InvalidRequest where it uses a function that is not supported, or values that do not fit an operator.
    """
    match tree:
        case Literal(value):
            return [] if value is None else [_computed(value)]
        case This():
            return list(context)
        case Member(base, name):
            return _members(base, name, context, today)
        case Index(base, place):
            found, at = evaluate(base, context, today=today), evaluate(place, context, today=today)
            number = at[0].value if len(at) == 1 else None
            return [found[number]] if isinstance(number, int) and 0 <= number < len(found) else []
        case OfType(base, type_name, asks):
            found = evaluate(base, context, today=today)
            fitting = [node for node in found if _is_of(node, type_name)]
            return [_computed(bool(fitting))] if asks else fitting
        case Operation(operator, left, right):
            before = None if left is None else evaluate(left, context, today=today)
            return [
                value if isinstance(value, Node) else _computed(value)
                for value in operate(operator, before, evaluate(right, context, today=today))
            ]
        case Call(base, name, arguments):
            return _called(base, name, arguments, context, today)


def check_functions(tree: Expression) -> None:
    """Raises InvalidRequest for a function or operator that is not supported, before any record is read."""
    match tree:
        case Member(base, _) if base is not None:
            check_functions(base)
        case Index(base, place):
            check_functions(base)
            check_functions(place)
        case OfType(base, _, _):
            check_functions(base)
        case Operation(operator, left, right):
            if operator not in OPERATORS:
                raise InvalidRequest(f"FHIRPath's operator '{operator}' is not supported here.")
            for side in (left, right):
                if side is not None:
                    check_functions(side)
        case Call(base, name, arguments):
            if name not in FUNCTIONS and name not in _KNOWN:
                raise InvalidRequest(
                    f"FHIRPath's function '{name}' is not supported here; known: {sorted(_KNOWN | set(FUNCTIONS))}."
                )
            for part in (*arguments, *([base] if base is not None else [])):
                check_functions(part)


def evaluate_value(tree: Expression, value: Any, kind: str) -> Any:
    """What an expression makes of one primitive value, which is its ``$this``; None where it is empty."""
    found = evaluate(tree, [Node(value, kind)])
    return found[0].value if len(found) == 1 else None


def is_true(found: Nodes) -> bool:
    """Whether a condition holds: one value, and that is true."""
    return len(found) == 1 and found[0].value is True


def _members(base: Expression | None, name: str, context: Sequence[Node], today: date | None) -> Nodes:
    if base is None and name[:1].isupper():
        return [node for node in context if node.kind == name or name in ("Resource", "DomainResource")]
    start = context if base is None else evaluate(base, context, today=today)
    return [child for node in start for child in children(node) if child.name == name]


def _called(
    base: Expression | None, name: str, arguments: Sequence[Expression], context: Sequence[Node], today: date | None
) -> Nodes:
    start = list(context) if base is None else evaluate(base, context, today=today)
    if name in ("nodesByType", "nodesByName"):
        wanted = str(evaluate(arguments[0], [], today=today)[0].value)
        below = [child for node in start for child in descendants(node)]
        return [one for one in below if (one.type_name if name == "nodesByType" else one.name) == wanted]
    if name in ("children", "descendants"):
        walk = children if name == "children" else descendants
        return [child for node in start for child in walk(node)]
    if name in ("ofType", "as", "is"):
        fitting = [node for node in start if _is_of(node, _named(arguments))]
        return [_computed(bool(fitting))] if name == "is" else fitting
    if name in _PER_ELEMENT and arguments:
        return _per_element(name, arguments[0], start, today)
    if name == "iif":
        chosen = 1 if is_true(evaluate(arguments[0], start, today=today)) else 2
        return evaluate(arguments[chosen], start, today=today) if chosen < len(arguments) else []
    if name == "today":
        return [] if today is None else [_computed(today.isoformat())]
    if name not in FUNCTIONS:
        raise InvalidRequest(f"FHIRPath's function '{name}' is not supported here.")
    given = [evaluate(argument, context, today=today) for argument in arguments]
    return [
        value if isinstance(value, Node) else _computed(value)
        for value in FUNCTIONS[name](start, *([node.value for node in values] for values in given))
    ]


def _per_element(name: str, condition: Expression, start: Nodes, today: date | None) -> Nodes:
    if name == "select":
        return [found for node in start for found in evaluate(condition, [node], today=today)]
    fitting = [node for node in start if is_true(evaluate(condition, [node], today=today))]
    if name == "where":
        return fitting
    return [_computed(bool(fitting) if name == "exists" else len(fitting) == len(start))]


def _named(arguments: Sequence[Expression]) -> str:
    if len(arguments) == 1 and isinstance(arguments[0], Member):
        return arguments[0].name
    raise InvalidRequest("FHIRPath's ofType(), as() and is() take the name of a type.")


def _is_of(node: Node, type_name: str) -> bool:
    return type_name in (node.kind, node.type_name)


def _computed(value: Any) -> Node:
    return Node(value, "System")
