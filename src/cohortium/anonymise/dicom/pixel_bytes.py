"""The element of an object's pixels, passed on byte by byte.

So a file of several gigabytes takes the memory of its header.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, BinaryIO

TAGS = (b"\xe0\x7f\x10\x00", b"\xe0\x7f\x08\x00", b"\xe0\x7f\x09\x00")
TAGS_BIG = (b"\x7f\xe0\x00\x10", b"\x7f\xe0\x00\x08", b"\x7f\xe0\x00\x09")
UNDEFINED = 0xFFFFFFFF
LONGEST = UNDEFINED - 1
"""Bytes of the largest native pixels: their length takes four bytes and is even (PS3.5, 7.1)."""
LONG = (b"OB", b"OW", b"OF", b"OD", b"OV", b"OL", b"UN")
"""Value representations of pixels whose length takes four bytes."""
CHUNK = 4 << 20


def copy_pixels(source: BinaryIO, target: BinaryIO | None, *, big: bool, implicit: bool, to_implicit: bool) -> None:
    """Copy the element of the pixels, and nothing that follows it; without ``target`` only check that it is whole.

    big         : big endian.
    implicit    : the original has no value representations, which some have against their transfer syntax.
    to_implicit : the copy is to have none.
    Raises      : EOFError where it is cut short, ValueError where it is not what it says.
    """
    order: Any = "big" if big else "little"
    tag = _exactly(source, 4)
    vr = b"" if implicit else _exactly(source, 2)
    if vr in LONG:
        _exactly(source, 2)
    length = int.from_bytes(_exactly(source, 4 if implicit or vr in LONG else 2), order)
    if not to_implicit:
        tag += (vr if vr in LONG else b"OB" if length == UNDEFINED else b"OW") + b"\0\0"
    _put(target, tag + length.to_bytes(4, order))
    if length != UNDEFINED:
        _stream(source, target, length)
        return
    while True:
        item = _exactly(source, 8)
        _put(target, item)
        if int.from_bytes(item[2:4], order) == 0xE0DD:
            return
        if int.from_bytes(item[2:4], order) != 0xE000:
            raise ValueError("an item of the pixels was expected")
        _stream(source, target, int.from_bytes(item[4:], order))


def append_native(target: BinaryIO, pixels: Path) -> None:
    """The element of native pixels in explicit little endian, out of a file of their bytes, ``LONGEST`` at most."""
    size = pixels.stat().st_size
    odd = size & 1
    target.write(TAGS[0] + b"OW\0\0" + (size + odd).to_bytes(4, "little"))
    with pixels.open("rb") as stream:
        _stream(stream, target, size)
    target.write(b"\0" * odd)


def _exactly(stream: BinaryIO, count: int) -> bytes:
    data = stream.read(count)
    if len(data) < count:
        raise EOFError
    return data


def _stream(source: BinaryIO, target: BinaryIO | None, length: int) -> None:
    if target is None:
        at = source.tell()
        if source.seek(0, os.SEEK_END) < at + length:
            raise EOFError
        source.seek(at + length)
        return
    while length:
        part = _exactly(source, min(CHUNK, length))
        target.write(part)
        length -= len(part)


def _put(target: BinaryIO | None, data: bytes) -> None:
    if target is not None:
        target.write(data)
