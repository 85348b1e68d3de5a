"""THE gate: the one place that lets a result computed from patients leave.

``release`` judges the evidence of a synthetic or anonymised table under a policy, ``release_files`` that of a folder
of de-identified files, ``release_result`` an answer under disclosure rules. They return a ``Released``,
``ReleasedFiles`` or ``ReleasedResult``, which nothing else can make, or raise ``DisclosureRefused``.
An override needs a reason; it is part of the decision from then on.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pyarrow.csv as arrow_csv
import pyarrow.parquet as arrow_parquet

from cohortium.errors import DisclosureRefused, InvalidRequest
from cohortium.privacy.disclosure import DisclosureRules, Mode
from cohortium.privacy.policy import Policy
from cohortium.privacy.released_folder import Decision, Renderer, unfinished_folder, write_documents
from cohortium.privacy.result_cells import SETTINGS, Cells, without_small_cells
from cohortium.records import Evidence, Finding, Result, Status, Table

__all__ = [
    "Decision",
    "Released",
    "ReleasedFiles",
    "ReleasedResult",
    "Renderer",
    "decide",
    "release",
    "release_files",
    "release_result",
]

_SEAL = object()


class Released:
    """A table that the gate has let out, with the evidence and the decision. Only ``release`` makes one."""

    __slots__ = ("decision", "evidence", "table")

    def __init__(self, table: Table, evidence: Evidence, decision: Decision, *, seal: object) -> None:
        if seal is not _SEAL:
            raise DisclosureRefused("A Released is made by privacy.release.release alone.")
        self.table = table
        self.evidence = evidence
        self.decision = decision

    def write(
        self, folder: Path, documents: Mapping[str, Renderer], *, name: str = "twin", replace_existing: bool = False
    ) -> Path:
        """The table as ``name``.parquet and .csv, the ``documents`` (name -> renderer), and SHA256SUMS, all or nothing.

        Raises : TargetUnwritable where the folder exists and is not empty, or cannot be written; nothing is left then.
        """
        with unfinished_folder(folder, replace_existing=replace_existing) as (unfinished, place):
            arrow_parquet.write_table(self.table.arrow, unfinished / f"{name}.parquet", compression="zstd")
            arrow_csv.write_csv(_decoded(self.table), unfinished / f"{name}.csv")
            write_documents(unfinished, self.evidence, self.decision, documents)
        return place


class ReleasedFiles:
    """Files that the gate has let out, with the evidence and the decision. Only ``release_files`` makes one."""

    __slots__ = ("decision", "evidence", "files")

    def __init__(self, files: Path, evidence: Evidence, decision: Decision, *, seal: object) -> None:
        if seal is not _SEAL:
            raise DisclosureRefused("A ReleasedFiles is made by privacy.release.release_files alone.")
        self.files = files
        self.evidence = evidence
        self.decision = decision

    def write(self, folder: Path, documents: Mapping[str, Renderer]) -> Path:
        """The files, the ``documents`` (name -> renderer), and SHA256SUMS, all or nothing.

        Raises : TargetUnwritable where the folder exists and is not empty, or cannot be written; nothing is left then.
        """
        with unfinished_folder(folder) as (unfinished, place):
            shutil.copytree(self.files, unfinished, dirs_exist_ok=True)
            write_documents(unfinished, self.evidence, self.decision, documents)
        return place


class ReleasedResult:
    """An answer that the gate has let out, with the decision. Only ``release_result`` makes one."""

    __slots__ = ("decision", "result")

    def __init__(self, result: Result, decision: Decision, *, seal: object) -> None:
        if seal is not _SEAL:
            raise DisclosureRefused("A ReleasedResult is made by privacy.release.release_result alone.")
        self.result = result
        self.decision = decision


def decide(evidence: Evidence, policy: Policy, *, override_reason: str = "") -> tuple[Evidence, Decision]:
    """The evidence with every row judged under ``policy``, and what follows from it."""
    judged = policy.judge(evidence)
    gates = policy.gates()
    failed = [finding for finding in judged.findings if finding.status is Status.FAIL]
    blocking = [finding for finding in failed if finding.metric in gates]
    reasons = tuple(_sentence(finding) for finding in blocking)
    limits = tuple(_sentence(finding) for finding in failed if finding.metric not in gates)
    advice = tuple(dict.fromkeys(finding.advice for finding in blocking if finding.advice))
    if not blocking:
        return judged, Decision("released", policy.title, (), limits)
    if override_reason.strip():
        return judged, Decision("released by override", policy.title, reasons, limits, advice, override_reason.strip())
    return judged, Decision("refused", policy.title, reasons, limits, advice)


def release(table: Table, evidence: Evidence, policy: Policy, *, override_reason: str = "") -> Released:
    """Let ``table`` out if ``evidence`` satisfies ``policy``, or a person takes responsibility in writing.

    Raises : DisclosureRefused naming every rule that failed and what would help; InvalidRequest where the evidence
    describes another table.
    """
    if evidence.facts.get("rows_released", evidence.facts.get("rows_synthetic")) != len(table):
        raise InvalidRequest("The evidence describes a table of another size; judge the table that is to leave.")
    judged, decision = decide(evidence, policy, override_reason=override_reason)
    if not decision.lets_out:
        raise DisclosureRefused(_refusal("this table", decision))
    return Released(table, judged, decision, seal=_SEAL)


def release_files(files: Path, evidence: Evidence, policy: Policy, *, override_reason: str = "") -> ReleasedFiles:
    """Let a folder of de-identified files out if ``evidence`` satisfies ``policy``, or a person takes responsibility.

    files  : where they lie inside the hospital, whole.
    Raises : DisclosureRefused naming every rule that failed and what would help; InvalidRequest where the evidence
             tells of another number of files.
    """
    found = sum(path.is_file() for path in files.rglob("*"))
    if evidence.facts.get("files") != found:
        raise InvalidRequest(f"The evidence is not that of these {found:,} files; judge the files that are to leave.")
    judged, decision = decide(evidence, policy, override_reason=override_reason)
    if not decision.lets_out:
        raise DisclosureRefused(_refusal("these files", decision))
    return ReleasedFiles(files, judged, decision, seal=_SEAL)


def release_result(
    result: Result,
    rules: DisclosureRules,
    *,
    mode: Mode = "secure",
    cells: Sequence[Cells] | None = None,
    arrays: Sequence[str] = (),
    parameters: int = 0,
    settings: Collection[str] = SETTINGS,
) -> ReleasedResult:
    """Let an answer out under ``rules``, with small cells blanked; what was blanked is among the decision's limits.

    mode       : how its sums came about; noisy counts ("dp") are shown as they are.
    cells      : its tables of counts; those with the usual names where None.
    arrays     : names of its arrays that count persons.
    parameters : of the model that was fitted; 0 where it is none.
    settings   : names of facts that were asked for rather than computed; they stay when a cell is blanked.
    Raises     : DisclosureRefused where too few persons stand behind it, or too few for its parameters.
    """
    if mode == "dp":
        return ReleasedResult(result, Decision("released", rules.title), seal=_SEAL)
    if 0 < result.persons < rules.persons:
        raise DisclosureRefused(
            f"The gate keeps this answer in under '{rules.title}': fewer than {rules.persons} persons of all sites "
            "stand behind it. Widen the condition, or ask more sites."
        )
    rules.check_saturation(parameters, result.persons)
    shown, blanked = without_small_cells(result, rules, cells, arrays, settings)
    limits = tuple(
        f"'{name}': {count} blanked, since they, or others by way of them, would show fewer than {rules.cell} persons; "
        "single numbers that were computed from them, too."
        for name, count in blanked.items()
    )
    return ReleasedResult(shown, Decision("released", rules.title, (), limits), seal=_SEAL)


def _refusal(what: str, decision: Decision) -> str:
    failed = "\n".join(f"- {reason}" for reason in decision.reasons)
    helps = "".join(f"\n- {advice}" for advice in decision.advice)
    return f"The gate keeps {what} in under '{decision.policy}':\n{failed}" + (
        f"\nWhat would help:{helps}" if helps else ""
    )


def _sentence(finding: Finding) -> str:
    if finding.score is None:
        return f"{finding.title}: not measured. {finding.reason}"
    score = finding.score
    interval = f" [{score.low:.3f} to {score.high:.3f}]" if score.high > score.low else ""
    return f"{finding.title}: {score.value:.3f}{interval}; the policy asks for {finding.limit}."


def _decoded(table: Table) -> object:
    plain = [
        column.cast(column.type.value_type) if hasattr(column.type, "value_type") else column
        for column in table.arrow.columns
    ]
    return type(table.arrow).from_arrays(plain, names=table.arrow.column_names)
