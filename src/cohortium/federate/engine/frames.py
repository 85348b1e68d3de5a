"""Frames over a local socket: a header (JSON) and bodies (bytes), their lengths before them. Imports stay light."""

from __future__ import annotations

import json
import socket
import struct
from itertools import accumulate, pairwise
from typing import Any

from cohortium.errors import ProtocolViolation

_LENGTHS = struct.Struct("<IQ")
LARGEST_HEADER = 1 << 24
LARGEST_BODY = 1 << 31


def send(to: socket.socket, header: dict[str, Any], bodies: list[bytes] | None = None) -> None:
    """One frame; several bodies are joined, their lengths are put into the header."""
    parts = bodies or []
    encoded = json.dumps({**header, "_lengths": [len(part) for part in parts]}).encode()
    to.sendall(_LENGTHS.pack(len(encoded), sum(map(len, parts))) + encoded)
    for part in parts:
        to.sendall(part)


def receive(of: socket.socket) -> tuple[dict[str, Any], list[bytes]] | None:
    """The next frame, or None where the other side has closed.

    Raises : ProtocolViolation where what comes is no frame, or too large.
    """
    start = _exactly(of, _LENGTHS.size)
    if start is None:
        return None
    header_length, body_length = _LENGTHS.unpack(start)
    if header_length > LARGEST_HEADER or body_length > LARGEST_BODY:
        raise ProtocolViolation("A frame larger than allowed came over the local socket.")
    encoded, body = _exactly(of, header_length), _exactly(of, body_length)
    if encoded is None or body is None:
        raise ProtocolViolation("The local socket closed in the middle of a frame.")
    try:
        header = json.loads(encoded)
        lengths = [int(length) for length in header.pop("_lengths")]
    except (ValueError, TypeError, AttributeError, LookupError) as error:
        raise ProtocolViolation("The header of a frame cannot be read.") from error
    if sum(lengths) != body_length or min(lengths, default=0) < 0:
        raise ProtocolViolation("A frame's bodies are not as long as it says.")
    starts = [0, *accumulate(lengths)]
    return header, [bytes(body[start:stop]) for start, stop in pairwise(starts)]


def _exactly(of: socket.socket, length: int) -> bytearray | None:
    data = bytearray(length)
    view, got = memoryview(data), 0
    while got < length:
        count = of.recv_into(view[got:], length - got)
        if count == 0:
            return None
        got += count
    return data
