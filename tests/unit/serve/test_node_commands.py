"""What a steward types at a node that was offered a study."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.serve.conftest import OFFERED
from typer.testing import CliRunner

from cohortium.errors import InvalidRequest, ProtocolViolation
from cohortium.federate.hub.invitations import Token
from cohortium.federate.node.store import NodeStore
from cohortium.serve.federation import node_app
from cohortium.serve.node_page import page_of

SHORT = OFFERED.digest[:12]
LONG = "f" * 64


def _typed(*words: str, home: Path) -> str:
    result = CliRunner().invoke(node_app, [*words, "--home", str(home)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


@pytest.mark.parametrize("words", [["approve", SHORT], ["page"]])
def test_a_fresh_process_reads_a_study_that_was_offered(words: list[str], node: Path, tmp_path: Path) -> None:
    # in this process the algorithms are registered already, by the tests
    program = "from cohortium.serve.federation import node_app; node_app()"
    command = [sys.executable, "-c", program, *words, "--home", str(node)]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def test_a_steward_decides_and_sees_it(node: Path) -> None:
    assert SHORT in _typed("inbox", home=node)
    assert f"Waiting for you: {SHORT}" in _typed("status", home=node)
    assert f"Approved {SHORT}: Ages in four" in _typed("approve", SHORT, home=node)
    assert "Waiting for you: nothing" in _typed("status", home=node)
    assert f"Refused {SHORT}" in _typed("refuse", SHORT, "--reason", "no vote", home=node)
    log = _typed("log", home=node)
    assert f"study {SHORT}" in log and OFFERED.digest not in log and "reason no vote" in log


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["anemia"], "no dataset 'anemia' here; there is: anaemia"),
        (["anaemia", "--mode", "open"], "no mode 'open' here; there is: plain, secure, dp"),
        (["anaemia", "--column", "age", "--column", "wage"], "no column open to studies 'wage' here; there is: age"),
        (["anaemia", "--algorithm", "guess"], "no algorithm 'guess' here"),
    ],
)
def test_a_rule_that_would_cover_nothing_is_not_made(words: list[str], expected: str, node: Path) -> None:
    command = ["allow", *words, "--algorithm", "describe", "--home", str(node)]
    with pytest.raises(InvalidRequest, match=expected):
        CliRunner().invoke(node_app, command, catch_exceptions=False)
    assert not NodeStore(node / "node.db").rules()


def test_rules_are_said_in_words(node: Path) -> None:
    words = "describe on 'anaemia', in mode secure or dp, asked by ada, only of columns age"
    given = ["anaemia", "--algorithm", "describe", "--researcher", "ada", "--column", "age"]
    assert "no standing rule" in _typed("rules", home=node)
    assert words in _typed("allow", *given, home=node)
    assert _typed("rules", home=node) == f"1: {words}"
    assert words in _typed("log", home=node)
    page = page_of("mainz", "hub", node, NodeStore(node / "node.db"))
    assert words.replace("'", "&#39;") in page and "Rule(" not in page


def test_what_left_is_told_shortly_and_only_where_something_did(node: Path) -> None:
    store = NodeStore(node / "node.db")
    store.leaves("0123456789abcdef/who", 0, OFFERED.digest, "s", size=1234, persons=120)
    store.leaves(f"{OFFERED.digest}/who/{LONG}", 0, OFFERED.digest, "s", roster="r")
    page = page_of("mainz", "hub", node, store)
    assert "0123456789ab who, step 0" in page and "1,234" in page
    assert LONG not in page and '<td class="number">0</td>' not in page
    assert len(json.loads(CliRunner().invoke(node_app, ["status", "--json", "--home", str(node)]).output)["left"]) == 2


def test_the_commands_on_the_page_name_the_home(node: Path) -> None:
    page = page_of("mainz", "hub", node, NodeStore(node / "node.db"))
    assert f"cohortium node approve {SHORT} --home &#39;{node}&#39;" in page  # quoted: the folder's name has a space


def test_a_node_says_that_it_begins(node: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cohortium.serve.federation.node.needs_federation", lambda: None)
    monkeypatch.setattr("cohortium.serve.federation.node.become", lambda _module, _folder: None)
    assert _typed("start", home=node) == "Node 'mainz' connects to the hub at hub.example.org:8702; Ctrl+C ends it."


def test_what_was_withdrawn_is_out_of_the_inbox_and_in_the_history(node: Path) -> None:
    store = NodeStore(node / "node.db")
    store.withdraw(OFFERED.digest, "its researcher cancelled it")
    assert _typed("inbox", home=node) == "1 more were withdrawn, or are void; --all shows them."
    assert "withdrawn: its researcher cancelled it" in _typed("inbox", "--all", home=node)
    assert "Waiting for you: nothing" in _typed("status", home=node)
    page = page_of("mainz", "hub", node, store)
    assert "Withdrawn or void" in page and "withdrawn: its researcher cancelled it" in page
    assert "cohortium node approve" not in page
    assert "holds if it is asked for again" in _typed("approve", SHORT, home=node)


def test_a_dataset_is_published_no_more(node: Path) -> None:
    _typed("approve", SHORT, home=node)
    _typed("allow", "anaemia", "--algorithm", "describe", home=node)
    _typed("grant", "anaemia", "--epsilon", "1", "--delta", "1e-5", home=node)
    said = _typed("unpublish", "anaemia", home=node)
    assert f"Void: the approval of {SHORT}, Ages in four." in said
    assert "Taken back: the standing rule for describe." in said
    assert "Datasets: none." in _typed("status", home=node)
    assert "no standing rule" in _typed("rules", home=node)
    assert "dataset anaemia" in _typed("budget", home=node)
    page = page_of("mainz", "hub", node, NodeStore(node / "node.db"))
    assert "No dataset is published" in page and "&#39;anaemia&#39; is no longer published" in page
    assert "dataset unpublished" in page
    with pytest.raises(InvalidRequest, match="no dataset 'anaemia' here; there is: none"):
        _typed("unpublish", "anaemia", home=node)


def test_a_rule_says_which_studies_wait_that_are_like_it(node: Path) -> None:
    NodeStore(node / "node.db").receive(replace(OFFERED, title="Ages once more"), ("describe",))
    said = _typed("allow", "anaemia", "--algorithm", "describe", "--researcher", "ada", home=node)
    assert "2 studies like this still wait for your decision" in said
    command = said.partition("To approve: cohortium ")[2]
    assert SHORT in command and f"--home '{node}'" in command
    assert "Waiting for you: nothing" not in _typed("status", home=node)
    assert "Approved" in _typed(*command.partition(" --home")[0].split()[1:], home=node)
    assert "Waiting for you: nothing" in _typed("status", home=node)


def test_a_rule_approves_what_waits_when_it_is_told_to(node: Path) -> None:
    said = _typed("allow", "anaemia", "--algorithm", "describe", "--waiting", home=node)
    assert f"Approved {SHORT}: Ages in four" in said and "wait" not in said
    assert "Waiting for you: nothing" in _typed("status", home=node)


def test_several_studies_are_decided_together_or_not_at_all(node: Path) -> None:
    with pytest.raises(InvalidRequest, match="No study is called '999'"):
        _typed("approve", SHORT, "999", home=node)
    assert f"Waiting for you: {SHORT}" in _typed("status", home=node)


def test_another_hub_than_the_one_told_by_telephone_is_not_joined(tmp_path: Path) -> None:
    token = Token("https://hub.example.org:1", "ab" * 32, "mainz", "secret").to_text()
    with pytest.raises(ProtocolViolation, match="fingerprint abab-abab-abab-abab-abab, not 0000-"):
        _typed("enrol", token, "--fingerprint", "0000-0000-0000-0000-0000", home=tmp_path / "node")
    with pytest.raises(InvalidRequest, match="20 hexadecimal digits"):
        _typed("enrol", token, "--fingerprint", "abab", home=tmp_path / "node")
    assert not (tmp_path / "node").exists()
