"""Numbers as people write them: 3.5 and 3,5, 1,234 and 1.234, +7 and 2.0E-3."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

PLAIN = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
GROUPED = r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$"
GROUPED_WITH_COMMA = r"^[+-]?\d{1,3}([. ’'\x{00A0}\x{202F}]\d{3})+(,\d+)?$"


def plain_text(texts: pa.Array, *, decimal_comma: bool = False) -> pa.Array:
    """Texts of numbers with a decimal point and no thousands marks; null where the text is not a number.

    decimal_comma : 3,5 is three and a half, and 1.234 is one thousand two hundred and thirty-four. Otherwise 1,234 is
                    that number and 3,5 is not one.
    """
    if decimal_comma:
        grouped = pc.match_substring_regex(texts, pattern=GROUPED_WITH_COMMA)
        merged = pc.replace_substring_regex(texts, pattern=r"[. ’'\x{00A0}\x{202F}]", replacement="")
        texts = pc.replace_substring(pc.if_else(grouped, merged, texts), pattern=",", replacement=".")
    else:
        grouped = pc.match_substring_regex(texts, pattern=GROUPED)
        texts = pc.if_else(grouped, pc.replace_substring(texts, pattern=",", replacement=""), texts)
    texts = pc.utf8_ltrim(texts, characters="+")
    return pc.if_else(pc.match_substring_regex(texts, pattern=PLAIN), texts, pa.scalar(None, pa.string()))


def read_numbers(texts: pa.Array, *, decimal_comma: bool = False) -> NDArray[np.float64]:
    """Numbers (n,) that the texts write, NaN where a text is not a finite number."""
    values = plain_text(texts, decimal_comma=decimal_comma).cast(pa.float64()).fill_null(float("nan"))
    numbers = np.array(values, dtype=np.float64)
    numbers[~np.isfinite(numbers)] = np.nan
    return numbers
