"""Searching the catalogue: what is asked, and the page that comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cohortium.errors import InvalidRequest
from cohortium.govern.catalogue.entry import Entry
from cohortium.govern.catalogue.facets import FACETS

MOST_ON_A_PAGE, MOST_PAGES = 100, 10_000
Pieces = tuple[tuple[str, bool], ...]
"""A text in pieces, and whether each was looked for: escape every piece before it is shown."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for; filters of one facet are alternatives, filters of several must all hold.

    text  : words that must all occur; "a phrase", begun*, -without.
    facets: facet -> values; facets are "kind", "publisher", "country", "category", "access", "mode".
    years : first and last year, either may be None: entries whose coverage touches them.
    page  : from 1.
    """

    text: str = ""
    facets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    years: tuple[int | None, int | None] | None = None
    page: int = 1
    on_a_page: int = 20

    def __post_init__(self) -> None:
        unknown = sorted(set(self.facets) - set(FACETS))
        if unknown:
            raise InvalidRequest(f"There is no facet {unknown}; there are {list(FACETS)}.")
        if not 1 <= self.on_a_page <= MOST_ON_A_PAGE or not 1 <= self.page <= MOST_PAGES:
            raise InvalidRequest(f"A page shows 1 to {MOST_ON_A_PAGE} entries, and is one of {MOST_PAGES:,}.")


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry that was found. ``title`` and ``excerpt`` come in pieces; origin : "" where it is our own."""

    entry: Entry
    title: Pieces
    excerpt: Pieces
    origin: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page of what was found.

    total  : entries that match; facets : facet -> value -> entries if this value were chosen, the commonest first.
    years  : year -> entries that cover it.
    ranked : False where so many match that the newest come first instead of the best.
    """

    query: Query
    hits: tuple[Hit, ...]
    total: int
    facets: dict[str, dict[str, int]]
    years: dict[int, int]
    ranked: bool = True

    @property
    def pages(self) -> int:
        """How many pages there are; at least one."""
        return max(1, -(-self.total // self.query.on_a_page))
