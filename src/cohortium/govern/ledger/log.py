"""An append-only log in a folder, which only its owner can extend and nobody can change unseen.

What is in the folder may be published as it is: checkpoint and tiles in the format of C2SP tlog-tiles. An entry is kept
once ``append`` returns: tiles are on the disk before the checkpoint that covers them is. What a crash leaves beyond the
checkpoint is not part of the log, and is written over.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cohortium.crypto.keys import Identity
from cohortium.errors import InvalidRequest, ProtocolViolation, SourceUnreadable, TargetUnwritable
from cohortium.govern.ledger import merkle
from cohortium.govern.ledger.checkpoint import Checkpoint
from cohortium.govern.ledger.signed_note import NoteKey, SignedNote
from cohortium.govern.ledger.tiles import HEIGHT, WIDTH, Tiles, leaf_hashes, packed, tile_path, top_of

CHECKPOINT = "checkpoint"


class Log:
    """The log of one owner.

    folder   : where it is, or is made.
    origin   : its name for everybody, such as hospital.example/ledger.
    identity : whose signature stands under its checkpoints.
    Raises   : ProtocolViolation where the checkpoint is of another log or key, or was changed.
    """

    def __init__(self, folder: Path, origin: str, identity: Identity) -> None:
        self.folder, self.origin, self._identity = folder, origin, identity
        self.key = NoteKey(origin, identity.public)
        folder.mkdir(parents=True, exist_ok=True)
        with self._alone():
            if not (folder / CHECKPOINT).exists():
                self._sign(Checkpoint(origin, 0, merkle.EMPTY_ROOT))
        self.checkpoint()

    def note(self) -> SignedNote:
        """The newest checkpoint as it may be published."""
        return read_note(self.folder / CHECKPOINT)

    def checkpoint(self) -> Checkpoint:
        """The newest checkpoint, its signature checked."""
        note = self.note()
        if not note.signers([self.key]):
            raise ProtocolViolation(f"The checkpoint in {self.folder.name} is not signed by this log's key.")
        found = Checkpoint.of(note)
        if found.origin != self.origin:
            raise ProtocolViolation(
                f"The ledger in {self.folder.name} is that of '{found.origin}', not '{self.origin}'."
            )
        return found

    def tiles(self) -> Tiles:
        """What it holds at its present size."""
        return Tiles(self.folder, self.checkpoint().size)

    def append(self, entries: Sequence[bytes]) -> range:
        """Add entries, together or not at all, and return their places.

        Raises : InvalidRequest where an entry is too long; TargetUnwritable where the disk is full, with nothing added.
        """
        packed(entries)
        return self.append_from(lambda _size: entries)

    def append_from(self, waiting: Callable[[int], Sequence[bytes]]) -> range:
        """The same with what ``waiting`` gives for the size that the log has, while nobody else extends it."""
        with self._alone():
            size = self.checkpoint().size
            entries = waiting(size)
            if entries:
                self._extend(size, entries)
            return range(size, size + len(entries))

    def _extend(self, size: int, entries: Sequence[bytes]) -> None:
        before, new = Tiles(self.folder, size), size + len(entries)
        folders: set[Path] = set()
        first = size - size % WIDTH
        bundles = [*(before.bundle(first // WIDTH) if first < size else ()), *entries]
        for place in range(0, len(bundles), WIDTH):
            part = bundles[place : place + WIDTH]
            folders.add(self._write("entries", (first + place) // WIDTH, len(part), packed(part)))
        level, hashes, known = 0, leaf_hashes(entries), size
        while hashes:
            start = known - known % WIDTH
            row = (
                before.tile(level, start // WIDTH)[: (known - start) * merkle.HASH_BYTES] if start < known else b""
            ) + hashes
            above = []
            for place in range(0, len(row) // merkle.HASH_BYTES, WIDTH):
                part_of_row = row[place * merkle.HASH_BYTES : (place + WIDTH) * merkle.HASH_BYTES]
                width = len(part_of_row) // merkle.HASH_BYTES
                folders.add(self._write(level, (start + place) // WIDTH, width, part_of_row))
                if width == WIDTH:
                    above.append(top_of(part_of_row))
            level, hashes, known = level + 1, b"".join(above), known >> HEIGHT
        for folder in {one for path in folders for one in (path, *path.parents) if one.is_relative_to(self.folder)}:
            _settle(folder)
        self._sign(Checkpoint(self.origin, new, merkle.root(new, Tiles(self.folder, new).hash_at)))
        self._clear_partials(size, new)

    def _sign(self, checkpoint: Checkpoint) -> None:
        note = SignedNote(str(checkpoint)).signed(self.origin, self._identity)
        write_whole(self.folder / CHECKPOINT, str(note).encode())
        _settle(self.folder)

    def _write(self, level: int | str, index: int, width: int, data: bytes) -> Path:
        path = self.folder / tile_path(level, index, width)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, data)
        return path.parent

    def _clear_partials(self, old: int, new: int) -> None:
        """Remove partial tiles of which the whole one is there now."""
        level = 0
        while new >> HEIGHT * level:
            for index in range((old >> HEIGHT * level) // WIDTH, (new >> HEIGHT * level) // WIDTH):
                for name in (level, "entries") if level == 0 else (level,):
                    shutil.rmtree(self.folder / f"{tile_path(name, index)}.p", ignore_errors=True)
            level += 1

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else, in this process or another, extends the log meanwhile."""
        with (self.folder / ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def read_note(path: Path) -> SignedNote:
    """The checkpoint in a file; raises SourceUnreadable, ProtocolViolation."""
    try:
        return SignedNote.parse(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SourceUnreadable(f"The checkpoint {path} cannot be read: {type(error).__name__}.") from error


def prove(tiles: Tiles, index: int) -> list[bytes]:
    """The inclusion proof of an entry in a log of the tiles' size.

    Raises : InvalidRequest where there is no such entry; SourceUnreadable where tiles are missing.
    """
    if not 0 <= index < tiles.size:
        raise InvalidRequest(f"The ledger has the entries 0 to {tiles.size - 1}; there is no entry {index}.")
    return merkle.inclusion_proof(index, tiles.size, tiles.hash_at)


def write_whole(path: Path, data: bytes) -> None:
    """A file with its bytes on the disk, or as it was; raises TargetUnwritable."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with unfinished.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise TargetUnwritable(f"The ledger cannot be written: {error.strerror}. Nothing was added to it.") from error


def _settle(folder: Path) -> None:
    """Put the names in a folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
