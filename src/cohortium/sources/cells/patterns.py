"""Which texts match a pattern: by Arrow for many texts, by Python for few, where compiling would cost most."""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_FEW = 200


def matching(texts: pa.Array, pattern: str) -> NDArray[np.bool_]:
    """(d,) True where ``pattern`` is found in a text; False for null. The pattern must suit both RE2 and Python."""
    if len(texts) > _FEW:
        return np.array(pc.match_substring_regex(texts, pattern=pattern).fill_null(False), dtype=np.bool_)
    found = _compiled(pattern)
    return np.array([text is not None and found.search(text) is not None for text in texts.to_pylist()], dtype=np.bool_)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    # RE2's \d means 0 to 9 alone; its (?i) knows accented letters, which Python's ASCII mode does not.
    return re.compile(pattern, 0 if "(?i" in pattern else re.ASCII)
