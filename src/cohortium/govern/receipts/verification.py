"""Checks a receipt without asking anybody, and says of each thing whether it holds.

What it protects from: results, permits and ledgers that were changed after the release, by anybody, their owner among
them. What a stranger must know from elsewhere is whose keys to trust; keys that only the receipt itself names are said
to be unknown. A ledger that shows different people different histories is caught by witnesses' words, or by comparing
with the ledger's tiles.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from cohortium.errors import CohortiumError, ProtocolViolation
from cohortium.govern.ledger import merkle
from cohortium.govern.ledger.canonical import canonical
from cohortium.govern.ledger.checking import MOST_NAMED, Check, entries_hold
from cohortium.govern.ledger.checkpoint import Checkpoint, witnesses
from cohortium.govern.ledger.log import CHECKPOINT, read_note
from cohortium.govern.ledger.signed_note import COSIGNED, NoteKey, SignedNote
from cohortium.govern.ledger.tiles import Tiles
from cohortium.govern.permits.document import document_from_json
from cohortium.govern.receipts.envelope import Envelope, envelope_from_json
from cohortium.govern.receipts.receipt import PREDICATE_TYPE, file_digest

SUMS = "SHA256SUMS"
"""A result of this name lists the others with their digests, as sha256sum writes it."""


@dataclass(frozen=True, slots=True)
class Trusted:
    """What is known from elsewhere.

    keys    : of logs and witnesses, as ``NoteKey`` writes them.
    permits : public keys of who signs permits, by name.
    """

    keys: tuple[NoteKey, ...] = ()
    permits: Mapping[str, bytes] | None = None


def verify_receipt(
    text: str, *, files: Path | None = None, log: Path | None = None, trusted: Trusted | None = None
) -> tuple[Check, ...]:
    """Everything that can be checked, in the order in which one builds on the other.

    text  : of the receipt.
    files : folder of the results.
    log   : folder of the ledger's checkpoint and tiles.
    """
    known = trusted or Trusted()
    try:
        envelope = envelope_from_json(text)
        statement = envelope.statement
        if statement.get("predicateType") != PREDICATE_TYPE:
            raise ProtocolViolation(f"The receipt is of another kind; {PREDICATE_TYPE} was expected.")
        parts = _Parts.of(statement)
    except CohortiumError as error:
        return (Check("form", False, str(error)),)
    checks = [
        _asked("signature", lambda: _signature(envelope, parts, known)),
        _asked("results", lambda: _results(parts, files)),
        _asked("ledger entry", lambda: _same_subjects(parts)),
        _asked("ledger proof", lambda: _proof(parts)),
        _asked("checkpoint", lambda: _checkpoint(envelope, parts, known)),
        _asked("witnesses", lambda: _witnesses(parts, known)),
        _asked("permit", lambda: _permit(parts, known)),
    ]
    if log is None:
        checks.append(Check("ledger", None, "The ledger was not given; the proof in the receipt stands for it."))
    else:
        checks += _asked_of_log(envelope, parts, known, log)
    return tuple(checks)


@dataclass(frozen=True, slots=True)
class _Parts:
    subjects: dict[str, str]
    day: date
    release: dict[str, Any]
    index: int
    note: SignedNote
    checkpoint: Checkpoint
    proof: tuple[bytes, ...]
    permit: str | None

    @classmethod
    def of(cls, statement: dict[str, Any]) -> _Parts:
        try:
            predicate = statement["predicate"]
            ledger, release = predicate["ledger"], predicate["release"]
            note = SignedNote.parse(ledger["checkpoint"])
            return cls(
                {one["name"]: one["digest"]["sha256"] for one in statement["subject"]},
                date.fromisoformat(release["at"][:10]), dict(release), int(ledger["index"]), note, Checkpoint.of(note),
                tuple(base64.b64decode(one, validate=True) for one in ledger["proof"]), predicate.get("permit"),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as error:
            raise ProtocolViolation(
                f"A part of the receipt is missing or of another kind: {type(error).__name__}."
            ) from error

    @property
    def entry(self) -> bytes:
        return canonical(self.release)


def _asked(name: str, question: Callable[[], tuple[bool | None, str]]) -> Check:
    try:
        return Check(name, *question())
    except CohortiumError as error:
        return Check(name, False, str(error))


def _signature(envelope: Envelope, parts: _Parts, known: Trusted) -> tuple[bool | None, str]:
    own = [key for key in envelope.signers() if key.name == parts.checkpoint.origin]
    if not own:
        return False, f"It is not signed by '{parts.checkpoint.origin}', whose ledger it names."
    envelope.check(own[0])
    if own[0] in known.keys:
        return True, f"Signed by '{own[0].name}', whose key you know."
    if any(key.name == own[0].name for key in known.keys):
        return False, f"Signed with another key than the one that you know of '{own[0].name}'."
    return True, f"Signed by '{own[0].name}' with a key that you have not compared: {own[0]}"


def _results(parts: _Parts, files: Path | None) -> tuple[bool | None, str]:
    if files is None:
        return None, f"The {len(parts.subjects)} result files were not given."
    told = dict(parts.subjects)
    changed = [name for name, digest in told.items() if not _is_file(files, name, digest)]
    if SUMS in told and SUMS not in changed:
        listed = _listed(files / SUMS)
        told |= listed
        changed = [name for name, digest in listed.items() if not _is_file(files, name, digest)]
    if changed:
        more = f" and {len(changed) - MOST_NAMED} more" if len(changed) > MOST_NAMED else ""
        return False, f"Missing or changed: {', '.join(changed[:MOST_NAMED])}{more}."
    if len(told) == 1:
        return True, "The file is as it was released."
    return True, f"All {len(told):,} files are as they were released."


def _listed(sums: Path) -> dict[str, str]:
    """The files that a list of digests names."""
    pairs = (line.split("  ", 1) for line in sums.read_text("utf-8").splitlines() if line)
    return {name: digest for digest, name in pairs}


def _is_file(folder: Path, name: str, told: str) -> bool:
    path = folder / name
    inside = path.resolve().is_relative_to(folder.resolve())
    return inside and path.is_file() and file_digest(path) == told


def _same_subjects(parts: _Parts) -> tuple[bool | None, str]:
    if parts.release.get("results") != parts.subjects:
        return False, "The ledger's entry names other results than the receipt."
    return True, f"The ledger's entry names the same results: released at {parts.release.get('at')}."


def _proof(parts: _Parts) -> tuple[bool | None, str]:
    leaf = merkle.leaf_hash(parts.entry)
    found = merkle.root_from_inclusion(leaf, parts.index, parts.checkpoint.size, parts.proof)
    if found != parts.checkpoint.root:
        return False, "The entry is not in the ledger at the place that the receipt names."
    return True, f"The entry is number {parts.index} of {parts.checkpoint.size:,} in '{parts.checkpoint.origin}'."


def _checkpoint(envelope: Envelope, parts: _Parts, known: Trusted) -> tuple[bool | None, str]:
    keys = [key for key in (*known.keys, *envelope.signers()) if key.name == parts.checkpoint.origin]
    if not parts.note.signers(keys):
        return False, f"The checkpoint is not signed by '{parts.checkpoint.origin}'."
    return True, "The checkpoint is signed by the ledger's owner."


def _witnesses(parts: _Parts, known: Trusted) -> tuple[bool | None, str]:
    found = witnesses(parts.note, [key for key in known.keys if key.kind == COSIGNED])
    if found:
        return True, f"Seen without a changed history by {', '.join(sorted(found))}."
    return (
        None,
        f"No witness whose key you know has signed; {len(parts.note.signatures) - 1} more signatures are there.",
    )


def _permit(parts: _Parts, known: Trusted) -> tuple[bool | None, str]:
    told = parts.release.get("permit", "")
    if not parts.permit:
        return (None, "No permit was needed.") if not told else (False, "The permit that the entry names is missing.")
    document = document_from_json(parts.permit)
    if document.digest != told:
        return False, "The permit is not the one that the ledger's entry names."
    permit = document.permit
    if not permit.starts <= parts.day <= permit.ends:
        return False, f"The permit {permit.number} was valid from {permit.starts} to {permit.ends}, not on {parts.day}."
    keys = dict(known.permits or {})
    signed = tuple(sorted(document.signatures))
    checked = tuple(name for name in signed if name in keys)
    document.check(keys, checked)
    others = [name for name in signed if name not in keys]
    rest = f"; the keys of {', '.join(others)} were not given" if others else ""
    return (True if checked else None), f"Permit {permit.number}, signed by {', '.join(signed)}{rest}."


def _asked_of_log(envelope: Envelope, parts: _Parts, known: Trusted, folder: Path) -> list[Check]:
    """What the tiles say: is each entry the one that was hashed, and is the receipt's history theirs?"""
    try:
        note = read_note(folder / CHECKPOINT)
        newest = Checkpoint.of(note)
        if not note.signers([key for key in (*known.keys, *envelope.signers()) if key.name == parts.checkpoint.origin]):
            raise ProtocolViolation(f"The ledger's checkpoint is not signed by '{parts.checkpoint.origin}'.")
    except CohortiumError as error:
        return [Check("ledger", False, str(error))]
    if newest.origin != parts.checkpoint.origin or newest.size < parts.checkpoint.size:
        said = (
            f"The ledger has {newest.size:,} entries of '{newest.origin}'; the receipt was made at "
            f"{parts.checkpoint.size:,} of '{parts.checkpoint.origin}': it was set back or is another."
        )
        return [Check("ledger", False, said)]
    tiles = Tiles(folder, newest.size)
    return [
        _asked("ledger history", lambda: _history(tiles, newest, parts)),
        _asked("ledger entries", lambda: _entries(tiles)),
        _asked("entry in the ledger", lambda: _entry(tiles, parts)),
    ]


def _history(tiles: Tiles, newest: Checkpoint, parts: _Parts) -> tuple[bool | None, str]:
    if merkle.root(newest.size, tiles.hash_at) != newest.root:
        return False, "The ledger's hashes do not give the root of its checkpoint."
    if merkle.root(parts.checkpoint.size, tiles.hash_at) != parts.checkpoint.root:
        return False, "The ledger's history is not the one that the receipt was made in: it was forked or rewritten."
    return True, f"All {newest.size:,} entries go on from the receipt's history."


def _entries(tiles: Tiles) -> tuple[bool | None, str]:
    found = entries_hold(tiles)
    return found.holds, found.said


def _entry(tiles: Tiles, parts: _Parts) -> tuple[bool | None, str]:
    if tiles.entry(parts.index) != parts.entry:
        return False, f"Entry {parts.index} of the ledger is not the release of the receipt."
    return True, f"Entry {parts.index} of the ledger is this release."
