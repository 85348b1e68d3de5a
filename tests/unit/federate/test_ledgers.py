"""Ledgers of a federation: what happens is entered, the sites watch the hub and each other, results carry receipts."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest.importorskip("rfc8785", reason="the extra 'govern' is not installed")

from tests.unit.federate.conftest import SITES, Federation

from cohortium.analyse import Describe
from cohortium.errors import InvalidRequest
from cohortium.federate import Analysis, Study
from cohortium.federate.hub.proofs import ROUNDS, Watching, receipt_of, result_file
from cohortium.federate.hub.store import DONE, HubStore
from cohortium.govern.ledger.book import Ledger
from cohortium.govern.ledger.canonical import parsed
from cohortium.govern.ledger.checkpoint import Checkpoint
from cohortium.govern.receipts import Trusted, verify_receipt

STUDY = Study("Ages", "trial", (Analysis("ages", Describe(("age",))),), mode="plain")


class Watched:
    """A federation whose hub and sites keep ledgers."""

    def __init__(self, federation: Federation) -> None:
        self.federation = federation
        self.hub = Ledger(federation.home / "hub", "hub/test", federation.hub.database)
        self.ledgers = {
            site: Ledger(federation.home / site, f"node/{site}", federation.stores[site].database) for site in SITES
        }
        for site, ledger in self.ledgers.items():
            federation.desks[site].ledger = ledger
        self.watching = Watching(federation.channel, federation.hub, self.hub)

    def run(self) -> None:
        self.federation.approve_everywhere(STUDY)
        assert self.federation.run(STUDY).status == DONE


@pytest.fixture
def watched(federation: Federation) -> Watched:
    return Watched(federation)


def events(ledger: Ledger) -> list[str]:
    ledger.recorder.settle()
    return [parsed(entry)["event"] for entry in ledger.log.tiles().entries()]


def test_what_happens_is_entered_in_order(watched: Watched) -> None:
    watched.run()
    assert events(watched.ledgers["north"]) == ["study received", "approved", "sums leave", "sums leave"]
    of_hub = events(watched.hub)
    assert of_hub[0] == "study submitted" and of_hub[-1] == "run: done"
    assert of_hub.count("result released") == 1


def test_each_gives_its_word_on_each(watched: Watched) -> None:
    watched.run()
    for _ in range(ROUNDS):
        watched.watching.go_round()
    of_sites = [ledger.witness.key for ledger in watched.ledgers.values()]
    assert set(watched.hub.words(of_sites)) == {f"node/{site}/witness" for site in SITES}
    for site, ledger in watched.ledgers.items():
        others = [one.witness.key for name, one in watched.ledgers.items() if name != site]
        found = ledger.words([*others, watched.hub.witness.key])
        assert set(found) == {"hub/test/witness", *(f"node/{name}/witness" for name in SITES if name != site)}
    assert "ledger doubted" not in str(watched.federation.hub.events("run1"))


def test_a_receipt_holds_and_names_its_witnesses(watched: Watched, tmp_path: Path) -> None:
    watched.run()
    for _ in range(ROUNDS):
        watched.watching.go_round()
    text = receipt_of(watched.federation.hub, watched.hub, "run1", "ages")
    (tmp_path / "proof").mkdir()
    answer = watched.federation.hub.results("run1")["ages"]
    (tmp_path / "proof" / result_file("ages")).write_bytes(answer.to_bytes())
    keys = (watched.hub.log.key, *(ledger.witness.key for ledger in watched.ledgers.values()))
    checks = {
        one.name: one
        for one in verify_receipt(
            text, files=tmp_path / "proof", log=watched.hub.log.folder, trusted=Trusted(keys)
        )
    }  # fmt: skip
    assert all(one.holds for name, one in checks.items() if name != "permit"), checks
    assert "node/west/witness" in checks["witnesses"].said


def test_a_run_without_a_result_has_no_receipt(watched: Watched) -> None:
    with pytest.raises(InvalidRequest, match="no release"):
        receipt_of(watched.federation.hub, watched.hub, "run1", "ages")


def test_a_hub_that_forgets_a_study_is_doubted_by_every_site(watched: Watched) -> None:
    watched.run()
    for _ in range(ROUNDS):
        watched.watching.go_round()
    home = watched.federation.home
    shutil.rmtree(home / "hub" / "ledger")
    forged = HubStore(home / "forged.db")
    forged.record("run1", "nothing ever happened", {})
    hub = Ledger(home / "hub", "hub/test", forged.database)
    watching = Watching(watched.federation.channel, forged, hub)
    for _ in range(ROUNDS):
        watching.go_round()
    doubts = [detail for _, _, what, detail in forged.events("") if what == "ledger doubted"]
    assert {one["by"] for one in doubts} == {f"node/{site}" for site in SITES}
    assert not hub.words([ledger.witness.key for ledger in watched.ledgers.values()])


def test_a_site_that_keeps_no_ledger_hinders_nobody(watched: Watched) -> None:
    watched.run()
    watched.federation.desks["west"].ledger = None
    for _ in range(ROUNDS):
        watched.watching.go_round()
    assert len(watched.hub.words([ledger.witness.key for ledger in watched.ledgers.values()])) == len(SITES) - 1


def test_a_release_is_entered_with_its_answer_or_not_at_all(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    import cohortium.federate.hub.store as module

    def broken(*_: object) -> int:
        raise KeyError

    watched.federation.approve_everywhere(STUDY)
    monkeypatch.setattr(module, "enter", broken)
    with pytest.raises(KeyError):
        watched.federation.run(STUDY)
    monkeypatch.undo()
    assert watched.federation.hub.results("run1") == {}


def test_the_size_that_a_checkpoint_says_grows_only(watched: Watched) -> None:
    watched.run()
    watched.watching.go_round()
    first = Checkpoint.of(watched.hub.log.note()).size
    watched.watching.go_round()
    assert Checkpoint.of(watched.hub.log.note()).size >= first
