"""Images at a node: studies read them only where the steward named them, and the steward is told what they may show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.conformance.examples.neural import pictured
from tests.unit.federate.conftest import Federation

from cohortium.analyse import NeuralNetwork
from cohortium.federate import Analysis, Study, in_words
from cohortium.federate.node.datasets import Dataset, publish
from cohortium.federate.node.decisions import APPROVED
from cohortium.federate.node.desk import Desk
from cohortium.records import Role
from cohortium.sources import read, write_table

STUDY = Study("Scans", "scans", (Analysis("reader", NeuralNetwork("relapse", ("age",), image="scan")),))


def _desk(federation: Federation, home: Path, columns: tuple[str, ...]) -> Desk:
    write_table(pictured(200), home / "scans.parquet")
    read(home / "scans.parquet")  # infers the schema file
    store = federation.stores["north"]
    publish(federation.home / "north", Dataset("scans", str(home / "scans.parquet"), columns))
    store.receive(STUDY, ("neural_network",))
    store.decide(STUDY.digest, APPROVED, "steward")
    return Desk("north", federation.home / "north", store, federation.secure["north"])


def _offer(desk: Desk) -> str:
    from cohortium.federate.messages import Reply, Request

    reply = Reply.from_bytes(desk.answer(Request("offer", "r", {"study": STUDY.digest}, STUDY.to_bytes()).to_bytes()))
    return reply.reason or str(reply.facts["schema"])


@pytest.mark.parametrize("columns", [(), ("relapse", "age")])
def test_images_that_were_not_named_are_closed(
    federation: Federation, tmp_path: Path, columns: tuple[str, ...]
) -> None:
    assert "['scan'] of 'scans' are not open" in _offer(_desk(federation, tmp_path, columns))


def test_images_that_were_named_are_open(federation: Federation, tmp_path: Path) -> None:
    assert "'shape': [9, 8, 1]" in _offer(_desk(federation, tmp_path, ("relapse", "age", "scan")))


def test_images_that_identify_by_themselves_stay_closed() -> None:
    schema = pictured(20).schema
    everything = Dataset("scans", "", schema.names)
    assert "scan" in everything.allowed(schema)
    faces = schema.replace_column(schema["scan"].with_roles(Role.DIRECT_IDENTIFIER))
    assert "scan" not in everything.allowed(faces)
    assert set(Dataset("scans", "").allowed(schema)) == set(schema.names) - {"scan"}


def test_the_steward_reads_that_images_are_asked_for() -> None:
    words = " ".join(in_words(STUDY))
    assert "Images read: scan. Faces, and names" in words
    without = replace(STUDY, analyses=(Analysis("reader", NeuralNetwork("relapse", ("age",))),))
    assert "Images" not in " ".join(in_words(without))


def test_a_condition_cannot_ask_for_images() -> None:
    with pytest.raises(Exception, match="'scan' is image"):
        replace(STUDY, where="scan = 1").check(pictured(20).schema)
    assert len(np.unique(pictured(20).persons())) == 20
