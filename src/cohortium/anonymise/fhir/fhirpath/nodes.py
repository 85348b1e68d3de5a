"""Elements of a resource that know their type and where they lie, for expressions that no quick walk can follow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cohortium.anonymise.fhir.structure import PRIMITIVES, is_resource, shape

Place = tuple[int, str | int]
"""Identity of the object or list that holds an element, and its name or number there."""


@dataclass(frozen=True, slots=True)
class Node:
    """One element.

    kind  : its type, or the path of a nested element ("Patient.contact"); "System" for values that were computed.
    name  : as in FHIRPath, a choice without its type.
    place : None for values that were computed.
    """

    value: Any
    kind: str
    name: str = ""
    place: Place | None = None

    @property
    def type_name(self) -> str:
        """Its type as FHIR names it."""
        return "BackboneElement" if "." in self.kind else self.kind


def root_node(resource: dict[str, Any]) -> Node:
    """The node of a whole resource."""
    return Node(resource, str(resource.get("resourceType", "")))


def children(node: Node) -> Iterator[Node]:
    """The elements of a node, in the order of the JSON; nested resources among them."""
    if not isinstance(node.value, dict):
        return
    form = shape(node.kind)
    for key, value in node.value.items():
        kind = form.elements.get(key)
        if kind is not None:
            name = next((base for base, keys in form.choices.items() if key in keys), key)
            yield from _placed(value, kind, name, (id(node.value), key))


def descendants(node: Node) -> Iterator[Node]:
    """All elements below, none of nested resources."""
    for child in children(node):
        yield child
        if not is_resource(child.kind):
            yield from descendants(child)


def _placed(value: Any, kind: str, name: str, place: Place) -> Iterator[Node]:
    if isinstance(value, list):
        for number, one in enumerate(value):
            yield from _placed(one, kind, name, (id(value), number))
    elif kind == "Resource" and isinstance(value, dict):
        yield Node(value, str(value.get("resourceType", "")), name, place)
    elif value is not None and isinstance(value, dict) == (kind not in PRIMITIVES):
        yield Node(value, kind, name, place)
