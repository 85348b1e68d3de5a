"""Binary columns that hold image files, told by the first of them."""

from __future__ import annotations

import pyarrow as pa

from cohortium.errors import SourceUnreadable
from cohortium.records import Column, Kind
from cohortium.records.images import is_bytes, shape_in_words
from cohortium.sources.annotations import annotated, declared_of
from cohortium.sources.pictures import NoPicture, shape_of


def with_pictures(raw: pa.Table) -> pa.Table:
    """``raw`` with its binary columns declared as images of the shape of the first.

    Raises : SourceUnreadable where a binary column holds something else.
    """
    fields = [
        annotated(field, declared=_images(raw.column(field.name), field.name))
        if is_bytes(field.type) and declared_of(field) is None
        else field
        for field in raw.schema
    ]
    return raw.cast(pa.schema(fields, metadata=raw.schema.metadata))


def _images(cells: pa.ChunkedArray, name: str) -> Column:
    first = next((cell.as_py() for cell in cells if cell.is_valid), b"")
    try:
        column = Column(name, Kind.IMAGE, shape=shape_of(first))
    except NoPicture:
        raise SourceUnreadable(
            f"Column '{name}' holds binary data that are not image files. If they are 8-bit pixels, say so in a schema "
            "file (kind image, and a shape); otherwise leave the column out."
        ) from None
    why = (
        f"Unsure: all images are brought to the shape of the first, {shape_in_words(column)}; networks take small ones."
    )
    return Column(name, Kind.IMAGE, shape=column.shape, reasons=("The source stores image files.", why))
