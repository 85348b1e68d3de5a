"""What FHIR R4 says of its elements: their types, which must be there, and which codes they may hold."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

PRIMITIVES = frozenset(
    ("base64Binary", "boolean", "canonical", "code", "date", "dateTime", "decimal", "id", "instant", "integer",
     "markdown", "oid", "positiveInt", "string", "time", "unsignedInt", "uri", "url", "uuid", "xhtml")
)  # fmt: skip
NUMBERS = frozenset(("decimal", "integer", "positiveInt", "unsignedInt"))
QUANTITIES = frozenset(("Quantity", "Age", "Count", "Distance", "Duration", "Money"))
DATES = frozenset(("date", "dateTime", "instant"))
_EVERYWHERE = {"id": "string", "extension": "Extension"}
_BACKBONE = {**_EVERYWHERE, "modifierExtension": "Extension"}
_RESOURCE = {"id": "id", "meta": "Meta", "implicitRules": "uri", "language": "code"}
_DOMAIN = {**_RESOURCE, "text": "Narrative", "contained": "Resource",
           "extension": "Extension", "modifierExtension": "Extension"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shape:
    """A type, or an element that has elements of its own ("Patient.contact").

    elements : name in JSON -> its type; a nested element's type is its path.
    required : names that FHIR wants; a choice is named without its type ("medication").
    choices  : name without type -> names in JSON ("value" -> "valueQuantity", "valueString" ...).
    """

    name: str
    elements: dict[str, str]
    required: frozenset[str]
    choices: dict[str, tuple[str, ...]]


@cache
def _document() -> dict[str, dict[str, dict[str, str]]]:
    text = resources.files("cohortium.anonymise.fhir").joinpath("data/r4.json").read_text("utf-8")
    loaded: dict[str, dict[str, dict[str, str]]] = json.loads(text)
    return loaded


def is_resource(name: str) -> bool:
    """Whether R4 has a resource of this name."""
    return name in _document()["resources"]


@cache
def shape(name: str) -> Shape:
    """What R4 says of a type or nested element; one that it does not know has only an id and extensions."""
    own = _document()["types"].get(name, {})
    parent = str(_document()["resources"].get(name, ""))
    base = {"DomainResource": _DOMAIN, "Resource": _RESOURCE}.get(parent, _BACKBONE if "." in name else _EVERYWHERE)
    if name in ("Timing", "Dosage", "ElementDefinition"):
        base = _BACKBONE
    elements = {**base, **{key: kind.strip("!@") for key, kind in own.items()}}
    required = {key for key, kind in own.items() if kind.endswith("!")} | set(_document()["one_of"].get(name, ()))
    return Shape(name, elements, frozenset(required), _choices(elements))


def _choices(elements: dict[str, str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for key, kind in elements.items():
        typed = kind[:1].upper() + kind[1:]
        if "." not in kind and key.endswith(typed) and key != typed:
            found.setdefault(key.removesuffix(typed), []).append(key)
    return {base: tuple(keys) for base, keys in found.items() if base}


@cache
def codes(path: str) -> frozenset[str] | None:
    """The codes that R4 allows at a path ("Patient.gender"), or None where it does not list them."""
    listed = _document()["codes"].get(path)
    return None if listed is None else frozenset(listed)
