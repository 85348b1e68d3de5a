"""The proof of what a steward lets out: an event in the workspace's ledger, and a receipt beside the files."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cohortium
from cohortium.privacy.release import Decision

if TYPE_CHECKING:
    from cohortium.govern.ledger.book import Ledger

RECEIPT = "receipt.json"
WITHOUT = "No receipt was made: that needs pip install 'cohortium[govern]'."


def is_possible() -> bool:
    """Whether the packages of the extra 'govern' that a ledger needs are installed."""
    return all(find_spec(name) for name in ("cryptography", "rfc8785"))


def ledger_of(workspace: Path) -> Ledger:
    """The ledger of a workspace; made with its keys at the first time."""
    from cohortium.govern.ledger.book import Ledger
    from cohortium.govern.ledger.outbox import OUTBOX
    from cohortium.privacy.database import Database

    return Ledger(workspace, f"steward/{getpass.getuser()}", Database(workspace / "ledger.db", OUTBOX))


def enter_event(workspace: Path, entry: dict[str, Any]) -> None:
    """Put a line of the journal into the ledger, on disk before this returns."""
    from cohortium.govern.ledger.outbox import enter

    ledger = ledger_of(workspace)
    with ledger.recorder.database.transaction() as database:
        enter(database, {"event": "journal", "at": _now(), **entry})
    ledger.recorder.settle()


def give_receipt(workspace: Path, folder: Path, decision: Decision) -> str:
    """Enter a release that has been written, and put its receipt beside it; what to tell people of it.

    folder : has SHA256SUMS of all its files, which the receipt names for all of them.
    """
    if not is_possible():
        return WITHOUT
    from cohortium.govern.ledger.checkpoint import Checkpoint
    from cohortium.govern.ledger.outbox import enter
    from cohortium.govern.ledger.tiles import Tiles
    from cohortium.govern.receipts import Release, receipt
    from cohortium.govern.receipts.receipt import file_digest
    from cohortium.govern.receipts.verification import SUMS
    from cohortium.sources.atomic import written_whole

    ledger = ledger_of(workspace)
    release = Release(
        {SUMS: file_digest(folder / SUMS)},
        _now(),
        code={"cohortium": cohortium.__version__},
        verdicts={decision.policy: decision.verdict, **dict.fromkeys(decision.limits, "limit")},
    )
    with ledger.recorder.database.transaction() as database:
        place = enter(database, release.event())
    ledger.recorder.settle()
    note = ledger.note(place + 1)
    tiles = Tiles(ledger.log.folder, Checkpoint.of(note).size)
    text = receipt(release, place, note, tiles, ledger.identity).to_json()
    with written_whole(folder / RECEIPT) as unfinished:
        unfinished.write_text(text, "utf-8")
    return f"Receipt: {folder / RECEIPT}. Anybody checks it with: cohortium verify {RECEIPT}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
