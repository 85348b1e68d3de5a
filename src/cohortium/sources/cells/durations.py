"""Lengths of time written as hours:minutes or hours:minutes:seconds."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

CLOCK = r"^(?P<h>\d{1,4}):(?P<m>[0-5]\d)(?::(?P<s>[0-5]\d(?:\.\d+)?))?$"


def read_durations(texts: pa.Array) -> NDArray[np.float64]:
    """Hours (n,) of texts such as 7:30 or 07:30:15, NaN where a text is nothing of the kind."""
    if not pc.any(pc.match_substring(texts, ":")).as_py():
        return np.full(len(texts), np.nan)
    parts = pc.extract_regex(texts, pattern=CLOCK)
    hours, minutes, seconds = (_floats(pc.struct_field(parts, name)) for name in ("h", "m", "s"))
    total = np.asarray(hours + minutes / 60 + np.nan_to_num(seconds) / 3600)
    total[np.asarray(parts.is_null())] = np.nan
    return total


def _floats(texts: pa.Array) -> NDArray[np.float64]:
    blank = pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
    return np.asarray(blank.cast(pa.float64()).fill_null(float("nan")), dtype=np.float64)
