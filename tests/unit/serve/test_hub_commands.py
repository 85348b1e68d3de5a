"""What a hub's operator types."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.serve.conftest import OFFERED
from typer.testing import CliRunner

from cohortium.errors import InvalidRequest, ProtocolViolation
from cohortium.federate.engine.certificates import Authority, pem
from cohortium.federate.fingerprints import must_match, of_certificate, short
from cohortium.federate.hub.home import open_hub
from cohortium.federate.hub.invitations import Invitations, Token
from cohortium.federate.hub.store import FAILED, HubStore
from cohortium.serve.federation import hub_app, node_app

pytest.importorskip("nvflare", reason="the federation's packages are not installed")


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    home = tmp_path / "hub"
    made = CliRunner().invoke(hub_app, ["init", "--home", str(home), "--federation", "Rare"], catch_exceptions=False)
    assert made.exit_code == 0
    return home


def test_a_fresh_process_reads_a_study_that_was_submitted(hub: Path) -> None:
    store = HubStore(hub / "hub.db")
    store.submit("r1", OFFERED, "ada/1")
    store.set_status("r1", FAILED, "mainz: no legal basis", "PermitDenied")
    program = "from cohortium.serve.federation import hub_app; hub_app()"
    command = [sys.executable, "-c", program, "status", "--home", str(hub)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "Ages in four" in ended.stdout and "PermitDenied" not in ended.stdout


def test_a_hub_says_that_it_begins(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cohortium.serve.federation.hub.become", lambda _module, _folder: None)
    told = "Hub 'Rare' listens at https://localhost:8703, for nodes at port 8702; Ctrl+C ends it."
    said = CliRunner().invoke(hub_app, ["start", "--home", str(hub)], catch_exceptions=False).output
    assert " ".join(said.split()).startswith(told)


def test_a_hub_tells_the_link_of_the_first_account_until_there_is_one(
    hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("argon2", reason="the extra 'govern' is not installed")
    from cohortium.serve.web.hub_process import accounts_of

    def said() -> str:
        done = CliRunner().invoke(hub_app, ["start", "--home", str(hub)], catch_exceptions=False)
        return "".join(done.output.split())

    monkeypatch.setattr("cohortium.serve.federation.hub.become", lambda _module, _folder: None)
    secret = said().partition("https://localhost:8703/web/set-up/")[2]
    accounts_of(hub).accept(secret, "violet tram over seven bridges", account="ada", name="Ada")
    assert said().endswith("Pages:https://localhost:8703/web/")


def test_the_token_stands_alone_and_the_fingerprint_beside_it(hub: Path) -> None:
    typed = CliRunner().invoke(hub_app, ["invite-node", "mainz", "--home", str(hub)], catch_exceptions=False)
    token = Token.from_text(typed.stdout)
    assert typed.stdout == token.to_text() + "\n"
    assert short(token.authority) in typed.stderr
    must_match(short(token.authority).upper(), token.authority)
    must_match(token.authority, token.authority)


def test_the_operator_sees_both_fingerprints(hub: Path) -> None:
    home = open_hub(hub)
    authority = pem(Authority(home.authority).certificate).decode()
    Invitations(home.database).enrolled("mainz", home.certificate.read_text("utf-8"))
    said = CliRunner().invoke(hub_app, ["status", "--home", str(hub)], catch_exceptions=False).output
    assert f"Hub 'Rare', fingerprint {short(of_certificate(authority))}" in said
    assert short(of_certificate(home.certificate.read_text("utf-8"))) in said


def test_a_fingerprint_of_another_hub_is_refused() -> None:
    with pytest.raises(ProtocolViolation, match="ask the hub's operator"):
        must_match("0000-0000-0000-0000-0001", "0" * 64)
    for said in ("", "0000", "no such thing as a print"):
        with pytest.raises(InvalidRequest, match="hexadecimal"):
            must_match(said, "0" * 64)


def test_who_joins_is_told_both_fingerprints(hub: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = open_hub(hub)
    certificate = made.certificate.read_text("utf-8")

    def enrol(_token: str, folder: Path) -> str:
        folder.mkdir()
        (folder / "node.toml").write_text('site = "mainz"\nhub = "localhost:8702"\nserver_name = "hub"\n')
        (folder / "site.crt").write_text(certificate)
        return "mainz"

    monkeypatch.setattr("cohortium.federate.client.enrol", enrol)
    token = Token(made.url, "ab" * 32, "mainz", "secret").to_text()
    for place, given in (("a", []), ("b", ["--fingerprint", short("ab" * 32)])):
        command = ["enrol", token, *given, "--home", str(tmp_path / place)]
        said = " ".join(CliRunner().invoke(node_app, command, catch_exceptions=False).output.split())
        assert f"Enrolled as mainz, whose fingerprint is {short(of_certificate(certificate))}." in said
        assert f"The hub's fingerprint, {short('ab' * 32)}, " in said
        assert ("is the one that you gave" in said) == bool(given)
        assert ("ask by telephone" in said) != bool(given)
