"""The demo's heart table as the files of four hospitals, and what their federation's answers are held against."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

from tests.conformance.test_algorithms import assert_same_answer

from cohortium.analyse import Describe, pooled
from cohortium.federate.client import HubClient
from cohortium.records import Result
from cohortium.serve.federated_demo import split_by_site
from cohortium.sources import read

DEMO = resources.files("cohortium") / "serve" / "demo_data"


def hospital_files(folder: Path) -> dict[str, Path]:
    """One file per hospital, with its schema file beside it: site -> file."""
    return split_by_site(DEMO, folder)


def pooled_answer(asked: Describe) -> Result:
    """What the whole table answers."""
    return pooled(asked, read(str(DEMO / "heart_disease.csv"), save=False))


def assert_pooled(client: HubClient, ended: dict[str, Any], asked: Describe, analyses: int) -> None:
    """The run is done, and each of its analyses ``d0``, ``d1`` ... has the answer of the whole table."""
    assert ended["status"] == "done", ended["said"]
    expected = pooled_answer(asked)
    for number in range(analyses):
        got = Result.from_bytes(client.fetch(f"/runs/{ended['run']}/results/d{number}"))
        assert_same_answer(got, expected, 1e-8)


def until(holds: Callable[[], bool], within_s: float = 60.0, otherwise: str = "it did not come to that") -> None:
    """Wait for it."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.02)


def after_some_steps(client: HubClient, run: str, steps: int = 3) -> None:
    """Wait until the run has made so many steps."""

    def made() -> bool:
        events: list[dict[str, Any]] = client.get(f"/runs/{run}?after=0")["events"]
        return sum(event["what"] == "step" for event in events) >= steps

    until(made, otherwise="the run made no steps")
