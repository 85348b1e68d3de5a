"""FHIRPath's operators (FHIRPath 2.0, section 6)."""

from __future__ import annotations

import operator as python
from collections.abc import Callable, Sequence
from typing import Any

from cohortium.anonymise.fhir.fhirpath.nodes import Node
from cohortium.errors import InvalidRequest

_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": python.lt, ">": python.gt, "<=": python.le, ">=": python.ge
}  # fmt: skip
_SUMS: dict[str, Callable[[Any, Any], Any]] = {
    "+": python.add, "-": python.sub, "*": python.mul, "/": python.truediv, "mod": python.mod,
    "div": lambda left, right: int(left / right),
}  # fmt: skip
OPERATORS = frozenset(
    ("and", "or", "xor", "implies", "|", "=", "!=", "~", "!~", "in", "contains", "&", *_ORDERS, *_SUMS)
)


def operate(operator: str, left: Sequence[Node] | None, right: Sequence[Node]) -> list[Any]:
    """The values (or nodes, for unions) of ``left operator right``.

    Raises : InvalidRequest where the values do not fit the operator.
    """
    if left is None:
        return [-node.value if operator == "-" else node.value for node in right]
    if operator == "|":
        return _union([*left, *right])
    before, after = [node.value for node in left], [node.value for node in right]
    if operator in ("and", "or", "xor", "implies"):
        return _logic(operator, _truth(before), _truth(after))
    if operator in ("in", "contains"):
        one, many = (before, after) if operator == "in" else (after, before)
        return [one[0] in many] if len(one) == 1 else []
    if operator == "&":
        return ["".join(str(value) for value in [*before, *after])]
    if not before or not after:
        return []
    if operator in ("=", "~"):
        return [before == after]
    if operator in ("!=", "!~"):
        return [before != after]
    return [_single(operator, before, after)]


def _union(nodes: Sequence[Node]) -> list[Node]:
    found: list[Node] = []
    for node in nodes:
        seen = (other.place == node.place if node.place else other.value == node.value for other in found)
        if not any(seen):
            found.append(node)
    return found


def _single(operator: str, before: list[Any], after: list[Any]) -> Any:
    left, right = before[0], after[0]
    if len(before) > 1 or len(after) > 1 or isinstance(left, str) != isinstance(right, str):
        raise InvalidRequest(f"FHIRPath's operator '{operator}' got values that it cannot compare or combine.")
    if operator in _ORDERS:
        return _ORDERS[operator](left, right)
    if operator in ("/", "div", "mod") and right == 0:
        raise InvalidRequest("FHIRPath: a division by zero.")
    if isinstance(left, str) and operator != "+":
        raise InvalidRequest(f"FHIRPath's operator '{operator}' does not work on text.")
    return _SUMS[operator](left, right)


def _truth(values: list[Any]) -> bool | None:
    return None if not values else values[0] if isinstance(values[0], bool) else True


def _logic(operator: str, left: bool | None, right: bool | None) -> list[Any]:
    if operator == "implies":
        operator, left = "or", None if left is None else not left
    known = {left, right}
    if operator == "and":
        return [False] if False in known else [True] if None not in known else []
    if operator == "or":
        return [True] if True in known else [False] if None not in known else []
    return [left != right] if None not in known else []
