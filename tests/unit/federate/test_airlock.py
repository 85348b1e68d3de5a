"""The airlock: what waits cannot be had by anybody, and leaves or stays by a person's word, which is in the ledger."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("rfc8785", reason="the extra 'govern' is not installed")

from tests.unit.federate.conftest import Federation

from cohortium.analyse import Describe
from cohortium.errors import InvalidRequest
from cohortium.federate import Analysis, Study
from cohortium.federate.hub.airlock import FILE, Airlock, for_the_reviewer, in_words, load_airlock
from cohortium.federate.hub.desk import HubDesk
from cohortium.federate.hub.store import DONE
from cohortium.govern.ledger.canonical import parsed

STUDY = Study("Ages", "trial", (Analysis("ages", Describe(("age",))),), mode="plain")


@pytest.fixture
def waiting(federation: Federation) -> Federation:
    """A federation one of whose results waits."""
    federation.approve_everywhere(STUDY)
    conductor = federation.conductor()
    conductor.airlock = Airlock(frozenset({"table"}))
    assert conductor.conduct(federation.hub.submit("run1", STUDY, "token").run).status == DONE
    return federation


def record(federation: Federation) -> dict[str, object]:
    return HubDesk(federation.hub, federation.conductor()).record("run1")


def events(federation: Federation) -> list[dict[str, object]]:
    with federation.hub.database.reading() as database:
        rows = database.execute("SELECT event FROM ledger_outbox ORDER BY place").fetchall()
    return [parsed(event) for (event,) in rows]


def test_what_waits_is_told_of_and_cannot_be_had(waiting: Federation) -> None:
    assert waiting.hub.released_results("run1") == {}
    told = record(waiting)
    assert told["results"] == {} and "waits for a reviewer" in str(told["held"])
    assert not [one for one in events(waiting) if one["event"] == "result released"]
    with pytest.raises(InvalidRequest, match="no release"):
        waiting.hub.release("run1", "ages")


def test_a_reviewer_lets_it_out_with_a_reason_that_the_receipt_tells(waiting: Federation) -> None:
    waiting.hub.review("run1", "ages", lets_out=True, by="rita", reason="Ages alone.")
    assert set(waiting.hub.released_results("run1")) == {"ages"}
    assert record(waiting)["held"] == {}
    _, release = waiting.hub.release("run1", "ages")
    assert release.verdicts["reviewer"] == "released by rita: Ages alone."
    assert events(waiting)[-1]["event"] == "result released"


def test_a_reviewer_keeps_it_in_and_the_researcher_hears_why(waiting: Federation) -> None:
    waiting.hub.review("run1", "ages", lets_out=False, by="rita", reason="Three persons of one village.")
    assert waiting.hub.released_results("run1") == {}
    [held] = waiting.hub.held("run1")
    assert in_words(held) == "'ages' is kept in by a reviewer: Three persons of one village."
    assert events(waiting)[-1]["event"] == "run: withheld by a reviewer"


@pytest.mark.parametrize("lets_out", [True, False])
def test_a_decision_needs_a_reason_and_is_made_once(waiting: Federation, lets_out: bool) -> None:
    with pytest.raises(InvalidRequest, match="reason"):
        waiting.hub.review("run1", "ages", lets_out=lets_out, by="rita", reason=" ")
    waiting.hub.review("run1", "ages", lets_out=lets_out, by="rita", reason="So.")
    with pytest.raises(InvalidRequest, match="waits"):
        waiting.hub.review("run1", "ages", lets_out=not lets_out, by="rita", reason="Or so.")


def test_without_a_file_nothing_waits(tmp_path: Path) -> None:
    assert not load_airlock(tmp_path).hold


@pytest.mark.parametrize(
    "text", ["hold = 1", 'hold = ["tables"]', 'hold = "some"', "", "hold =", 'hold = "all"\nmore = 1']
)
def test_a_file_that_is_wrong_stops_the_hub(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, "utf-8")
    with pytest.raises(InvalidRequest):
        load_airlock(tmp_path)


def test_kinds_are_told_apart() -> None:
    airlock = Airlock(frozenset({"model", "synthetic"}))
    assert not airlock.holds(STUDY.analyses[0])
    assert Airlock(frozenset({"table"})).holds(STUDY.analyses[0])


def test_a_reviewer_sees_sizes_and_no_numbers(waiting: Federation) -> None:
    result = waiting.hub.results("run1")["ages"]
    told = for_the_reviewer(result)
    assert told["persons"] == result.persons
    assert all(set(table) == {"columns", "rows"} for table in told["tables"].values())
