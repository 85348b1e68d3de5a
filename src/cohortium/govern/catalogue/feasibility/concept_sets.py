"""Sets of OMOP concepts, with what lies below them in the vocabulary, as ATLAS exports them or as numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cohortium.errors import InvalidRequest
from cohortium.govern.catalogue.feasibility.plain import known_only, listed, told

MOST_CONCEPTS = 50_000
_LARGEST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Concept:
    """One concept of a set: whether what lies below it belongs to it, and whether it is taken away instead."""

    concept_id: int
    descendants: bool = True
    is_excluded: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.concept_id, bool) or not 0 <= self.concept_id <= _LARGEST:
            raise InvalidRequest(f"A concept's number is a whole number from 0 to {_LARGEST:,}.")


@dataclass(frozen=True, slots=True)
class ConceptSet:
    """Concepts that count as one."""

    concepts: tuple[Concept, ...]
    name: str = ""

    def __post_init__(self) -> None:
        if not self.concepts or len(self.concepts) > MOST_CONCEPTS:
            raise InvalidRequest(f"A concept set has 1 to {MOST_CONCEPTS:,} concepts.")

    def ids(self, *, excluded: bool, descendants: bool | None = None) -> list[int]:
        """Numbers of those that are taken away or not, and with or without what lies below them."""
        return [
            one.concept_id
            for one in self.concepts
            if one.is_excluded is excluded and descendants in (None, one.descendants)
        ]


def read_concept_set(text: str | Mapping[str, Any], name: str = "") -> ConceptSet:
    """The set that ATLAS exports: ``{"items": [{"concept": {"CONCEPT_ID": …}, "includeDescendants": …}]}``.

    Raises : InvalidRequest where it is no such thing, or asks for mapped concepts, which are not supported.
    """
    plain = text
    if isinstance(text, str):
        try:
            plain = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InvalidRequest("A concept set is JSON, as ATLAS exports it.") from error
    if not isinstance(plain, Mapping):
        raise InvalidRequest("A concept set is a JSON object with 'items'.")
    known_only(plain, {"items"}, "the concept set")
    return ConceptSet(tuple(_concept(one) for one in listed(plain, "items", "the concept set")), name)


def _concept(plain: Mapping[str, Any]) -> Concept:
    known_only(plain, {"concept", "isExcluded", "includeDescendants"}, "an item of a concept set")
    concept = told(plain, "concept", dict, "an item of a concept set")
    number = told(concept, "CONCEPT_ID", int, "a concept")
    return Concept(number, bool(plain.get("includeDescendants")), bool(plain.get("isExcluded")))
