"""From an application to a revocation, each person at the command line, with a real hub and real nodes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.journeys.hospitals import hospital_files, until

from cohortium.federate.client import HubClient
from cohortium.federate.node.datasets import Dataset, publish
from cohortium.federate.node.decisions import Rule
from cohortium.serve.local_federation import LocalFederation

pytestmark = [pytest.mark.journey, pytest.mark.slow]
APPLICATION = """
title = "Who is in the four hospitals"
purposes = ["research"]
minimisation = "Age alone describes who was seen."
ethics = "Not needed: means over four hospitals."
algorithms = ["describe"]
modes = ["secure"]
outputs = ["table"]
starts = 2026-01-01
ends = 2035-12-31
[applicant]
name = "Ada Example"
organisation = "University of Mainz"
country = "DE"
[[datasets]]
dataset = "heart"
sites = ["cleveland", "budapest", "zurich-basel", "long-beach"]
columns = ["age"]
"""
STUDY = """
title = "Age"
dataset = "heart"
mode = "secure"
permit = "{number}"
[[analyses]]
name = "age"
algorithm = "describe"
variables = {variables}
"""
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def federation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalFederation]:
    folder = tmp_path_factory.mktemp("permits")
    sources = hospital_files(folder)
    rule = Rule("heart", ("describe",))
    with LocalFederation(folder / "f", sources, "heart", (rule,)) as running:
        for site, source in sources.items():
            publish(running.node(site), Dataset("heart", str(source.resolve()), permit=True))
        running.wait_until_connected(running.researcher("ada"))
        yield running


@pytest.fixture(scope="module")
def ada(federation: LocalFederation) -> HubClient:
    return federation.researcher("ada")


@pytest.fixture
def command(federation: LocalFederation, ada: HubClient, tmp_path: Path) -> Command:
    environment = {**os.environ, "COHORTIUM_TOKEN": federation._token("ada", ada.token.secret)}
    program = str(Path(sys.executable).with_name("cohortium"))

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *map(str, words)], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120,
            check=False,
        )  # fmt: skip

    return run


def told(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_a_permit_from_its_application_to_its_end(
    federation: LocalFederation, ada: HubClient, command: Command, tmp_path: Path
) -> None:
    (tmp_path / "application.toml").write_text(APPLICATION, "utf-8")
    number = str(told(command("permit", "draft", "application.toml", "--json"))["number"])
    assert told(command("permit", "submit", number, "--json"))["state"] == "submitted"
    for site in federation.sources:
        home = federation.node(site)
        until(lambda home=home: number in command("node", "permits", "--home", home).stdout)  # type: ignore[misc]
        done = command("node", "agree", number, "--home", home)
        assert done.returncode == 0, done.stderr
    until(lambda: told(command("permit", "show", number, "--json"))["state"] == "granted", 120.0)

    for name, variables in (("study", '["age"]'), ("wider", '["age", "chol"]')):
        (tmp_path / f"{name}.toml").write_text(STUDY.format(number=number, variables=variables), "utf-8")
    done = command("study", "submit", "study.toml", "--out", "out")
    assert done.returncode == 0, done.stderr
    done = command("verify", "out/proof/age.receipt.json")
    assert done.returncode == 0 and f"Permit {number}" in done.stdout, done.stdout
    done = command("study", "submit", "wider.toml", "--out", "wider")
    assert done.returncode != 0 and "does not allow the columns chol" in " ".join(done.stderr.split())

    done = command("hub", "permit", "revoke", number, "--reason", "A test", "--home", federation.home.folder)
    assert done.returncode == 0, done.stderr
    done = command("study", "submit", "study.toml", "--out", "again")
    assert done.returncode != 0 and "revoked" in done.stderr
    for site in federation.sources:
        home = federation.node(site)
        until(lambda home=home: "permits revoked" in command("ledger", "show", "--home", home).stdout)  # type: ignore[misc]
