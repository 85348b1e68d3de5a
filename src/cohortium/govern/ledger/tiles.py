"""A log on disk as static files: hashes in tiles of 256, entries in bundles of 256, as anybody's tools read them.

Source : C2SP tlog-tiles (https://c2sp.org/tlog-tiles).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from cohortium.errors import InvalidRequest, SourceUnreadable
from cohortium.govern.ledger.merkle import HASH_BYTES, leaf_hash, node_hash

WIDTH = 256
HEIGHT = 8
MOST_BYTES = (1 << 16) - 1
"""Of one entry; its length is told in two bytes."""


def tile_path(level: int | str, index: int, width: int = WIDTH) -> str:
    """Where a tile lies: "tile/0/x001/x234/067", with ".p/W" where it is partial; level "entries" for bundles."""
    parts = []
    rest = index
    while True:
        parts.append(f"{rest % 1000:03d}")
        rest //= 1000
        if not rest:
            break
    number = "/".join([f"x{part}" for part in parts[:0:-1]] + parts[:1])
    return f"tile/{level}/{number}" + (f".p/{width}" if width < WIDTH else "")


def packed(entries: Sequence[bytes]) -> bytes:
    """A bundle: each entry after its length.

    Raises : InvalidRequest where an entry is too long.
    """
    if any(len(entry) > MOST_BYTES for entry in entries):
        raise InvalidRequest(f"An entry of a ledger has at most {MOST_BYTES:,} bytes. Put its digest into it instead.")
    return b"".join(struct.pack(">H", len(entry)) + entry for entry in entries)


def unpacked(bundle: bytes) -> list[bytes]:
    """The entries of a bundle; raises SourceUnreadable where it was cut short."""
    found, at = [], 0
    while at < len(bundle):
        if at + 2 > len(bundle):
            raise SourceUnreadable("A bundle of the ledger was cut short.")
        (length,) = struct.unpack_from(">H", bundle, at)
        at += 2
        if at + length > len(bundle):
            raise SourceUnreadable("A bundle of the ledger was cut short.")
        found.append(bundle[at : at + length])
        at += length
    return found


_PUBLISHED = re.compile(r"checkpoint(\.witnessed)?|tile/(\d|[1-5]\d|entries)/(x\d{3}/)*\d{3}(\.p/\d{1,3})?")


def published(folder: Path, name: str) -> bytes | None:
    """A file of a log that anybody may have who may read the log: a checkpoint or a tile; None for anything else."""
    if not _PUBLISHED.fullmatch(name):
        return None
    path = folder / name
    return path.read_bytes() if path.is_file() else None


class Tiles:
    """Reads the tiles of a log of a known size, in a folder.

    A tile that is not there as the size asks for is looked for as a fuller one, since those may be removed.
    """

    def __init__(self, folder: Path, size: int) -> None:
        self.folder, self.size = folder, size
        self.tile = lru_cache(maxsize=256)(self._tile)

    def hash_at(self, level: int, index: int) -> bytes:
        """As ``merkle.HashAt`` says, of subtrees that the log's size covers."""
        tile_level = level // HEIGHT
        below = level - tile_level * HEIGHT
        first = index << below
        hashes = self.tile(tile_level, first // WIDTH)
        nodes = [_part(hashes, place) for place in range(first % WIDTH, first % WIDTH + (1 << below))]
        while len(nodes) > 1:
            nodes = [node_hash(nodes[place], nodes[place + 1]) for place in range(0, len(nodes), 2)]
        return nodes[0]

    def bundle(self, index: int) -> list[bytes]:
        """The entries of a bundle, whole or as far as the log goes."""
        return unpacked(self._read("entries", index, self.size))[: min(WIDTH, self.size - index * WIDTH)]

    def entry(self, index: int) -> bytes:
        """One entry."""
        if not 0 <= index < self.size:
            raise InvalidRequest(f"The ledger has the entries 0 to {self.size - 1}; there is no entry {index}.")
        return self.bundle(index // WIDTH)[index % WIDTH]

    def entries(self, first: int = 0) -> Iterator[bytes]:
        """All entries from one on, in order."""
        for index in range(first // WIDTH, -(-self.size // WIDTH)):
            yield from self.bundle(index)[max(first - index * WIDTH, 0) :]

    def _tile(self, level: int, index: int) -> bytes:
        found = self._read(level, index, self.size >> HEIGHT * level)
        width = min(WIDTH, (self.size >> HEIGHT * level) - index * WIDTH)
        if len(found) < width * HASH_BYTES:
            raise SourceUnreadable(f"The tile {tile_path(level, index)} of the ledger was cut short.")
        return found

    def _read(self, level: int | str, index: int, number: int) -> bytes:
        width = min(WIDTH, number - index * WIDTH)
        whole = self.folder / tile_path(level, index)
        exact = self.folder / tile_path(level, index, width)
        for path in (exact, whole):
            if path.is_file():
                return path.read_bytes()
        raise SourceUnreadable(f"The ledger in {self.folder.name} lacks {tile_path(level, index, width)}.")


def _part(hashes: bytes, place: int) -> bytes:
    return hashes[place * HASH_BYTES : (place + 1) * HASH_BYTES]


def leaf_hashes(entries: Sequence[bytes]) -> bytes:
    """The leaf hashes of entries, one after the other."""
    return b"".join(map(leaf_hash, entries))


def top_of(tile: bytes) -> bytes:
    """The one hash over a whole tile."""
    nodes = [_part(tile, place) for place in range(WIDTH)]
    while len(nodes) > 1:
        nodes = [node_hash(nodes[place], nodes[place + 1]) for place in range(0, len(nodes), 2)]
    return nodes[0]
