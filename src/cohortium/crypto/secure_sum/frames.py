"""The bytes of messages: fields with their lengths before them, under a header that says what, which session, who.

A field is its length (8 bytes, little-endian) and itself. A message is the fields: magic, kind, session, digest of the
roster, round (8 bytes, little-endian), sender (empty for the hub), then what it says.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING

from cohortium.errors import ProtocolViolation

if TYPE_CHECKING:
    from cohortium.crypto.secure_sum.roster import Roster

MAGIC = b"CHSS1"
LARGEST_RECORD = 8_192
"""More than one site's keys, or shares for one peer, of the most rounds that may be dealt at once."""

MOST_ROUNDS = 64
_LENGTH = 8
_HEADER = 6

Part = bytes | memoryview


class Kind(Enum):
    """What a message is."""

    DEAL = b"deal"
    KEYS = b"keys"
    SHARE = b"share"
    SHARES = b"shares"
    MASK = b"mask"
    MASKED = b"masked"
    CONFIRM = b"confirm"
    CONFIRMED = b"confirmed"
    UNMASK = b"unmask"
    UNMASKED = b"unmasked"


@dataclass(frozen=True, slots=True)
class Message:
    """A message whose header has been checked.

    number : the round; of the first three kinds and their answers the first round that is dealt.
    fields : views of the bytes that came.
    """

    number: int
    fields: tuple[memoryview, ...]


def joined(fields: Iterable[Part]) -> bytes:
    """Fields one after another; equal bytes mean equal fields."""
    return b"".join(part for one in fields for part in (len(one).to_bytes(_LENGTH, "little"), one))


def parted(data: Part) -> tuple[memoryview, ...]:
    """What ``joined`` made; raises ProtocolViolation."""
    view, found, place = memoryview(data), [], 0
    while place < len(view):
        start = place + _LENGTH
        stop = start + int.from_bytes(view[place:start], "little")
        if start > len(view) or stop > len(view):
            raise ProtocolViolation("A message of a secure sum is shorter than it says.")
        found.append(view[start:stop])
        place = stop
    return tuple(found)


def written(kind: Kind, roster: Roster, number: int, sender: str, fields: Sequence[Part]) -> bytes:
    """A message; ``sender`` is empty for the hub."""
    header = [MAGIC, kind.value, roster.session, roster.digest, number.to_bytes(8, "little"), sender.encode("utf-8")]
    return joined([*header, *fields])


def read(kind: Kind, roster: Roster, sender: str, data: Part, *, room: int = 0) -> Message:
    """The message that was expected from ``sender``.

    room   : bytes that it may have beyond what keys and shares of all sites take.
    Raises : ProtocolViolation where it is too large, malformed, of another kind, session, roster or sender.
    """
    largest = LARGEST_RECORD * (len(roster.members) + 1) + room
    if len(data) > largest:
        raise ProtocolViolation(f"A message of {len(data):,} bytes came; at most {largest:,} were expected.")
    fields = parted(data)
    if len(fields) < _HEADER or fields[0] != MAGIC or len(fields[4]) != _LENGTH:
        raise ProtocolViolation("The bytes that came are not a message of a secure sum.")
    if bytes(fields[1]) != kind.value:
        raise ProtocolViolation(f"A message '{kind.value.decode()}' was expected; another kind came.")
    if fields[2] != roster.session or fields[3] != roster.digest:
        raise ProtocolViolation("A message of another session or another roster came.")
    if fields[5] != sender.encode("utf-8"):
        raise ProtocolViolation(f"A message from {sender or 'the hub'} was expected; it names another sender.")
    return Message(int.from_bytes(fields[4], "little"), fields[_HEADER:])


def name_of(field: Part) -> str:
    """A site's name; raises ProtocolViolation where it is not UTF-8."""
    try:
        return bytes(field).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ProtocolViolation("The name of a site that came is not UTF-8.") from error


def names_of(field: Part) -> tuple[str, ...]:
    """Joined names, which come sorted and once each; raises ProtocolViolation."""
    names = tuple(name_of(one) for one in parted(field))
    if any(one >= other for one, other in pairwise(names)):
        raise ProtocolViolation("A list of sites is not sorted, or names a site twice.")
    return names


def named(fields: Sequence[memoryview]) -> dict[str, memoryview]:
    """Alternating names and contents; raises ProtocolViolation where a name comes twice or stands alone."""
    if len(fields) % 2:
        raise ProtocolViolation("A message names a site without saying what of it.")
    found = {name_of(name): content for name, content in zip(fields[::2], fields[1::2], strict=True)}
    if 2 * len(found) != len(fields):
        raise ProtocolViolation("A message names a site twice.")
    return found
