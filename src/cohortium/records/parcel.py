"""Facts and arrays as bytes and back: what states, sums and messages travel as. Reading runs no code.

Layout, version 1: the magic ``CHTP1``, the length of the header (4 bytes, little-endian), the header (JSON:
``{"arrays": [[name, dtype, shape], ...], "facts"}``), then the arrays in that order, C-contiguous, little-endian. The
order of keys is kept, so equal content in equal order gives equal bytes, and a digest of them identifies it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.errors import ProtocolViolation

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAGIC = b"CHTP1"
DTYPES = ("<f8", "<f4", "<i8", "<i4", "<u8", "<u4", "<u2", "|u1", "|i1", "|b1")
LARGEST = 1 << 31
"""Bytes that a parcel may have; a larger one is refused before anything of it is read."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """JSON facts and numeric arrays that travel together."""

    facts: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)


def pack(facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]] | None = None) -> bytes:
    """The bytes of ``facts`` (JSON values) and ``arrays``.

    Raises : ProtocolViolation where a value is neither JSON nor an array of one of ``DTYPES``.
    """
    listed, blocks = [], []
    for name in sorted(arrays or {}):
        array = np.ascontiguousarray((arrays or {})[name])
        kind = array.dtype.newbyteorder("<").str
        if kind not in DTYPES:
            raise ProtocolViolation(f"The array '{name}' is of type {array.dtype}, which does not travel.")
        listed.append([name, kind, list((arrays or {})[name].shape)])
        blocks.append(array.astype(kind, copy=False).data)
    try:
        header = json.dumps({"arrays": listed, "facts": dict(facts)}, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise ProtocolViolation(f"Facts that travel must be JSON values: {error}.") from error
    encoded = header.encode("utf-8")
    return b"".join([MAGIC, len(encoded).to_bytes(4, "little"), encoded, *blocks])


def unpack(data: bytes | memoryview, *, largest: int = LARGEST) -> Parcel:
    """What ``pack`` made; the arrays are views of ``data``.

    Raises : ProtocolViolation where the bytes are not a whole parcel, or more than ``largest``.
    """
    if len(data) > largest:
        raise ProtocolViolation(f"A parcel of {len(data):,} bytes came; at most {largest:,} are accepted.")
    start, view = len(MAGIC) + 4, memoryview(data)
    if view[: len(MAGIC)] != MAGIC or len(view) < start:
        raise ProtocolViolation("The bytes that came are not a parcel.")
    stop = start + int.from_bytes(view[len(MAGIC) : start], "little")
    try:
        header = json.loads(bytes(view[start:stop]))
        listed, facts = header["arrays"], header["facts"]
        arrays, place = {}, stop
        for name, kind, shape in listed:
            if kind not in DTYPES or not all(isinstance(side, int) and side >= 0 for side in shape):
                raise ProtocolViolation("A parcel describes an array of an unknown kind or shape.")
            length = math.prod(shape) * np.dtype(kind).itemsize
            block = view[place : place + length]
            if len(block) != length:
                raise ProtocolViolation("A parcel is shorter than it says.")
            arrays[str(name)] = np.frombuffer(block, dtype=kind).reshape(shape)
            place += length
    except (ValueError, KeyError, TypeError) as error:
        raise ProtocolViolation(f"The header of a parcel cannot be read: {type(error).__name__}.") from error
    if place != len(view) or not isinstance(facts, dict):
        raise ProtocolViolation("A parcel is longer than it says, or has no facts.")
    return Parcel(facts, arrays)
