"""Numbers as people write them: 3.5 and 3,5, 1,234 and 1.234, +7 and 2.0E-3."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cohortium.sources.cells.patterns import matching

PLAIN = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
GROUPED = r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$"
# The marks are point, blank, apostrophes, and the blanks that do not break a line.
_MARKS = "[. ’'\u00a0\u202f]"
GROUPED_WITH_COMMA = rf"^[+-]?\d{{1,3}}({_MARKS}\d{{3}})+(,\d+)?$"


def plain_text(texts: pa.Array, *, decimal_comma: bool = False) -> pa.Array:
    """Texts of numbers with a decimal point and no thousands marks; null where the text is not a number.

    decimal_comma : 3,5 is three and a half, and 1.234 is one thousand two hundred and thirty-four. Otherwise 1,234 is
                    that number and 3,5 is not one.
    """
    grouped = matching(texts, GROUPED_WITH_COMMA if decimal_comma else GROUPED)
    if grouped.any():
        merged = pc.replace_substring_regex(texts, pattern=_MARKS if decimal_comma else ",", replacement="")
        texts = pc.if_else(pa.array(grouped), merged, texts)
    if decimal_comma:
        texts = pc.replace_substring(texts, pattern=",", replacement=".")
    texts = pc.utf8_ltrim(texts, characters="+")
    return pc.if_else(pa.array(matching(texts, PLAIN)), texts, pa.scalar(None, pa.string()))


def read_numbers(texts: pa.Array, *, decimal_comma: bool = False) -> NDArray[np.float64]:
    """Numbers (n,) that the texts write, NaN where a text is not a finite number."""
    values = plain_text(texts, decimal_comma=decimal_comma).cast(pa.float64()).fill_null(float("nan"))
    numbers = np.array(values, dtype=np.float64)
    numbers[~np.isfinite(numbers)] = np.nan
    return numbers
