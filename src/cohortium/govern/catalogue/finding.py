"""From a query to its page: the database finds the words, memory filters and counts, the database orders.

Entries with all words in their title come before the others; among equals the better match by BM25 (SQLite) or
ts_rank (PostgreSQL) comes first. Where more than ``RANKED`` match, ranks say little and cost much: then the newest do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import Connection, and_, select

from cohortium.govern.catalogue.facets import FACETS, FacetIndex
from cohortium.govern.catalogue.form import from_form
from cohortium.govern.catalogue.search import Hit, Page, Query
from cohortium.govern.catalogue.tables import CURRENT, VERSIONS
from cohortium.govern.catalogue.word_index import WordIndex
from cohortium.govern.catalogue.words import Term, highlighted, terms

if TYPE_CHECKING:
    from numpy.typing import NDArray

RANKED = 15_000
EXCERPT = 280


def found(connection: Connection, index: WordIndex, facets: FacetIndex, query: Query) -> Page:
    """The page that answers the query; ``facets`` are up to date."""
    sought = terms(query.text)
    matching = _matching(connection, index, facets, sought)
    masks = facets.filtered(query.facets, query.years)
    chosen = _passing(matching, list(masks.values()))
    first = (query.page - 1) * query.on_a_page
    needed = min(first + query.on_a_page, len(chosen))
    ordered, is_ranked = _ordered(connection, index, facets, _wanted(sought), matching, chosen, needed)
    return Page(
        query=query,
        hits=_hits(connection, ordered[first:needed], sought),
        total=len(chosen),
        facets={name: facets.facets[name].counts(_but(matching, masks, name)) for name in FACETS},
        years=facets.years_of(_but(matching, masks, "years")),
        ranked=is_ranked,
    )


def _matching(
    connection: Connection, index: WordIndex, facets: FacetIndex, sought: tuple[Term, ...]
) -> NDArray[np.int64]:
    """Places with all that is wanted; what has something unwanted is taken out here, which is cheaper than there."""
    wanted = _wanted(sought)
    found = _shown(facets, index.matching(connection, wanted)) if wanted else np.flatnonzero(facets.shown)
    for one in sought:
        if one.is_excluded:
            is_left = np.ones(len(facets.shown), dtype=np.bool_)
            is_left[_shown(facets, index.matching(connection, (one,)))] = False
            found = found[is_left[found]]
    return found


def _wanted(sought: tuple[Term, ...]) -> tuple[Term, ...]:
    return tuple(one for one in sought if not one.is_excluded)


def _shown(facets: FacetIndex, places: NDArray[np.int64]) -> NDArray[np.int64]:
    known = places[places < len(facets.shown)]
    return known[facets.shown[known]]


def _passing(places: NDArray[np.int64], masks: list[NDArray[np.bool_]]) -> NDArray[np.int64]:
    return places[np.logical_and.reduce([mask[places] for mask in masks])] if masks else places


def _but(places: NDArray[np.int64], masks: dict[str, NDArray[np.bool_]], name: str) -> NDArray[np.int64]:
    """Places that pass all filters but one's own: how many there would be if another of its values were chosen."""
    return _passing(places, [mask for other, mask in masks.items() if other != name])


def _ordered(
    connection: Connection, index: WordIndex, facets: FacetIndex, wanted: tuple[Term, ...],
    matching: NDArray[np.int64], chosen: NDArray[np.int64], needed: int,
) -> tuple[NDArray[np.int64], bool]:  # fmt: skip
    """The first ``needed`` of the chosen places in order; and whether ranks decided."""
    if not wanted or not needed:
        return _newest(facets, chosen, needed), True
    is_chosen = np.zeros(len(facets.shown), dtype=np.bool_)
    is_chosen[chosen] = True
    titled = _shown(facets, index.matching(connection, wanted, title=True))
    first, is_ranked = _tier(connection, index, facets, wanted, titled, is_chosen, needed, title=True)
    if len(first) >= needed:
        return first, is_ranked
    is_chosen[titled] = False
    others, others_ranked = _tier(
        connection, index, facets, wanted, matching, is_chosen, needed - len(first), title=False
    )
    return np.concatenate([first, others]), is_ranked and others_ranked


def _tier(
    connection: Connection, index: WordIndex, facets: FacetIndex, wanted: tuple[Term, ...],
    matching: NDArray[np.int64], is_chosen: NDArray[np.bool_], needed: int, *, title: bool,
) -> tuple[NDArray[np.int64], bool]:  # fmt: skip
    places = matching[is_chosen[matching]]
    if len(matching) > RANKED:
        return _newest(facets, places, needed), False
    if not len(places):
        return places, True
    return _chosen(index.ranked(connection, wanted, title=title), is_chosen)[:needed], True


def _chosen(places: NDArray[np.int64], is_chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
    known = places[places < len(is_chosen)]
    return known[is_chosen[known]]


def _newest(facets: FacetIndex, places: NDArray[np.int64], needed: int) -> NDArray[np.int64]:
    """The ``needed`` places that changed last; no two changes have one number."""
    revisions = -facets.revisions[places]
    if needed < len(places):
        places = places[np.argpartition(revisions, needed)[:needed]]
        revisions = -facets.revisions[places]
    return places[np.argsort(revisions)]


def _hits(connection: Connection, places: NDArray[np.int64], sought: tuple[Term, ...]) -> tuple[Hit, ...]:
    same = and_(VERSIONS.c.identifier == CURRENT.c.identifier, VERSIONS.c.version == CURRENT.c.version)
    query = select(CURRENT.c.place, CURRENT.c.origin, VERSIONS.c.form).join(VERSIONS, same)
    rows = {
        place: (from_form(form), origin)
        for place, origin, form in connection.execute(query.where(CURRENT.c.place.in_([int(one) for one in places])))
    }
    return tuple(
        Hit(entry, highlighted(entry.title, sought), highlighted(entry.description, sought, EXCERPT), origin)
        for entry, origin in (rows[int(one)] for one in places)
    )
