"""Archives of NumPy arrays of equal length: images and what is known about each."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cohortium import registry
from cohortium.errors import SourceUnreadable
from cohortium.records import Column, Kind
from cohortium.records.images import column_of_pixels
from cohortium.sources.address import Address, Options
from cohortium.sources.annotations import annotated
from cohortium.sources.batches import Batches

if TYPE_CHECKING:
    from numpy.typing import NDArray

SPLIT = "split"
_IN_A_SPLIT = re.compile(r"(train|val|test)_(.+)")
_ROWS = 8_192


@registry.source("npz", suffixes=(".npz",))
def open_npz(address: Address, options: Options) -> Batches:
    """NumPy's .npz: 8-bit arrays (n, height, width) or with 1 or 3 channels are images, arrays (n,) or (n, 1) columns.

    ``train_images`` and ``val_images`` are one column ``images``; a column ``split`` says which part a row is from.
    """
    columns = _columns(_arrays(address), address)
    fields = [_field(name, values) for name, values in columns.items()]
    whole = pa.table([_values(values) for values in columns.values()], schema=pa.schema(fields))
    return Batches(whole.schema, lambda: _batches(whole))


def _batches(whole: pa.Table) -> Iterator[pa.RecordBatch]:
    yield from whole.to_batches(max_chunksize=_ROWS)


def _arrays(address: Address) -> dict[str, NDArray[Any]]:
    try:
        with np.load(address.file, allow_pickle=False) as found:
            return {name: found[name] for name in found.files}
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise SourceUnreadable(
            f"{address} is not a whole archive of plain NumPy arrays (.npz). Arrays of Python objects are not read; "
            "save numbers, texts and 8-bit pixels with numpy.savez_compressed."
        ) from error


def _columns(arrays: dict[str, NDArray[Any]], address: Address) -> dict[str, NDArray[Any]]:
    """Columns by name, with the splits one after the other."""
    splits: dict[str, dict[str, NDArray[Any]]] = {}
    for name, values in arrays.items():
        found = _IN_A_SPLIT.fullmatch(name)
        split, column = found.groups() if found else ("", name)
        splits.setdefault(split, {})[column] = values
    names = [tuple(sorted(part)) for part in splits.values()]
    lengths = [{len(values) if values.ndim else -1 for values in part.values()} for part in splits.values()]
    if not names or len(set(names)) > 1 or any(len(part) > 1 or -1 in part for part in lengths):
        raise SourceUnreadable(
            f"{address} should hold arrays of one length, or parts train_, val_ and test_ with the same arrays each of "
            f"one length; it holds { {name: values.shape for name, values in arrays.items()} }. Save such arrays alone."
        )
    first = next(iter(splits.values()))
    joined = {name: _joined([part[name] for part in splits.values()], name, address) for name in first}
    if "" not in splits and SPLIT not in joined:
        joined[SPLIT] = np.repeat(list(splits), [length for part in lengths for length in part])
    return joined


def _joined(parts: list[NDArray[Any]], name: str, address: Address) -> NDArray[Any]:
    """The parts as one array (n,) or (n, height, width, channels); raises SourceUnreadable where they are neither."""
    kinds = {(part.dtype.kind, part.shape[1:]) for part in parts}
    whole = np.concatenate(parts) if len(kinds) == 1 else np.zeros((0, 0))
    sides: tuple[int, ...] = whole.shape[1:]
    if whole.dtype == np.uint8 and 0 not in sides and (len(sides) == 2 or (len(sides) == 3 and sides[2] in (1, 3))):
        return whole.reshape(len(whole), sides[0], sides[1], -1)
    if whole.dtype.kind in "biufU" and sides in ((), (1,)):
        return whole.reshape(len(whole))
    stored = " and ".join(sorted(f"{part.dtype} {part.shape}" for part in parts))
    raise SourceUnreadable(
        f"{address}: '{name}' should be 8-bit pixels (n, height, width), with 1 or 3 channels behind, or a number or "
        f"text a row; it is {stored}. Save it so, or leave it out."
    )


def _field(name: str, values: NDArray[Any]) -> pa.Field:
    if values.ndim == 1:
        return pa.field(name, _values(values[:0]).type)
    height, width, channels = values.shape[1:]
    reason = f"The source stores 8-bit arrays of {height} x {width} pixels."
    declared = Column(name, Kind.IMAGE, shape=(height, width, channels), reasons=(reason,))
    return annotated(pa.field(name, pa.binary()), declared=declared)


def _values(values: NDArray[Any]) -> pa.Array | pa.ChunkedArray:
    if values.ndim > 1:
        return column_of_pixels(values)
    return pa.array(values.astype(np.float64) if values.dtype == np.float16 else values)
