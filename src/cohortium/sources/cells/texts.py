"""Columns of any Arrow type as the texts that a person would write for their values."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def is_text(kind: pa.DataType) -> bool:
    """Whether the source stores texts: plain, large, view, or a dictionary of texts."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def is_unreadable_type(kind: pa.DataType) -> bool:
    """Whether no cell of the type fits a table of records: lists, structures, maps and views of binary data."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_nested(kind) or pa.types.is_binary_view(kind))


def as_texts(values: pa.Array) -> pa.Array:
    """Values of any type as texts: whole numbers without a point, dates as ISO 8601, NaN as missing."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        return as_texts(values.dictionary_decode())
    if pa.types.is_floating(kind):
        values = pc.if_else(pc.is_nan(values), pa.scalar(None, kind), values)
        # Arrow writes 0.0 as "0" and -0.0 as "-0"; the two are one value.
        return pc.replace_substring_regex(values.cast(pa.string()), pattern="^-0$", replacement="0")
    if pa.types.is_decimal(kind):
        return pc.replace_substring_regex(values.cast(pa.string()), pattern=r"\.0+$", replacement="")
    if pa.types.is_timestamp(kind):
        # Python's and Arrow's own texts carry a fraction and a zone letter that nobody writes for midnight.
        text = values.cast(pa.timestamp("us", kind.tz)).cast(pa.string())
        return pc.replace_substring_regex(text, pattern=r"(\.0+)?Z?$", replacement="")
    if pa.types.is_duration(kind):
        seconds = pc.divide(values.cast(pa.duration("us")).cast(pa.int64()).cast(pa.float64()), 1e6)
        return seconds.cast(pa.string())
    return values.cast(pa.string())
