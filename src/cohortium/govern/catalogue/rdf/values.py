"""Values of a graph's nodes as an entry takes them: texts in one language, addresses, codes, numbers and days."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from rdflib import Graph, Literal, URIRef
from rdflib.namespace import DCTERMS
from rdflib.term import Node

from cohortium.govern.catalogue.rdf.terms import EU
from cohortium.govern.catalogue.vocabularies import COUNTRIES, LANGUAGES

_NUTS = "http://data.europa.eu/nuts/code/"
LANGUAGE_NAMES = {code: name for name, code in LANGUAGES.items()}
_COUNTRIES = {code: name for name, code in COUNTRIES.items()}
Word = TypeVar("Word", bound=StrEnum)


@dataclass(slots=True)
class GraphValues:
    """Reads values of a graph.

    language : ISO 639-1, in which texts are preferred; remarks : what was left out.
    """

    graph: Graph
    language: str
    remarks: list[str] = field(default_factory=list)

    def values(self, node: Node, predicate: URIRef) -> list[Node]:
        """All values of a property, in an order that does not change."""
        return sorted(self.graph.objects(node, predicate), key=str)

    def chosen(self, node: Node, predicate: URIRef) -> Node | None:
        """One text."""
        return next(iter(self.in_one_language(node, predicate)), None)

    def in_one_language(self, node: Node, predicate: URIRef) -> list[Node]:
        """Texts in the language asked for, or in English, or in none, or else in the first that there is."""
        found = [one for one in self.values(node, predicate) if isinstance(one, Literal)]
        tags = [(one.language or "").split("-")[0] for one in found]
        tag = next((one for one in (self.language, "en", "") if one in tags), tags[0] if tags else "")
        return [one for one, own in zip(found, tags, strict=True) if own == tag]

    def text(self, node: Node, predicate: URIRef) -> str:
        """One text, empty where there is none."""
        return clean(self.chosen(node, predicate))

    def iri(self, node: Node, predicate: URIRef) -> str:
        """One address, empty where there is none."""
        return next((str(one) for one in self.values(node, predicate) if isinstance(one, URIRef)), "")

    def iris(self, node: Node, predicate: URIRef) -> tuple[str, ...]:
        """All addresses."""
        return tuple(str(one) for one in self.values(node, predicate) if isinstance(one, URIRef))

    def coded(self, node: Node, predicate: URIRef, names: dict[str, str]) -> tuple[str, ...]:
        """Names of the codes of one of the European Union's lists."""
        codes = [one.rsplit("/", 1)[-1] for one in self.iris(node, predicate) if one.startswith(EU)]
        return tuple(names[one] for one in codes if one in names)

    def countries(self, node: Node) -> tuple[str, ...]:
        """Of the European Union's list, or of NUTS, which calls Greece EL."""
        nuts = [one.rsplit("/", 1)[-1] for one in self.iris(node, DCTERMS.spatial) if one.startswith(_NUTS)]
        known = [{"EL": "GR", "UK": "GB"}.get(one[:2], one[:2]) for one in nuts]
        return (*self.coded(node, DCTERMS.spatial, _COUNTRIES), *(one for one in known if one in COUNTRIES))

    def words(self, node: Node, predicate: URIRef, of: type[Word], spelt: Callable[[str], str]) -> tuple[Word, ...]:
        """Words of one of our lists, by the last part of their address in any release's."""
        known = {str(one): one for one in of}
        ends = [spelt(one.rsplit("/", 1)[-1]) for one in self.iris(node, predicate)]
        return tuple(known[one] for one in ends if one in known)

    def whole(self, node: Node, predicate: URIRef) -> int | None:
        """A whole number, None where there is none."""
        for one in self.values(node, predicate):
            value: Any = one.value if isinstance(one, Literal) else None
            if isinstance(value, (int, Decimal)) and not isinstance(value, bool) and value == int(value):
                return int(value)
        return None

    def day(self, node: Node, predicate: URIRef, *, is_end: bool = False) -> date | None:
        """A day; of a year alone its first, or its last where it ends something."""
        for one in self.values(node, predicate):
            told = str(one)
            try:
                return date.fromisoformat(told[:10] if len(told) > 4 else f"{told}-{'12-31' if is_end else '01-01'}")
            except ValueError:
                self.remarks.append("a date was left out, which is none")
        return None


def clean(node: Node | None, only: type[Node] = Literal) -> str:
    """The text of a literal, or of a node of that kind; empty of others."""
    return str(node).strip() if node is not None and isinstance(node, (only, Literal)) else ""
