"""``cohortium ledger``: shown, handed on, and checked by somebody who trusts nobody."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("nvflare", reason="the federation's packages are not installed")

from cohortium.errors import InvalidRequest
from cohortium.federate.hub.home import make_hub
from cohortium.federate.hub.store import HubStore
from cohortium.govern.ledger.book import Ledger
from cohortium.serve.ledger import ledger_app
from cohortium.serve.options import REFUSED


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = make_hub(tmp_path / "hub", "Rare diseases", "localhost", 18002, 18443)
    store = HubStore(made.database)
    for number in range(3):
        store.record("run1", "step", {"step": number})
    return made.folder


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(ledger_app, list(map(str, arguments)))
    if isinstance(result.exception, Exception) and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def export(home: Path, tmp_path: Path) -> Path:
    run("export", "--home", home, "--out", tmp_path / "copy")
    return tmp_path / "copy"


def test_it_shows_events_keys_and_that_nobody_watches(home: Path) -> None:
    code, said = run("show", "--home", home, "--last", "2", "--json")
    told = json.loads(said)
    assert (code, told["entries"], told["witnesses"]) == (0, 3, {})
    assert [one["step"] for one in told["events"]] == [1, 2]
    assert told["key"].startswith("hub/Rare-diseases+")


def test_an_exported_ledger_holds(home: Path, tmp_path: Path) -> None:
    code, said = run("check", export(home, tmp_path), "--json")
    assert code == 0
    checks = {one["name"]: one["holds"] for one in json.loads(said)["checks"]}
    assert checks == {"signature": True, "hashes": True, "entries": True, "witnesses": None}


def test_witnesses_are_named(home: Path, tmp_path: Path) -> None:
    from cohortium.govern.ledger.outbox import OUTBOX
    from cohortium.privacy.database import Database

    hub = Ledger(home, "hub/Rare diseases", HubStore(home / "hub.db").database)
    node = Ledger(tmp_path / "node", "node/north", Database(tmp_path / "node" / "db", OUTBOX))
    hub.take_word(node.watch(hub.shown([0])))
    hub.meet(node.witness.key)
    _, said = run("show", "--home", home, "--json")
    assert list(json.loads(said)["witnesses"]) == ["node/north/witness"]
    _, said = run("check", export(home, tmp_path), "--json")
    assert "node/north/witness" in said and all(one["holds"] for one in json.loads(said)["checks"])


@pytest.mark.parametrize("place", ["entries/000.p/3", "0/000.p/3"])
def test_a_changed_byte_is_found(home: Path, tmp_path: Path, place: str) -> None:
    copy = export(home, tmp_path)
    path = copy / "tile" / place
    data = bytearray(path.read_bytes())
    data[-2] ^= 1
    path.write_bytes(data)
    code, said = run("check", copy)
    assert code == REFUSED and "DOES NOT HOLD" in said


def test_an_owner_who_signs_another_history_is_found_by_the_witness(home: Path, tmp_path: Path) -> None:
    hub = Ledger(home, "hub/Rare diseases", HubStore(home / "hub.db").database)
    node = Ledger(tmp_path / "node", "node/north", HubStore(tmp_path / "node" / "db").database)
    word = node.watch(hub.shown([0]))
    forged = make_hub(tmp_path / "forged", "Rare diseases", "localhost", 18002, 18443)
    for name in ("ledger.key", "witness.key"):
        (forged.folder / name).write_bytes((home / name).read_bytes())
        (forged.folder / name).chmod(0o600)
    store = HubStore(forged.database)
    for _ in range(4):
        store.record("run1", "something else", {})
    Ledger(forged.folder, "hub/Rare diseases", store.database).recorder.settle()
    (forged.folder / "ledger" / "checkpoint.witnessed").write_text(str(word), "utf-8")
    code, said = run("check", export(forged.folder, tmp_path), "--json")
    wrong = [one["name"] for one in json.loads(said)["checks"] if one["holds"] is False]
    assert (code, wrong) == (REFUSED, ["witnesses"])


def test_a_folder_that_is_neither_says_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="There is no node"):
        run("show", "--home", tmp_path)
