"""The folder in which Cohortium keeps what has not been released: models, candidates, evidence, and the journal."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cohortium.errors import SourceUnreadable, TargetUnwritable
from cohortium.privacy.release import Decision
from cohortium.serve import proof


class Workspace:
    """A folder inside the hospital; nothing in it is meant to leave.

    runs/<name>/    one folder per run: model.cohortium, and the evidence and report of what it made
    releases.jsonl  one line per decision of the gate, appended and never rewritten
    ledger/         the same and every release, so that nobody changes it unseen; see ``cohortium ledger``
    """

    def __init__(self, folder: Path | None = None) -> None:
        chosen = os.environ.get("COHORTIUM_WORKSPACE", ".cohortium")
        self.folder = (folder or Path(chosen)).resolve()

    def new_run(self, title: str) -> Path:
        """A new, empty folder for one run.

        Raises : TargetUnwritable.
        """
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
        safe = "".join(c if c.isalnum() or c in "-_" else "-" for c in title)[:40] or "table"
        run = self.folder / "runs" / f"{stamp}-{safe}"
        try:
            self._prepare()
            run.mkdir(parents=True)
        except OSError as error:
            raise TargetUnwritable(f"The workspace {self.folder} cannot be written: {error.strerror}.") from error
        return run

    def _prepare(self) -> None:
        """The workspace's folder, which its owner alone may enter and which no repository takes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        (self.folder / ".gitignore").write_text("*\n", "utf-8")

    def record(self, entry: dict[str, Any]) -> None:
        """Append one line to the journal, and to the ledger where its packages are; on disk before this returns."""
        line = json.dumps({"time": datetime.now(UTC).isoformat(timespec="seconds"), **entry}, sort_keys=True)
        try:
            self._prepare()
            with (self.folder / "releases.jsonl").open("a", encoding="utf-8") as journal:
                journal.write(line + "\n")
                journal.flush()
                os.fsync(journal.fileno())
        except OSError as error:
            raise TargetUnwritable(f"The journal in {self.folder} cannot be written: {error.strerror}.") from error
        if proof.is_possible():
            proof.enter_event(self.folder, entry)

    def receipt(self, folder: Path, decision: Decision) -> str:
        """Put a receipt beside a release that has been written; what to tell people of it."""
        return proof.give_receipt(self.folder, folder, decision)

    def journal(self) -> list[dict[str, Any]]:
        """Every recorded decision, oldest first.

        Raises : SourceUnreadable where a line was damaged.
        """
        path = self.folder / "releases.jsonl"
        if not path.exists():
            return []
        try:
            return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]
        except ValueError as error:
            raise SourceUnreadable(f"A line of {path} is not JSON; restore it from a back-up.") from error
