"""What each released result carries: what it came from, under which permit, and where that is in the ledger.

The event of the release is in the ledger before its receipt is made. The receipt holds the event, its place, the proof
that it is there, and the checkpoint under which that holds, so that it can be checked without the ledger.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from cohortium.crypto.keys import Identity
from cohortium.govern.ledger.canonical import canonical
from cohortium.govern.ledger.log import Log, prove
from cohortium.govern.ledger.signed_note import SignedNote
from cohortium.govern.ledger.tiles import Tiles
from cohortium.govern.permits.document import PermitDocument
from cohortium.govern.receipts.envelope import STATEMENT_TYPE, Envelope
from cohortium.govern.receipts.release import Release

PREDICATE_TYPE = "urn:cohortium:receipt:1"


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def record_release(log: Log, release: Release) -> int:
    """Put the release into the ledger and return its place."""
    return log.append([canonical(release.event())]).start


def receipt(
    release: Release,
    index: int,
    note: SignedNote,
    tiles: Tiles,
    identity: Identity,
    permit: PermitDocument | None = None,
) -> Envelope:
    """The receipt of a release that is in the ledger.

    index, note, tiles : its place, the checkpoint (best with witnesses' words), and the log at that size.
    identity : of the log's owner.
    permit   : the signed document, so that a stranger can read what was allowed.
    Reveals  : what the release already tells: digests, names of sites and algorithms, outcomes of rules.
    """
    origin = note.text.split("\n", 1)[0]
    predicate: dict[str, Any] = {
        "release": release.event(),
        "ledger": {
            "index": index,
            "checkpoint": str(note),
            "proof": [base64.b64encode(one).decode() for one in prove(tiles, index)],
        },
    }
    if permit is not None:
        predicate["permit"] = permit.to_json()
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": told}} for name, told in sorted(release.results.items())],
        "predicateType": PREDICATE_TYPE,
        "predicate": predicate,
    }
    return Envelope.of(statement, origin, identity)
