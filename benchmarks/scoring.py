"""What a synthetic table is worth beside the real one, by the metrics of ``cohortium.evaluate``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as arrow_parquet

import cohortium.evaluate  # noqa: F401 - registers the metrics
from cohortium.errors import NotApplicable
from cohortium.evaluate import Comparison
from cohortium.records import Kind, Role, Schema, Table
from cohortium.registry import find

METRICS = (
    "c2st",
    "pair_trends",
    "trivariate_accuracy",
    "tstr",
    "tstr_gap",
    "mia_nearest",
    "mia_density",
    "dcr_share",
    "singling_out_univariate",
    "singling_out_multivariate",
    "identical_share",
    "identical_excess",
    "km_divergence",
    "optimism",
)
DRAWS = 3
OF_SEVERAL_DRAWS = frozenset(
    {"mia_nearest", "mia_density", "dcr_share", "singling_out_univariate", "singling_out_multivariate"}
)
"""Metrics that look at a random part of the rows; the mean over three parts is taken."""
DIGITS = 6


def scores(
    train: Table, synthetic: Table, holdout: Table, target: str, seed: int, metrics: Iterable[str] = METRICS
) -> dict[str, float | None]:
    """Each metric once, from the same seed; None where it is not applicable."""
    pair = Comparison(rounded(train), rounded(synthetic), rounded(holdout), target)
    return {name: _score(name, pair, seed) for name in metrics}


def real_scores(
    train: Table, holdout: Table, target: str, seed: int, metrics: Iterable[str] = METRICS
) -> dict[str, float | None]:
    """The same with one half of the held-out persons in the place of the synthetic table, judged by the other half."""
    pair = Comparison(rounded(train), rounded(train), rounded(holdout), target)
    pair = pair.reference(np.random.default_rng([seed, 29]))
    return {name: _score(name, pair, seed) for name in metrics}


def _score(name: str, pair: Comparison, seed: int) -> float | None:
    measure, draws = find("metric", name).thing, DRAWS if name in OF_SEVERAL_DRAWS else 1
    try:
        values = [measure(pair, rng=np.random.default_rng([seed, draw])).value for draw in range(draws)]
    except NotApplicable:
        return None
    return round(float(np.mean(values)), DIGITS)


def rounded(table: Table) -> Table:
    """Continuous values at six significant digits: single precision alone would betray some peers."""
    arrow = table.arrow
    for place, column in enumerate(table.schema.columns):
        if column.kind is Kind.CONTINUOUS:
            values = table.numeric(column.name)
            plain = np.where((values == 0) | ~np.isfinite(values), 1.0, values)
            scale = 10.0 ** (DIGITS - 1 - np.floor(np.log10(np.abs(plain))))
            kept = pa.array(np.round(values * scale) / scale, mask=np.isnan(values))
            arrow = arrow.set_column(place, column.name, kept)
    return Table(arrow, table.schema)


def _truths(array: pa.ChunkedArray) -> pa.ChunkedArray:
    """True and false however a peer writes them: as texts of any case, or as 0 and 1."""
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    return array.cast(pa.bool_()) if not pa.types.is_string(array.type) else pc.utf8_lower(array).cast(pa.bool_())


def read_made(path: Path, schema: Schema) -> Table:
    """What a method made, under the real table's schema: infinite numbers count as missing, negative durations as 0."""
    raw = arrow_parquet.read_table(path).replace_schema_metadata(None)
    columns = []
    for column in schema.columns:
        array = raw.column(column.name)
        if pa.types.is_floating(array.type):
            values = array.to_numpy().astype(np.float64)
            values = np.where(np.isfinite(values), values, np.nan)
            values = np.maximum(values, 0.0) if column.has_role(Role.TIME) else values
            whole = column.kind is Kind.INTEGER
            array = pa.array(np.round(values) if whole else values, mask=np.isnan(values))
            array = array.cast(pa.int64()) if whole else array
        elif column.kind is Kind.BOOLEAN and not pa.types.is_boolean(array.type):
            array = _truths(array)
        columns.append(array)
    return Table(pa.table(columns, names=list(schema.names)), schema)
