"""What the rounds of a twin ask in each split of the persons, and where the model that stands in is learnt."""

from __future__ import annotations

import numpy as np
import pytest
from tests.conformance.examples.example import followed

from cohortium.analyse import drive
from cohortium.evaluate.federated import stand_in
from cohortium.federate.twin import FederatedTwin, rounds
from cohortium.federate.twin.held_out import held_out
from cohortium.records import PERSONS, State, Sums

TWIN = FederatedTwin(("age", "stage", "smoker", "relapse"), splits=2, target="relapse", dials={"trees": 2})


def test_splits_after_the_first_tell_only_what_attacks_are_judged_by(monkeypatch: pytest.MonkeyPatch) -> None:
    table, learnt, told = followed(400), [], list[Sums]()
    monkeypatch.setattr(stand_in, "train", lambda *asked, real=stand_in.train: learnt.append(1) or real(*asked))

    def total_of(state: State) -> Sums:
        before = len(learnt)
        found = TWIN.local(table, state)
        if state.step == rounds.JUDGING:
            told.append(found)
            assert len(learnt) - before == (1 if len(told) == 1 else 0)
        return found

    drive(TWIN, table.schema.select(TWIN.variables), total_of)
    assert len(learnt) == 1, "the hub needs no model to read what was counted"
    attacked = {f"{name}.{side}" for name in ("rows", "near", "same") for side in ("members", "held")}
    assert set(told[0]) > {PERSONS, *attacked, "cells.members", "pairs.held", "scores.held"}
    assert set(told[1]) == {PERSONS, *attacked}


def test_who_is_held_out_follows_the_table_and_the_seed() -> None:
    table, other = followed(300), followed(200)
    first = held_out(table, 1 / 3, 0)
    assert (held_out(table, 1 / 3, 0) == first).all()
    assert (held_out(table, 1 / 3, 1) != first).any()
    assert (held_out(table, 1 / 2, 0) != first).any()
    fewer = table.select(("age", "marker"))
    assert not np.array_equal(held_out(fewer, 1 / 3, 0), first)
    assert len(held_out(other, 1 / 3, 0)) == 200
