"""A raw column as images: names of files beside the table, files in its cells, or pixels as they are."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cohortium.errors import SchemaMismatch, SourceUnreadable
from cohortium.records import Column
from cohortium.records.images import column_of_pixels, is_bytes, shape_in_words
from cohortium.sources.cells import distinct, is_text
from cohortium.sources.cells.missing import missing_texts
from cohortium.sources.pictures import NoPicture, picture

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Shape = tuple[int, int, int]

OUTSIDE, ABSENT, BROKEN = (
    "outside of the table's folder",
    "not there",
    "not one PNG, JPEG or TIFF picture of 8 or 16 bits",
)


def read_images(raw: pa.ChunkedArray, column: Column, folder: Path | None) -> pa.ChunkedArray:
    """The images of a column in the shape that its schema states, null where a cell is empty or a missing code.

    folder : where the files lie that the cells name; none outside of it is opened.
    Raises : SourceUnreadable, counting what cannot be read; SchemaMismatch where the cells are neither names nor bytes.
    """
    shape = column.shape or (0, 0, 0)
    if is_bytes(raw.type):
        return _from_bytes(raw.cast(pa.binary()), column, shape)
    if not is_text(raw.type) or folder is None:
        raise SchemaMismatch(
            f"Column '{column.name}' is image in the schema, {shape_in_words(column)}; its cells should name image "
            f"files beside the table, or hold pixels, and are {raw.type}. Correct the kind in the schema."
        )
    cells = distinct(raw)
    found, lacking = _Pictures(shape), missing_texts(cells.texts, column)
    for text, rows, is_missing in zip(cells.texts.to_pylist(), cells.counts, lacking, strict=True):
        found.add(None if is_missing else _inside(folder, text), int(rows))
    found.refuse(column, len(raw))
    places = np.where(lacking, -1, np.arange(len(lacking)))
    return _spread(found.stacked(), np.append(places, -1)[cells.places])


def _from_bytes(raw: pa.ChunkedArray, column: Column, shape: Shape) -> pa.ChunkedArray:
    """Pixels stay as they are; where any cell has another length than pixels have, all are files."""
    lengths = pc.unique(pc.drop_null(pc.binary_length(raw))).to_pylist()
    if set(lengths) <= {math.prod(shape)}:
        return raw
    found = _Pictures(shape)
    for cell in raw:
        found.add(cell.as_py(), 1)
    found.refuse(column, len(raw))
    return _spread(found.stacked(), np.where(np.asarray(raw.is_null()), -1, np.arange(len(raw))))


class _Pictures:
    """Pictures read one by one, with a count of the rows whose picture could not be read, and why."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.pixels: list[NDArray[np.uint8]] = []
        self.troubles: Counter[str] = Counter()

    def add(self, source: Path | bytes | str | None, rows: int) -> None:
        """The picture in a file or in bytes; a text says why there is none, and None is a cell without one."""
        blank = np.zeros(self.shape, np.uint8)
        if isinstance(source, str):
            self.troubles[source] += rows
        elif source is not None:
            try:
                blank = picture(source, self.shape)
            except NoPicture:
                self.troubles[BROKEN] += rows
        self.pixels.append(blank)

    def refuse(self, column: Column, rows: int) -> None:
        if not self.troubles:
            return
        counted = "; ".join(f"{count:,} {trouble}" for trouble, count in sorted(self.troubles.items()))
        raise SourceUnreadable(
            f"Column '{column.name}' should give an image in each of {rows:,} rows or say that there is none. Of the "
            f"images {counted}. Put the files where the cells say, seen from the table's folder, and empty the cells "
            "of those that cannot be had."
        )

    def stacked(self) -> NDArray[np.uint8]:
        return np.stack(self.pixels) if self.pixels else np.zeros((0, *self.shape), np.uint8)


def _inside(folder: Path, text: str) -> Path | str:
    """The file that a cell names, or why it is not read; links that lead out of the folder count as outside."""
    home = folder.resolve()
    try:
        path = (home / text).resolve()
        if not path.is_relative_to(home):
            return OUTSIDE
        return path if path.is_file() else ABSENT
    except (OSError, ValueError):  # names that no file can have
        return ABSENT


def _spread(pixels: NDArray[np.uint8], places: NDArray[np.int64]) -> pa.ChunkedArray:
    """Images put into their rows; null where the place is -1."""
    return column_of_pixels(pixels).take(pa.array(places, pa.int64(), mask=places < 0))
