"""Real patients as tables, and answers that must be the same from one table as from three sites."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from lifelines.datasets import load_gbsg2
from tests.conformance.test_algorithms import assert_same_answer

from cohortium.analyse import over_sites, pooled
from cohortium.records import Algorithm, Column, Kind, Result, Schema, Table


def table_of(frame: pd.DataFrame, levels: dict[str, Sequence[str]] | None = None, ordinal: Sequence[str] = ()) -> Table:
    """Texts become nominal columns, with ``levels`` where given; whole numbers integer, all others continuous."""
    columns, arrays = [], {}
    for name in frame.columns:
        values: Any = frame[name]
        kind = {"b": Kind.BOOLEAN, "i": Kind.INTEGER, "f": Kind.CONTINUOUS}.get(values.dtype.kind, Kind.CATEGORICAL)
        kind = Kind.ORDINAL if name in ordinal else kind
        known = tuple((levels or {}).get(name, ())) or None
        columns.append(Column(name, kind, levels=known if kind.is_nominal else None))
        arrays[name] = pa.array(values.tolist(), from_pandas=True)
    return Table(pa.table(arrays), Schema(tuple(columns)))


def answer(algorithm: Algorithm, table: Table, tolerance: float = 1e-8) -> Result:
    """The answer from three sites of different size, once it is seen to be that of the pooled table."""
    rows = np.random.default_rng(7).permutation(len(table))
    parts = np.split(rows, [len(table) // 8, len(table) // 2])
    found = over_sites(algorithm, [table.take(part) for part in parts])
    assert_same_answer(found, pooled(algorithm, table), tolerance)
    return found


def breast_cancer() -> pd.DataFrame:
    """686 women with node-positive breast cancer (GBSG-2), as lifelines carries them."""
    data = load_gbsg2()
    return pd.DataFrame(
        {
            "hormones": (data.horTh == "yes").to_numpy(),
            "recurred": (data.cens == 1).to_numpy(),
            "time_days": data.time.to_numpy(float),
            "nodes": data.pnodes.to_numpy(np.int64),
            "age": data.age.to_numpy(float),
            "size": data.tsize.to_numpy(float),
            "receptors": data.progrec.to_numpy(float),
            "grade": data.tgrade.astype(str).to_numpy(),
            "menopause": data.menostat.astype(str).to_numpy(),
        }
    )
