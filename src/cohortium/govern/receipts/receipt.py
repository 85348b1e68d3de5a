"""What each released result carries: what it came from, under which permit, and where that is in the ledger.

The event of the release is in the ledger before its receipt is made. The receipt holds the event, its place, the proof
that it is there, and the checkpoint under which that holds, so that it can be checked without the ledger.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cohortium.crypto.keys import Identity
from cohortium.govern.ledger.canonical import canonical
from cohortium.govern.ledger.log import Log, prove
from cohortium.govern.ledger.signed_note import SignedNote
from cohortium.govern.ledger.tiles import Tiles
from cohortium.govern.permits.document import PermitDocument
from cohortium.govern.receipts.envelope import STATEMENT_TYPE, Envelope

PREDICATE_TYPE = "urn:cohortium:receipt:1"
RELEASED = "result released"


@dataclass(frozen=True, slots=True)
class Release:
    """What a result came from and what was decided about it; no patient's value, and no count that is not released.

    results   : name of each file and its SHA-256.
    at        : time, ISO 8601 in UTC.
    study     : its digest; empty where none was asked.
    datasets  : fingerprint of each dataset, by site.
    roster    : sites that took part.
    mode      : trust mode.
    code      : what ran: version of Cohortium, algorithms and their digests.
    spent     : what it cost of the privacy budget, such as {"epsilon": "1", "delta": "1e-6"}; empty where nothing.
    verdicts  : outcome of every rule of the gate, by rule.
    permit    : digest of the signed permit; empty where none was needed.
    """

    results: Mapping[str, str]
    at: str
    study: str = ""
    datasets: Mapping[str, str] = field(default_factory=dict)
    roster: tuple[str, ...] = ()
    mode: str = ""
    code: Mapping[str, str] = field(default_factory=dict)
    spent: Mapping[str, str] = field(default_factory=dict)
    verdicts: Mapping[str, str] = field(default_factory=dict)
    permit: str = ""

    def event(self) -> dict[str, Any]:
        """As it stands in the ledger."""
        return {
            "event": RELEASED,
            "at": self.at,
            "results": dict(self.results),
            "study": self.study,
            "datasets": dict(self.datasets),
            "roster": list(self.roster),
            "mode": self.mode,
            "code": dict(self.code),
            "spent": dict(self.spent),
            "verdicts": dict(self.verdicts),
            "permit": self.permit,
        }


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
