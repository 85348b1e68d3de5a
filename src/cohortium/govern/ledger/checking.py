"""Checks a whole ledger that somebody handed on, without asking anybody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cohortium.errors import CohortiumError
from cohortium.govern.ledger import merkle
from cohortium.govern.ledger.book import WITNESSED
from cohortium.govern.ledger.checkpoint import Checkpoint, witnesses
from cohortium.govern.ledger.log import CHECKPOINT, read_note
from cohortium.govern.ledger.signed_note import NoteKey, SignedNote
from cohortium.govern.ledger.tiles import Tiles

MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    holds : None where it could not be looked at, for what was not given.
    said  : what was found, for people.
    """

    name: str
    holds: bool | None
    said: str


def check_log(folder: Path, keys: Sequence[NoteKey] = ()) -> tuple[Check, ...]:
    """Whether a log is whole and signed, and who has seen it without a changed history.

    folder : with checkpoint and tiles. keys : known from elsewhere, of the log and of witnesses.
    """
    try:
        note = read_note(folder / CHECKPOINT)
        found = Checkpoint.of(note)
    except CohortiumError as error:
        return (Check("form", False, str(error)),)
    tiles = Tiles(folder, found.size)
    return (
        _asked("signature", lambda: _signature(note, found, keys)),
        _asked("hashes", lambda: _hashes(tiles, found)),
        _asked("entries", lambda: entries_hold(tiles)),
        _asked("witnesses", lambda: _witnesses(folder, tiles, found, keys)),
    )


def entries_hold(tiles: Tiles) -> Check:
    """Whether every entry is the one that was hashed."""
    wrong: list[int] = [
        index for index, entry in enumerate(tiles.entries()) if merkle.leaf_hash(entry) != tiles.hash_at(0, index)
    ]
    if not wrong:
        return Check("entries", True, "Every entry is the one that was hashed.")
    more = f" and {len(wrong) - MOST_NAMED} more" if len(wrong) > MOST_NAMED else ""
    named = ", ".join(map(str, wrong[:MOST_NAMED]))
    return Check("entries", False, f"Changed, missing or out of order: entries {named}{more}.")


def _signature(note: SignedNote, found: Checkpoint, keys: Sequence[NoteKey]) -> Check:
    own = [key for key in keys if key.name == found.origin]
    if not own:
        return Check("signature", None, f"The key of '{found.origin}' was not given.")
    if not note.signers(own):
        return Check("signature", False, f"The checkpoint is not signed by '{found.origin}'.")
    return Check("signature", True, f"{found.size:,} entries, signed by '{found.origin}'.")


def _hashes(tiles: Tiles, found: Checkpoint) -> Check:
    if merkle.root(found.size, tiles.hash_at) != found.root:
        return Check("hashes", False, "The ledger's hashes do not give the root of its checkpoint.")
    return Check("hashes", True, "All hashes give the root of the checkpoint.")


def _witnesses(folder: Path, tiles: Tiles, found: Checkpoint, keys: Sequence[NoteKey]) -> Check:
    path = folder / WITNESSED
    if not path.exists():
        return Check("witnesses", None, "Nobody else has signed.")
    note = read_note(path)
    seen = Checkpoint.of(note)
    if seen.origin != found.origin or seen.size > found.size or merkle.root(seen.size, tiles.hash_at) != seen.root:
        return Check(
            "witnesses", False, "What the witnesses saw is not this ledger's history: it was forked or rewritten."
        )
    words = witnesses(note, keys)
    if not words:
        return Check("witnesses", None, "No witness whose key you know has signed.")
    told = ", ".join(f"{name} ({_at(time)})" for name, time in sorted(words.items()))
    return Check("witnesses", True, f"The first {seen.size:,} entries were seen without a changed history by {told}.")


def _at(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="minutes")


def _asked(name: str, question: Callable[[], Check]) -> Check:
    try:
        return question()
    except CohortiumError as error:
        return Check(name, False, str(error))
