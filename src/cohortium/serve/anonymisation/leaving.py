"""The way of anonymised records through the gate: judged, written down in the journal, kept, and let out or not."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cohortium.evaluate.report import to_json
from cohortium.privacy.policy import Policy
from cohortium.privacy.release import Decision, Renderer, decide, release, release_files
from cohortium.records import Evidence, Schema, Table
from cohortium.serve.workspace import Workspace

Page = Callable[[Evidence, Decision], str]
"""HTML about a release, as ``serve.anonymisation.page.page_of`` makes it."""


def let_files_out(
    files: Path, evidence: Evidence, policy: Policy, out: Path, run: Path, page: Page, *, source: str, override: str
) -> dict[str, Any]:
    """What a command on a folder of files returns: written to ``out`` if the gate lets them, else kept in ``run``.

    evidence : its facts hold "files", the number of files that are to leave.
    """
    documents = _documents(page, None)
    judged, decision = _judged(evidence, policy, run, documents, source=source, override=override)
    if not decision.lets_out:
        return _refused(decision, run)
    folder = release_files(files, evidence, policy, override_reason=override).write(out, documents)
    return _done(judged, decision, folder, f"{_files(judged.facts['files'])}, evidence and page: {folder}")


def let_table_out(
    table: Table, evidence: Evidence, policy: Policy, out: Path, run: Path, page: Page, *, source: str, override: str
) -> dict[str, Any]:
    """What a command on one table returns: written to ``out`` if the gate lets it, else only its evidence is kept.

    evidence : its facts hold "rows_released", the number of rows that are to leave.
    """
    documents = _documents(page, table.schema)
    judged, decision = _judged(evidence, policy, run, documents, source=source, override=override)
    if not decision.lets_out:
        return _refused(decision, run)
    folder = release(table, evidence, policy, override_reason=override).write(out, documents, name="table")
    return _done(judged, decision, folder, f"{len(table):,} rows, evidence and page: {folder}")


def _judged(
    evidence: Evidence, policy: Policy, run: Path, documents: Mapping[str, Renderer], *, source: str, override: str
) -> tuple[Evidence, Decision]:
    judged, decision = decide(evidence, policy, override_reason=override)
    for name, render in documents.items():
        (run / name).write_bytes(render(judged, decision))
    Workspace().record({"verdict": decision.verdict, "policy": decision.policy, "run": run.name, "source": source,
                        "by": getpass.getuser(), "override": override, "reasons": list(decision.reasons)})  # fmt: skip
    return judged, decision


def _documents(page: Page, schema: Schema | None) -> dict[str, Renderer]:
    return {
        "evidence.json": lambda evidence, decision: to_json(evidence, decision, schema).encode(),
        "report.html": lambda evidence, decision: page(evidence, decision).encode(),
    }


def _refused(decision: Decision, run: Path) -> dict[str, Any]:
    lines = [
        f"The gate kept this in under '{decision.policy}':",
        *(f"- {reason}" for reason in decision.reasons),
        *(f"What would help: {advice}" for advice in decision.advice),
        f"Evidence: {run / 'report.html'}. With --override REASON it leaves on your responsibility.",
    ]
    return {"verdict": decision.verdict, "policy": decision.policy, "folder": None, "run": str(run),
            "reasons": list(decision.reasons), "limits": list(decision.limits), "lines": lines}  # fmt: skip


def _done(judged: Evidence, decision: Decision, folder: Path, said: str) -> dict[str, Any]:
    by_override = " BY OVERRIDE" if decision.verdict == "released by override" else ""
    lines = [
        f"Released under '{decision.policy}'{by_override}.",
        *(f"Limit: {limit}" for limit in decision.limits),
        said,
        Workspace().receipt(folder, decision),
    ]
    measured = {found.metric: found.score.value for found in judged.findings if found.score is not None}
    return {"verdict": decision.verdict, "policy": decision.policy, "folder": str(folder), "measured": measured,
            "reasons": list(decision.reasons), "limits": list(decision.limits), "lines": lines}  # fmt: skip


def _files(number: int) -> str:
    return f"{number:,} {'file' if number == 1 else 'files'}"
