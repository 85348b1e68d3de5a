"""What a newcomer gets wrong with files, folders and ports: one line that says what to do, never a traceback."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cohortium.errors import InvalidRequest, TargetUnwritable
from cohortium.federate.hub.serve import must_be_free
from cohortium.federate.node.datasets import FILE
from cohortium.federate.node.store import NodeStore
from cohortium.privacy.database import Database
from cohortium.serve import cli
from cohortium.serve.federation import node_app

pytest.importorskip("nvflare", reason="the federation's packages are not installed")


def _said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What ``cohortium`` says on standard error when it ends with the code for unusable input."""
    monkeypatch.setattr(sys, "argv", ["cohortium", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == cli.FAILED
    return " ".join(capsys.readouterr().err.split())


def test_a_folder_that_cannot_be_made_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("not a folder")
    for place, why in (("file", "File exists"), ("file/hub", "Not a directory")):
        said = _said(monkeypatch, capsys, "hub", "init", "--home", str(tmp_path / place))
        assert "cannot be used:" in said and why in said and "Traceback" not in said


def test_an_error_that_names_no_file_stays_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks() -> None:
        raise PermissionError("of the program, not of a path")

    monkeypatch.setattr(cli, "app", breaks)
    with pytest.raises(PermissionError, match="of the program"):
        cli.main()


def test_a_slip_in_the_list_of_datasets_is_told_before_it_is_changed(node: Path, tmp_path: Path) -> None:
    (node / FILE).write_text("[anaemia\n")
    with pytest.raises(InvalidRequest, match=r"datasets\.toml cannot be read: .*line 1"):
        _node("publish", "anaemia", str(tmp_path / "patients.csv"), home=node)
    assert (node / FILE).read_text() == "[anaemia\n"


def test_a_budget_is_for_a_dataset_that_is_there(node: Path) -> None:
    with pytest.raises(InvalidRequest, match="no dataset 'anemia' here; there is: anaemia"):
        _node("grant", "anemia", "--epsilon", "1", "--delta", "1e-5", home=node)
    _node("grant", "ada", "--epsilon", "1", "--delta", "1e-5", "--researcher", home=node)


def test_a_study_that_is_not_here_is_looked_for_in_the_inbox(node: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"No study is called 'abc' here.*node inbox"):
        NodeStore(node / "node.db").study("abc")


def test_a_database_that_may_not_be_written_is_told_from_a_full_disk(tmp_path: Path) -> None:
    (tmp_path / "some.db").mkdir()
    with pytest.raises(TargetUnwritable, match="see that this account may write"):
        Database(tmp_path / "some.db", "")


def test_a_port_that_another_program_holds_is_named() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(InvalidRequest, match=f"Port {port} cannot be used: Address already in use"):
            must_be_free(port, within_s=0.0)
    must_be_free(port, within_s=0.0)


def _node(*words: str, home: Path) -> None:
    CliRunner().invoke(node_app, [*words, "--home", str(home)], catch_exceptions=False)
