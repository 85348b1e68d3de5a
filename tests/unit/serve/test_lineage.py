"""Lineage of results: every file with its digest, everything that is named is described, and it is drawn."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("nvflare", reason="the federation's packages are not installed")

from tests.conformance.examples.example import patients

from cohortium.analyse import Correlation, Describe
from cohortium.federate import Analysis, Study, simulate
from cohortium.serve.lineage import CRATE, PROV, drawing
from cohortium.serve.study_results import write_results

SITES = ("north", "south", "west")
STUDY = Study(
    "Ages & <markers>",
    "trial",
    (Analysis("ages", Describe(("age",))), Analysis("pairs", Correlation(("age", "marker")))),
    mode="plain",
    permit="P-2026-0001",
    researcher="ann",
)
RECORD: dict[str, Any] = {
    "run": "abc",
    "submitted": "2026-01-01T00:00:00+00:00",
    "roster": list(SITES),
    "cohortium": "0.1.0",
    "events": [{"number": 1, "at": "2026-01-01T00:01:00+00:00", "what": "done", "said": ""}],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("lineage") / "out"
    table = patients(300)
    results = simulate(STUDY, {site: table.take(range(100 * n, 100 * n + 100)) for n, site in enumerate(SITES)})
    write_results(place, STUDY, results, RECORD, dict.fromkeys(results, b"{}"))
    return place


def graph(path: Path) -> dict[str, dict[str, Any]]:
    return {one["@id"]: one for one in json.loads(path.read_text("utf-8"))["@graph"]}


def references(value: Any) -> set[str]:
    """Everything that an entity points at."""
    if isinstance(value, dict):
        return {value["@id"]} if set(value) == {"@id"} else set().union(*map(references, value.values()), set())
    return set().union(*map(references, value), set()) if isinstance(value, list) else set()


def test_the_crate_describes_every_file_with_its_digest(folder: Path) -> None:
    found = graph(folder / CRATE)
    files = {name: one for name, one in found.items() if one["@type"] == "File"}
    assert {"ages-numeric.csv", "pairs-pairs.csv", "proof/ages.result", "proof/ages.receipt.json"} <= set(files)
    for name, one in files.items():
        assert one["sha256"] == hashlib.sha256((folder / name).read_bytes()).hexdigest()
        assert int(one["contentSize"]) == (folder / name).stat().st_size
    assert {one["@id"] for one in found["./"]["hasPart"]} == set(files)


def test_everything_that_the_crate_names_is_in_it(folder: Path) -> None:
    found = graph(folder / CRATE)
    outside = {"https://w3id.org/ro/crate/1.1"}
    assert references(list(found.values())) <= set(found) | outside
    actions = [one for one in found.values() if one["@type"] == "CreateAction"]
    assert len(actions) == 2
    for action in actions:
        assert {"urn:cohortium:dataset:north/trial", "#P-2026-0001"} <= references(action["object"])
        assert references(action["result"]) and action["startTime"] < action["endTime"]


def test_provenance_hangs_together(folder: Path) -> None:
    found = graph(folder / PROV)
    for one in found.values():
        for name in ("used", "wasAssociatedWith", "wasAttributedTo", "wasGeneratedBy", "wasDerivedFrom", "hadPlan"):
            named = one.get(name, [])
            assert set([named] if isinstance(named, str) else named) <= set(found), (one["@id"], name)
    assert found["ages-numeric.csv"]["wasGeneratedBy"] == "urn:cohortium:run:abc/ages"


def test_it_is_drawn_on_the_page(folder: Path) -> None:
    page = (folder / "results.html").read_text("utf-8")
    assert "Records of north, south, west stay there" in page
    assert drawing(STUDY, (), ("ages",)) == ""


def test_a_name_cannot_leave_the_drawing() -> None:
    drawn = drawing(STUDY, ("<script>alert(1)</script>",), ("<b>",))
    assert "<script" not in drawn and "<b>" not in drawn
