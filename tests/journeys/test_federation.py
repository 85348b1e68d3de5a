"""A study across four hospitals: real hub, real nodes, NVIDIA FLARE between them, and processes that are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.conformance.test_algorithms import assert_same_answer
from tests.journeys.hospitals import after_some_steps, assert_pooled, hospital_files, pooled_answer

from cohortium.analyse import Describe
from cohortium.errors import InvalidRequest, PermitDenied, SiteUnavailable
from cohortium.federate import Analysis, Study
from cohortium.federate.client import HubClient, enrol
from cohortium.federate.node.decisions import Rule
from cohortium.serve.local_federation import LocalFederation

pytestmark = [pytest.mark.journey, pytest.mark.slow]
WHO = Describe(("age", "chol", "cp"))
MANY = 12


@pytest.fixture(scope="module")
def federation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalFederation]:
    folder = tmp_path_factory.mktemp("fed")
    rule = Rule("heart", ("describe",), researchers=("ada",))
    with LocalFederation(folder / "f", hospital_files(folder), "heart", (rule,)) as running:
        running.wait_until_connected(running.researcher("ada"))
        yield running


@pytest.fixture(scope="module")
def ada(federation: LocalFederation) -> HubClient:
    return federation.researcher("ada")


def _study(title: str, analyses: int = 1) -> Study:
    each = tuple(Analysis(f"d{number}", WHO) for number in range(analyses))
    return Study(title, "heart", each, mode="secure", patience_s=90.0)


def _check(client: HubClient, ended: dict[str, Any], analyses: int) -> None:
    assert_pooled(client, ended, WHO, analyses)


def _processes(folder: Path) -> dict[int, str]:
    """Processes whose command line names the folder."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if str(folder) in command and int(entry.parent.name) != os.getpid():
            found[int(entry.parent.name)] = command
    return found


def test_a_researcher_gets_the_pooled_answer_from_the_command_line(
    federation: LocalFederation, ada: HubClient, tmp_path: Path
) -> None:
    asked = tmp_path / "study.toml"
    asked.write_text(
        'title = "Who is in the four hospitals"\ndataset = "heart"\nmode = "secure"\n'
        '[[analyses]]\nname = "who"\nalgorithm = "describe"\nvariables = ["age", "chol", "cp"]\n',
        "utf-8",
    )
    environment = {**os.environ, "COHORTIUM_TOKEN": federation._token("ada", ada.token.secret)}
    command = [str(Path(sys.executable).with_name("cohortium")), "study", "submit", str(asked), "--out", "out"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(tmp_path / "out" / "who-numeric.csv")
    expected = pooled_answer(WHO).frame("numeric")
    pd.testing.assert_frame_equal(table, expected, rtol=1e-8, check_dtype=False)
    page = (tmp_path / "out" / "results.html").read_text("utf-8")
    assert "Who is in the four hospitals" in page
    assert "http" not in page.replace("http://www.w3.org", "").replace("http-equiv", "")


def test_a_researcher_gets_it_in_a_notebook(federation: LocalFederation, ada: HubClient) -> None:
    happened: list[str] = []
    token = federation._token("ada", ada.token.secret)
    results = _study("In a notebook").run(token, said=lambda event: happened.append(event["what"]))
    assert_same_answer(results["d0"], pooled_answer(WHO), 1e-8)
    assert "step" in happened
    assert "<td>age</td>" in results["d0"]._repr_html_()
    with pytest.raises(InvalidRequest, match="token"):
        _study("Without a token").run("")


def test_nothing_runs_without_the_steward(federation: LocalFederation) -> None:
    eve = federation.researcher("eve")
    run = eve.submit(_study("eve's").to_plain())
    deadline = time.monotonic() + 30
    while eve.get(f"/runs/{run}")["status"] != "waiting" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert "waiting for a decision" in eve.get(f"/runs/{run}")["said"]
    digest = eve.get(f"/runs/{run}")["study"]
    sites = list(federation.sources)
    for site in sites[:-1]:
        federation.store(site).decide(digest, "approved", "steward")
    federation.store(sites[-1]).decide(digest, "refused", "steward", "not this one")
    ended = eve.watch(run, lambda _event: None)
    assert ended["status"] == "failed"
    assert f"{sites[-1]}: not this one" in ended["said"]


def test_runs_of_others_cannot_be_seen(federation: LocalFederation, ada: HubClient) -> None:
    run = ada.submit(_study("ada's").to_plain())
    eve = federation.researcher("eve")
    with pytest.raises(Exception, match="There is no run"):
        eve.get(f"/runs/{run}")
    stranger = HubClient(ada.token.__class__(ada.token.url, ada.token.authority, "x", "no secret"), ada.authority)
    with stranger, pytest.raises(PermitDenied):
        stranger.get("/runs")
    _check(ada, ada.watch(run, lambda _event: None), 1)


def test_a_study_that_is_cancelled_while_it_waits_leaves_every_inbox(federation: LocalFederation) -> None:
    eve = federation.researcher("eve")
    run = eve.submit(_study("eve's second thoughts").to_plain())
    digest = eve.get(f"/runs/{run}")["study"]

    def decisions() -> set[str]:
        with suppress(InvalidRequest):  # not offered yet
            return {federation.store(site).study(digest).decision for site in federation.sources}
        return set()

    for awaited in ("pending", "withdrawn"):
        deadline = time.monotonic() + 60
        while decisions() != {awaited} and time.monotonic() < deadline:
            time.sleep(0.05)
        assert decisions() == {awaited}
        eve.post(f"/runs/{run}/cancel", {})


def test_a_token_enrols_once(federation: LocalFederation, tmp_path: Path) -> None:
    from cohortium.federate.hub.invitations import Invitations

    secret = Invitations(federation.home.database).invite_node("late")
    token = federation._token("late", secret)
    enrol(token, tmp_path / "late")
    key = tmp_path / "late" / "site.key"
    assert key.stat().st_mode & 0o077 == 0
    with pytest.raises(PermitDenied):
        enrol(token, tmp_path / "again")
    assert not (tmp_path / "again" / "node.toml").exists()
    Invitations(federation.home.database).remove_node("late")  # it is never started; the others' studies would wait


def test_a_killed_worker_and_client_change_nothing(federation: LocalFederation, ada: HubClient) -> None:
    run = ada.submit(_study("killed at a node", MANY).to_plain())
    after_some_steps(ada, run, 3)
    site = next(iter(federation.sources))
    killed = [pid for pid, command in _processes(federation.node(site)).items() if "supervisor" not in command]
    assert len(killed) >= 2, "FLARE's client and the worker"
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    _check(ada, ada.watch(run, lambda _event: None), MANY)


def test_a_killed_node_leaves_no_orphan_and_comes_back(federation: LocalFederation, ada: HubClient) -> None:
    site = list(federation.sources)[1]
    run = ada.submit(_study("a node dies", MANY).to_plain())
    after_some_steps(ada, run, 3)
    federation.children[site].process.kill()  # type: ignore[union-attr]
    federation.children[site].process.wait()  # type: ignore[union-attr]
    deadline = time.monotonic() + 5
    while _processes(federation.node(site)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _processes(federation.node(site)) == {}
    federation.start_node(site)
    _check(ada, ada.watch(run, lambda _event: None), MANY)


def test_a_killed_hub_goes_on_where_it_was(federation: LocalFederation, ada: HubClient) -> None:
    run = ada.submit(_study("the hub dies", MANY).to_plain())
    after_some_steps(ada, run, 5)
    federation.children["hub"].process.kill()  # type: ignore[union-attr]
    federation.children["hub"].process.wait()  # type: ignore[union-attr]
    with pytest.raises(SiteUnavailable):
        ada.get(f"/runs/{run}")
    federation.start_hub()
    ended = ada.watch(run, lambda _event: None)
    _check(ada, ended, MANY)
    assert any(event["what"] == "resumed" for event in ada.get(f"/runs/{run}?after=0")["events"])


def test_cancelling_takes_less_than_five_seconds(federation: LocalFederation, ada: HubClient) -> None:
    run = ada.submit(_study("cancelled", 200).to_plain())
    after_some_steps(ada, run, 1)
    start = time.monotonic()
    ada.post(f"/runs/{run}/cancel", {})
    ended = ada.watch(run, lambda _event: None)
    assert ended["status"] == "cancelled"
    assert time.monotonic() - start < 5


def test_no_job_is_ever_accepted(federation: LocalFederation) -> None:
    """FLARE's own way of running things is shut: nobody has a right, and no administrator's certificate exists."""
    import json

    for kit in (federation.home.kit, *(federation.node(site) / "flare" for site in federation.sources)):
        rights = json.loads((kit / "local" / "authorization.json").read_text("utf-8"))["permissions"]
        assert {right for role in rights.values() for right in role.values()} == {"none"}
        resources_ = json.loads((kit / "local" / "resources.json").read_text("utf-8"))
        assert resources_["class_list_enforcement_mode"] == "enforce"
        assert all("cohortium" in name or name.startswith("nvflare.") for name in resources_["class_allow_list"])


def test_ending_leaves_no_process(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("age,sex\n" + "".join(f"{40 + n % 30},{'FM'[n % 2]}\n" for n in range(60)), "utf-8")
    with LocalFederation(tmp_path / "f", {"only": path}, "people") as running:
        assert _processes(tmp_path / "f")
        running.wait_until_connected(running.researcher("ada"))
    assert _processes(tmp_path / "f") == {}
