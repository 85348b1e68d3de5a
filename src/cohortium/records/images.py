"""Images in a column: 8-bit pixels row by row, the channels of a pixel beside each other, all of one shape."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cohortium.errors import SchemaMismatch
from cohortium.records.schema import Column

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Shape = tuple[int, int, int]


def shape_in_words(column: Column) -> str:
    """``28 x 28 pixels, grey``: the shape of an image column."""
    height, width, channels = column.shape or (0, 0, 0)
    return f"{height} x {width} pixels, {'grey' if channels == 1 else 'red, green and blue'}"


def check_pixels(array: pa.ChunkedArray, column: Column) -> None:
    """Raises SchemaMismatch where a column of images holds something else, or images of another size."""
    size = math.prod(column.shape or ())
    if not is_bytes(array.type):
        raise SchemaMismatch(
            f"Column '{column.name}' is image in the schema and {array.type} in the data; pixels were expected. Read "
            "the table with cohortium.sources, which reads the image files, or correct the kind in the schema."
        )
    if pa.types.is_fixed_size_binary(array.type):
        other = 0 if array.type.byte_width == size else len(array) - array.null_count
    else:
        other = pc.sum(pc.not_equal(pc.binary_length(array), size)).as_py() or 0
    if other:
        raise SchemaMismatch(
            f"Column '{column.name}' should hold images of {size:,} bytes, {shape_in_words(column)}; {other:,} of "
            f"{len(array):,} are of another size. Correct the shape in the schema, or the images."
        )


def is_bytes(kind: pa.DataType) -> bool:
    """Whether cells of this Arrow type are runs of bytes."""
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind))


def pixels_of(array: pa.ChunkedArray, shape: Shape) -> NDArray[np.uint8]:
    """Pixels (n, height, width, channels) of a checked column, 0 where the image is missing."""
    blocks = [_bytes_of(chunk, math.prod(shape)) for chunk in array.chunks if len(chunk)]
    whole = blocks[0] if len(blocks) == 1 else np.concatenate([np.zeros(0, np.uint8), *blocks])
    return whole.reshape(len(array), *shape)


def column_of_pixels(pixels: NDArray[np.uint8]) -> pa.ChunkedArray:
    """Images (n, height, width, channels) as an Arrow column, in chunks that Arrow's 32-bit offsets can count."""
    size = math.prod(pixels.shape[1:])
    most = max(1, (2**31 - 1) // max(size, 1))
    blocks = [_binary(pixels[start : start + most], size) for start in range(0, len(pixels), most)]
    return pa.chunked_array(blocks, pa.binary())


def _bytes_of(chunk: pa.Array, size: int) -> NDArray[np.uint8]:
    """The bytes of all images of a chunk, one after the other."""
    whole = chunk.fill_null(bytes(size)) if chunk.null_count else chunk
    _, offsets, data = whole.buffers()
    first = int(np.frombuffer(offsets, np.int32, 1, offset=4 * whole.offset)[0])
    return np.frombuffer(data, np.uint8, size * len(whole), offset=first)


def _binary(pixels: NDArray[np.uint8], size: int) -> pa.Array:
    offsets = np.arange(len(pixels) + 1, dtype=np.int32) * np.int32(size)
    data = pa.py_buffer(np.ascontiguousarray(pixels))
    return pa.Array.from_buffers(pa.binary(), len(pixels), [None, pa.py_buffer(offsets), data])
