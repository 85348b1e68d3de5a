"""A stranger with a receipt and the ledger's tiles notices each thing that was changed, and is told which."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.govern.permits.asked import permit
from typer.testing import CliRunner

from cohortium.crypto.keys import Identity
from cohortium.govern.ledger import merkle
from cohortium.govern.ledger.canonical import canonical
from cohortium.govern.ledger.log import Log
from cohortium.govern.ledger.tiles import packed, unpacked
from cohortium.govern.ledger.witness import Witness
from cohortium.govern.permits.document import PermitDocument
from cohortium.govern.receipts import Check, Release, Trusted, receipt, record_release, verify_receipt
from cohortium.govern.receipts.receipt import file_digest
from cohortium.serve.cli import app

pytest.importorskip("rfc8785", reason="receipts need the extra 'govern'")


@dataclass
class Case:
    """A hub that has released a result: its ledger of 300 events, the result, and the receipt."""

    folder: Path
    log: Log
    hub: Identity
    witness: Witness
    document: PermitDocument
    release: Release
    text: str

    @property
    def trusted(self) -> Trusted:
        return Trusted((self.log.key, self.witness.key), {"hub": self.hub.public})

    def checked(self, text: str | None = None, **more: Any) -> dict[str, bool | None]:
        given = {"files": self.folder / "results", "log": self.log.folder, "trusted": self.trusted, **more}
        return {one.name: one.holds for one in verify_receipt(text or self.text, **given)}


def wrong(found: dict[str, bool | None]) -> set[str]:
    return {name for name, holds in found.items() if holds is False}


@pytest.fixture
def case(tmp_path: Path) -> Case:
    hub = Identity.generate()
    log = Log(tmp_path / "log", "hub.example/ledger", hub)
    witness = Witness(tmp_path / "seen.sqlite", "mainz.example/witness", Identity.generate())
    log.append([canonical({"event": "login", "n": number}) for number in range(300)])
    witness.cosign(log.note(), log.key, [])
    (tmp_path / "results").mkdir()
    (tmp_path / "results/table.csv").write_text("sex,n\nF,120\nM,130\n")
    document = PermitDocument.of(permit()).signed("hub", hub).signed("mainz", Identity.generate())
    release = Release(
        {"table.csv": file_digest(tmp_path / "results/table.csv")}, "2026-11-27T10:00:00Z", study="sha256:s",
        datasets={"mainz": "sha256:d"}, roster=("mainz", "turin"), mode="secure", code={"cohortium": "0.1"},
        verdicts={"minimum count": "pass"}, permit=document.digest,
    )  # fmt: skip
    index = record_release(log, release)
    note = witness.cosign(log.note(), log.key, merkle.consistency_proof(300, 301, log.tiles().hash_at))
    made = receipt(release, index, note, log.tiles(), hub, document)
    log.append([canonical({"event": "later", "n": number}) for number in range(20)])
    return Case(tmp_path, log, hub, witness, document, release, made.to_json())


def changed(text: str, change: Callable[[dict[str, Any]], None]) -> str:
    """The receipt with its statement changed, the signature left as it is."""
    envelope = json.loads(text)
    statement = json.loads(base64.b64decode(envelope["payload"]))
    change(statement)
    envelope["payload"] = base64.b64encode(canonical(statement)).decode()
    return json.dumps(envelope)


def test_everything_holds_of_a_receipt_that_nobody_touched(case: Case) -> None:
    found = case.checked()
    assert set(found.values()) == {True}
    assert len(found) == 10


def test_without_files_ledger_and_keys_it_says_what_was_not_checked(case: Case) -> None:
    found = case.checked(files=None, log=None, trusted=None)
    assert {name for name, holds in found.items() if holds is None} == {"results", "witnesses", "permit", "ledger"}
    assert not wrong(found)


def test_a_changed_or_missing_result_is_named(case: Case) -> None:
    table = case.folder / "results/table.csv"
    table.write_text(table.read_text().replace("120", "121"))
    assert wrong(case.checked()) == {"results"}
    table.unlink()
    assert wrong(case.checked()) == {"results"}


@pytest.mark.parametrize("key", ["at", "study", "mode", "roster", "spent", "verdicts", "datasets", "code"])
def test_a_changed_fact_of_the_release_is_noticed(case: Case, key: str) -> None:
    text = changed(case.text, lambda one: one["predicate"]["release"].update({key: "2026-12-01T00:00:00Z"}))
    assert wrong(case.checked(text)) == {"signature", "ledger proof", "entry in the ledger"}


def test_a_result_slipped_into_the_receipt_is_noticed(case: Case) -> None:
    other = {"name": "more.csv", "digest": {"sha256": "0" * 64}}
    text = changed(case.text, lambda one: one["subject"].append(other))
    assert wrong(case.checked(text)) == {"signature", "results", "ledger entry"}


def test_a_changed_permit_is_noticed_even_with_fresh_signatures(case: Case) -> None:
    wider = PermitDocument.of(permit(algorithms=("cox", "describe", "k_means"))).signed("hub", case.hub)
    text = changed(case.text, lambda one: one["predicate"].update(permit=wider.to_json()))
    assert wrong(case.checked(text)) == {"signature", "permit"}
    without = changed(case.text, lambda one: one["predicate"].pop("permit"))
    assert wrong(case.checked(without)) == {"signature", "permit"}


def test_a_release_outside_the_permits_time_is_noticed(case: Case) -> None:
    late = replace(case.release, at="2029-01-01T00:00:00Z")
    index = record_release(case.log, late)
    made = receipt(late, index, case.log.note(), case.log.tiles(), case.hub, case.document)
    assert wrong(case.checked(made.to_json())) == {"permit"}


def test_the_owner_cannot_make_a_receipt_for_what_is_not_in_the_ledger(case: Case) -> None:
    forged = replace(case.release, mode="plain")
    made = receipt(forged, 300, case.log.note(), case.log.tiles(), case.hub, case.document)
    assert wrong(case.checked(made.to_json())) == {"ledger proof", "entry in the ledger"}


def test_a_receipt_of_another_key_is_noticed_where_the_key_is_known(case: Case) -> None:
    thief = Identity.generate()
    log = Log(case.folder / "other", "hub.example/ledger", thief)
    index = record_release(log, case.release)
    made = receipt(case.release, index, log.note(), log.tiles(), thief, case.document).to_json()
    assert "signature" in wrong(case.checked(made, log=log.folder))
    unknown = verify_receipt(made, files=case.folder / "results", log=log.folder)
    assert "that you have not compared" in next(one.said for one in unknown if one.name == "signature")


def _bundle(case: Case) -> Path:
    return next((case.log.folder / "tile/entries").glob("001.p/65"))


def test_a_changed_event_is_named_by_its_number(case: Case) -> None:
    entries = unpacked(_bundle(case).read_bytes())
    _bundle(case).write_bytes(packed([*entries[:50], canonical({"event": "login", "n": 999}), *entries[51:]]))
    found = verify_receipt(case.text, log=case.log.folder)
    assert wrong({one.name: one.holds for one in found}) == {"ledger entries"}
    assert "entries 306" in said(found, "ledger entries")


def test_a_removed_event_is_noticed(case: Case) -> None:
    entries = unpacked(_bundle(case).read_bytes())
    _bundle(case).write_bytes(packed([*entries[:10], *entries[11:]]))
    assert "ledger entries" in wrong(case.checked())


def test_reordered_events_are_noticed(case: Case) -> None:
    entries = unpacked(_bundle(case).read_bytes())
    _bundle(case).write_bytes(packed([entries[1], entries[0], *entries[2:]]))
    found = verify_receipt(case.text, log=case.log.folder)
    assert "entries 256, 257." in said(found, "ledger entries")


def test_a_history_that_its_owner_wrote_anew_is_noticed(case: Case) -> None:
    entries = list(case.log.tiles().entries())
    for rewritten in (entries[:7] + entries[8:], [entries[1], entries[0], *entries[2:]], [b"x", *entries[1:]]):
        shutil.rmtree(case.folder / "again", ignore_errors=True)
        forked = Log(case.folder / "again", "hub.example/ledger", case.hub)
        forked.append([*rewritten, b"more"])
        assert "ledger history" in wrong(case.checked(log=forked.folder))


def test_a_ledger_that_was_set_back_is_noticed(case: Case) -> None:
    short = Log(case.folder / "short", "hub.example/ledger", case.hub)
    short.append(list(case.log.tiles().entries())[:200])
    assert wrong(case.checked(log=short.folder)) == {"ledger"}


def test_a_checkpoint_that_nobody_signed_is_noticed(case: Case) -> None:
    path = case.log.folder / "checkpoint"
    path.write_text(path.read_text().replace("\n321\n", "\n320\n"))
    assert wrong(case.checked()) == {"ledger"}


def test_a_witness_who_did_not_sign_this_is_noticed(case: Case) -> None:
    def change(one: dict[str, Any]) -> None:
        ledger = one["predicate"]["ledger"]
        lines = ledger["checkpoint"].splitlines(keepends=True)
        other = case.witness.cosign(case.log.note(), case.log.key,
                                    merkle.consistency_proof(301, 321, case.log.tiles().hash_at))  # fmt: skip
        ledger["checkpoint"] = "".join([*lines[:-1], str(other).splitlines(keepends=True)[-1]])

    assert wrong(case.checked(changed(case.text, change))) == {"signature", "witnesses"}


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"payloadType": "x", "payload": "", "signatures": []}'],
)
def test_texts_that_are_no_receipts_are_told_so(text: str) -> None:
    (only,) = verify_receipt(text or " ")
    assert (only.name, only.holds) == ("form", False)


@pytest.mark.parametrize("part", ["release", "ledger"])
def test_receipts_with_a_part_missing_are_told_so(case: Case, part: str) -> None:
    text = changed(case.text, lambda one: one["predicate"].pop(part))
    (only,) = verify_receipt(text)
    assert (only.name, only.holds) == ("form", False)


def test_every_byte_of_the_receipt_counts(case: Case) -> None:
    envelope = json.loads(case.text)
    payload = bytearray(base64.b64decode(envelope["payload"]))
    for place in range(0, len(payload), 97):
        flipped = bytearray(payload)
        flipped[place] ^= 1
        envelope["payload"] = base64.b64encode(bytes(flipped)).decode()
        assert wrong(case.checked(json.dumps(envelope), log=None)), place


def test_a_result_outside_the_folder_is_not_read(case: Case) -> None:
    (case.folder / "secret").write_text("x")
    digest = file_digest(case.folder / "secret")
    release = replace(case.release, results={"../secret": digest})
    index = record_release(case.log, release)
    made = receipt(release, index, case.log.note(), case.log.tiles(), case.hub, case.document)
    assert wrong(case.checked(made.to_json())) == {"results"}


def said(found: tuple[Check, ...], name: str) -> str:
    return next(one.said for one in found if one.name == name)


def test_the_command_says_what_holds_and_what_does_not(case: Case) -> None:
    path = case.folder / "results/receipt.json"
    path.write_text(case.text)
    keys = case.folder / "keys.txt"
    keys.write_text(f"# known by telephone\n{case.log.key}\n{case.witness.key}\npermit hub {case.hub.public.hex()}\n")
    command = ["verify", str(path), "--log", str(case.log.folder), "--keys", str(keys)]
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert done.exit_code == 0 and "receipt.json holds." in done.stdout
    (case.folder / "results/table.csv").write_text("sex,n\n")
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert done.exit_code == 3 and "DOES NOT HOLD: results." in done.stdout
    as_json = CliRunner().invoke(app, [*command, "--json"], catch_exceptions=False)
    assert json.loads(as_json.stdout)["holds"] is False
