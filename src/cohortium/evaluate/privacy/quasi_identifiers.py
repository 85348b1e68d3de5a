"""Which columns an outsider may know of a person, and which he would like to learn."""

from __future__ import annotations

import numpy as np

from cohortium.evaluate.comparison import Comparison
from cohortium.records import Role

MOST_LEVELS, MOST_GROUPINGS = 10, 6


def known_outside(pair: Comparison) -> list[int]:
    """Places of the columns that the schema names as quasi-identifiers, among those that all tables have."""
    names = {column.name for column in pair.real.schema.with_role(Role.QUASI_IDENTIFIER)}
    return [place for place, name in enumerate(pair.encoded.names) if name in names]


def secrets(pair: Comparison, at_least: int, rng: np.random.Generator) -> list[int]:
    """Places of the sensitive and outcome columns; others, drawn at random, where these are fewer than asked for."""
    schema, names = pair.real.schema, pair.encoded.names
    sought = {column.name for role in (Role.SENSITIVE, Role.OUTCOME, Role.EVENT) for column in schema.with_role(role)}
    sought |= {pair.target} if pair.target else set()
    chosen = [place for place, name in enumerate(names) if name in sought]
    others = [int(place) for place in rng.permutation(len(names)) if place not in chosen]
    public = set(known_outside(pair))
    others.sort(key=lambda place: place in public)
    return chosen + others[: max(at_least - len(chosen), 0)]


def grouping(pair: Comparison) -> list[int]:
    """Places of the columns that form subgroups: quasi-identifiers and sites, else nominal columns of few levels."""
    sites = {column.name for column in pair.real.schema.with_role(Role.SITE)}
    chosen = known_outside(pair)
    chosen += [place for place, name in enumerate(pair.encoded.names) if name in sites and place not in chosen]
    if chosen:
        return chosen
    few = [place for place, levels in enumerate(pair.encoded.levels) if 2 <= len(levels) <= MOST_LEVELS]
    return few[:MOST_GROUPINGS]
