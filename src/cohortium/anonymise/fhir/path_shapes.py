"""The shapes of paths that a walk can follow while it goes down, so that most rules cost nothing per resource."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal as OneOf

from cohortium.anonymise.fhir.fhirpath.expression import Call, Expression, Literal, Member, OfType, Operation


@dataclass(frozen=True, slots=True)
class Step:
    """One name down; ``kind`` where only elements of that type are meant ("Condition.onset as Age")."""

    name: str
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class PathShape:
    """Where a path starts and its steps from there.

    anchor : "resource" of a type ("Resource" = any), or all elements of a "type" or a "name".
    """

    anchor: OneOf["resource", "type", "name"]
    wanted: str
    steps: tuple[Step, ...]


def shapes_of(tree: Expression) -> tuple[PathShape, ...] | None:
    """The shapes that a path is made of, or None where it asks for values and must be evaluated per resource."""
    if isinstance(tree, Operation):
        if tree.operator != "|" or tree.left is None:
            return None
        left, right = shapes_of(tree.left), shapes_of(tree.right)
        return None if left is None or right is None else left + right
    shape = _shape(tree)
    return None if shape is None else (shape,)


def _shape(tree: Expression) -> PathShape | None:
    match tree:
        case Member(None, name):
            return (
                PathShape("resource", name, ())
                if name[:1].isupper()
                else PathShape("resource", "Resource", (Step(name),))
            )
        case Member(base, name) if base is not None:
            start = _shape(base)
            return start and PathShape(start.anchor, start.wanted, (*start.steps, Step(name)))
        case OfType(base, kind, False):
            return _typed(_shape(base), kind)
        case Call(base, "ofType" | "as", (Member(None, kind),)) if base is not None:
            return _typed(_shape(base), kind)
        case Call(base, "nodesByType" | "nodesByName" as called, (Literal(str(wanted)),)):
            return _anchored(base, "type" if called == "nodesByType" else "name", wanted)
    return None


def _anchored(base: Expression | None, anchor: OneOf["type", "name"], wanted: str) -> PathShape | None:
    if base is None or base == Member(None, "Resource"):
        return PathShape(anchor, wanted, ())
    return None


def _typed(start: PathShape | None, kind: str) -> PathShape | None:
    if start is None or not start.steps:
        return None
    return PathShape(start.anchor, start.wanted, (*start.steps[:-1], Step(start.steps[-1].name, kind)))


def resource_of(tree: Expression) -> str | None:
    """The type of resource that a path starts from, or None where it applies to all."""
    match tree:
        case Member(None, name) if name[:1].isupper() and name not in ("Resource", "DomainResource"):
            return name
        case Member(base, _) | OfType(base, _, _) | Call(base, _, _) if base is not None:
            return resource_of(base)
        case Operation(_, left, right) if left is not None:
            one, other = resource_of(left), resource_of(right)
            return one if one == other else None
    return None
