from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.tables import mixed

from cohortium.errors import DisclosureRefused, InvalidRequest, TargetUnwritable
from cohortium.privacy.policy import Policy, Rule, load_policy
from cohortium.privacy.release import Released, ReleasedFiles, decide, release, release_files
from cohortium.records import Evidence, Finding, Question, Score, Status

TABLE = mixed(100)
POLICY = Policy(
    "test",
    (
        Rule("leak", at_most=0.55, over_reference=0.02, gate=True, required=True, advice="Use larger leaves.",
             few=((200, {"judge": "low"}),)),
        Rule("fit", at_least=0.9),
    ),
)  # fmt: skip


def evidence(leak: Score | None, fit: float = 0.95, persons: int = 1000) -> Evidence:
    return Evidence(
        {"rows_synthetic": 100, "persons_real": persons},
        (
            Finding("leak", Question.PRIVACY, "Leak", leak, "lower", reason="" if leak else "no holdout"),
            Finding("fit", Question.JOINT, "Fit", Score(fit), "higher"),
            Finding("other", Question.JOINT, "Other", Score(0.1), "higher"),
        ),
    )


@pytest.mark.parametrize(
    ("leak", "persons", "verdict"),
    [
        (Score(0.54), 1000, "released"),
        (Score(0.56), 1000, "refused"),
        (Score(0.56, reference=0.545), 1000, "released"),
        (Score(0.57, reference=0.545), 1000, "refused"),
        (Score(0.60, 0.50, 0.70), 1000, "refused"),
        (Score(0.60, 0.50, 0.70), 100, "released"),
        (Score(0.60, 0.58, 0.62), 100, "refused"),
        (None, 1000, "refused"),
    ],
)
def test_the_gate_follows_the_policy(leak: Score | None, persons: int, verdict: str) -> None:
    _, decision = decide(evidence(leak, persons=persons), POLICY)
    assert decision.verdict == verdict
    assert bool(decision.reasons) == (verdict == "refused")
    if verdict == "refused":
        assert decision.advice == ("Use larger leaves.",)


def test_a_rule_without_a_gate_limits_the_use_only() -> None:
    judged, decision = decide(evidence(Score(0.5), fit=0.5), POLICY)
    assert decision.verdict == "released"
    assert decision.limits
    assert judged.finding("fit").status is Status.FAIL
    assert judged.finding("other").status is Status.INFORMATIVE


def test_silence_passes_no_rule() -> None:
    partial = replace(evidence(Score(0.5)), findings=evidence(Score(0.5)).findings[1:])
    with pytest.raises(InvalidRequest, match="leak"):
        decide(partial, POLICY)


def test_refusal_names_rules_and_advice() -> None:
    with pytest.raises(DisclosureRefused) as caught:
        release(TABLE, evidence(Score(0.9)), POLICY)
    assert "Leak: 0.900" in str(caught.value)
    assert "Use larger leaves." in str(caught.value)


def test_override_needs_a_reason_and_keeps_it() -> None:
    with pytest.raises(DisclosureRefused):
        release(TABLE, evidence(Score(0.9)), POLICY, override_reason="   ")
    released = release(TABLE, evidence(Score(0.9)), POLICY, override_reason="ethics board 12/26")
    assert released.decision.verdict == "released by override"
    assert released.decision.override_reason == "ethics board 12/26"
    assert released.decision.reasons


def test_nothing_else_makes_a_released() -> None:
    _, decision = decide(evidence(Score(0.5)), POLICY)
    with pytest.raises(DisclosureRefused):
        Released(TABLE, evidence(Score(0.5)), decision, seal=object())


def test_evidence_of_another_table_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="another size"):
        release(TABLE.take(np.arange(50)), evidence(Score(0.5)), POLICY)


def test_the_folder_is_whole_and_its_digests_hold(tmp_path: Path) -> None:
    released = release(TABLE, evidence(Score(0.5)), POLICY)
    folder = released.write(tmp_path / "out", {"note.txt": lambda found, _: str(found.facts["digests"]).encode()})
    assert {path.name for path in folder.iterdir()} == {"twin.parquet", "twin.csv", "note.txt", "SHA256SUMS"}
    for line in (folder / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert pq.read_table(folder / "twin.parquet").num_rows == 100
    assert hashlib.sha256((folder / "twin.csv").read_bytes()).hexdigest() in (folder / "note.txt").read_text()


def files_and_evidence(folder: Path, leak: float) -> tuple[Path, Evidence]:
    (folder / "files" / "a").mkdir(parents=True)
    (folder / "files" / "a" / "one.dcm").write_bytes(b"one")
    (folder / "files" / "two.dcm").write_bytes(b"two")
    found = evidence(Score(leak))
    return folder / "files", replace(found, facts={**found.facts, "files": 2})


def test_a_folder_of_files_leaves_whole_with_digests(tmp_path: Path) -> None:
    files, found = files_and_evidence(tmp_path, 0.5)
    released = release_files(files, found, POLICY)
    folder = released.write(tmp_path / "out", {"note.txt": lambda told, _: str(told.facts["digests"]).encode()})
    lines = (folder / "SHA256SUMS").read_text().splitlines()
    assert [line.split("  ")[1] for line in lines] == ["a/one.dcm", "note.txt", "two.dcm"]
    assert hashlib.sha256(b"one").hexdigest() in (folder / "note.txt").read_text()


def test_files_that_fail_a_rule_stay_in(tmp_path: Path) -> None:
    files, found = files_and_evidence(tmp_path, 0.9)
    with pytest.raises(DisclosureRefused, match="these files") as caught:
        release_files(files, found, POLICY)
    assert "Use larger leaves." in str(caught.value)
    with pytest.raises(DisclosureRefused):
        ReleasedFiles(files, found, decide(found, POLICY)[1], seal=object())


def test_evidence_of_other_files_is_refused(tmp_path: Path) -> None:
    files, found = files_and_evidence(tmp_path, 0.5)
    (files / "three.dcm").write_bytes(b"three")
    with pytest.raises(InvalidRequest, match="these 3 files"):
        release_files(files, found, POLICY)


def test_a_full_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("mine")
    with pytest.raises(TargetUnwritable, match="not an empty folder"):
        release(TABLE, evidence(Score(0.5)), POLICY).write(tmp_path, {})
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]


def test_a_failure_while_writing_leaves_nothing(tmp_path: Path) -> None:
    def full(_evidence: Evidence, _decision: object) -> bytes:
        raise OSError(28, "No space left on device")

    with pytest.raises(TargetUnwritable, match="No space left"):
        release(TABLE, evidence(Score(0.5)), POLICY).write(tmp_path / "out", {"report.html": full})
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    def interrupted(_evidence: Evidence, _decision: object) -> bytes:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        release(TABLE, evidence(Score(0.5)), POLICY).write(tmp_path / "out", {"report.html": interrupted})
    assert list(tmp_path.iterdir()) == []


def test_the_default_policy_gates_privacy() -> None:
    policy = load_policy()
    assert {"mia_nearest", "mia_worst", "singling_out_univariate", "identical_excess"} <= policy.gates()


def test_the_default_policy_names_only_metrics_that_exist() -> None:
    import cohortium.evaluate  # noqa: F401 - registers the metrics
    from cohortium.registry import entries

    known = {entry.name for entry in entries("metric")}
    assert {rule.metric for rule in load_policy().rules} <= known


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title = 3", "'title'"),
        ("title = 'x'\n[[rule]]\nmetric = 'a'\nat_mots = 1", "at_mots"),
        ("title = 'x'\n[[rule]]\nmetric = 'a'\nat_most = 'low'", "must be a number"),
        ("title = 'x'\n[[rule]]\nmetric = 'a'\nat_most = 1", "gate = true"),
        ("title = 'x'\n[[rule]]\nat_most = 1\ngate = true", "metric"),
        ("title = ", "not TOML"),
    ],
)
def test_mistakes_in_a_policy_are_named(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(text)
    with pytest.raises(InvalidRequest, match=message):
        load_policy(path)
