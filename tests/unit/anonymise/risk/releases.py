"""Tables whose quasi-identifiers are known, and releases of them, for tests of the attacks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from tests.lattices import halving

from cohortium.anonymise.tables.coded import places
from cohortium.anonymise.tables.hierarchy import Hierarchy
from cohortium.anonymise.tables.models import KAnonymity
from cohortium.anonymise.tables.recoding import Recoding
from cohortium.anonymise.tables.search import Question, search_exactly
from cohortium.anonymise.tables.tuples import distinct
from cohortium.records import Column, Kind, Role, Schema, Table

WIDTHS = {"age": 32, "region": 8, "sex": 2}
COLUMNS = tuple(WIDTHS)
HIERARCHIES = {name: halving(name, width) for name, width in WIDTHS.items()}


def people(rows: int = 400, seed: int = 0) -> Table:
    """Skewed ages and regions, a sex, an illness that follows age."""
    rng = np.random.default_rng(seed)
    age = np.minimum(rng.geometric(0.08, rows) - 1, 31)
    columns = {
        "age": age,
        "region": np.minimum(rng.geometric(0.4, rows) - 1, 7),
        "sex": rng.integers(0, 2, rows),
    }
    shown = {name: pa.array([str(value) for value in values]) for name, values in columns.items()}
    shown["ill"] = pa.array(np.where(rng.random(rows) < 0.1 + age / 40, "yes", "no"))
    return Table(pa.table(shown), schema())


def schema() -> Schema:
    roles = frozenset({Role.QUASI_IDENTIFIER})
    known = tuple(Column(name, Kind.CATEGORICAL, roles) for name in COLUMNS)
    return Schema((*known, Column("ill", Kind.CATEGORICAL, frozenset({Role.SENSITIVE}), levels=("no", "yes"))))


def question(table: Table, k: int, suppression: float, weights: Sequence[float] | None = None) -> Question:
    chosen: tuple[Hierarchy, ...] = tuple(HIERARCHIES[name] for name in COLUMNS)
    tuples = distinct([places(table, one) for one in chosen])
    held = None if weights is None else tuple(weights)
    return Question(tuples, chosen, (KAnonymity(k),), suppression=suppression, weights=held)


def released(table: Table, k: int, suppression: float = 0.1, weights: Sequence[float] | None = None) -> Table:
    """The k-anonymous release of least loss, its rows shuffled."""
    asked = question(table, k, suppression, weights)
    recoding = Recoding.at_node(asked, search_exactly(asked))
    return retold(table, asked, recoding)


def retold(table: Table, asked: Question, recoding: Recoding) -> Table:
    told = recoding.told(asked.tuples, asked.hierarchies)
    arrays = {
        name: pa.array(np.array(texts)[codes[asked.tuples.of_row]])
        for name, (codes, texts) in zip(COLUMNS, told, strict=True)
    }
    arrays["ill"] = table.arrow.column("ill").cast(pa.string())
    kept = np.flatnonzero(~recoding.left_out[asked.tuples.of_row])
    kept = np.random.default_rng(3).permutation(kept)
    return Table(pa.table(arrays).take(pa.array(kept)), schema())
