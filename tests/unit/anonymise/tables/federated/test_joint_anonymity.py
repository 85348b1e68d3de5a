from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tests.lattices import halving

from cohortium.analyse import over_sites
from cohortium.anonymise.tables import Hierarchy
from cohortium.anonymise.tables.coded import places
from cohortium.anonymise.tables.federated import JointAnonymity, joint_recoding, read_joint_answer
from cohortium.anonymise.tables.models import KAnonymity
from cohortium.anonymise.tables.search import Question, search_exactly
from cohortium.anonymise.tables.tuples import distinct
from cohortium.errors import CohortiumError, InvalidRequest, SourceUnreadable
from cohortium.federate.simulation import simulate
from cohortium.federate.study import Analysis, Study
from cohortium.records import Column, Kind, Role, Schema, Table

WIDTHS = {"age": 16, "place": 8, "ward": 4}


def hospital(seed: int, rows: int) -> Table:
    rng = np.random.default_rng(seed)
    arrays = {
        name: pa.array(
            [str(value) for value in np.minimum(rng.geometric(0.25, rows) - 1, width - 1)]
        ).dictionary_encode()
        for name, width in WIDTHS.items()
    }
    levels = {name: tuple(str(value) for value in range(width)) for name, width in WIDTHS.items()}
    columns = tuple(Column(name, Kind.CATEGORICAL, levels=levels[name]) for name in arrays)
    return Table(pa.table(arrays), Schema(columns))


SITES = [hospital(1, 300), hospital(2, 60), hospital(3, 0), hospital(4, 500)]
HIERARCHIES = tuple(halving(name, width) for name, width in WIDTHS.items())
ASKED = JointAnonymity(tuple(WIDTHS), tuple(one.to_csv() for one in HIERARCHIES), k=5, suppression=0.05)


def question(table: Table, suppression: float = 0.05, k: int = 5) -> Question:
    tuples = distinct([places(table, one) for one in HIERARCHIES])
    return Question(tuples, HIERARCHIES, (KAnonymity(k),), suppression=suppression)


def pooled_table() -> Table:
    return Table(pa.concat_tables([one.arrow for one in SITES]).unify_dictionaries(), SITES[0].schema)


@pytest.mark.parametrize("suppression", [0.0, 0.02, 0.3])
def test_the_loss_is_that_of_the_pooled_search(suppression: float) -> None:
    asked = replace(ASKED, suppression=suppression)
    found = over_sites(asked, SITES)
    expected = search_exactly(question(pooled_table(), suppression))
    assert found.facts["loss"] == pytest.approx(expected.loss, abs=1e-12)
    assert found.facts["bound"] == pytest.approx(expected.loss, abs=1e-12)
    assert found.facts["left_out"] == expected.left_out


@pytest.mark.parametrize("cells", [8, 32, 128])
def test_with_fewer_cells_a_step_the_bound_is_honest(cells: int) -> None:
    asked = replace(ASKED, cells=cells)
    found = over_sites(asked, SITES)
    optimum = search_exactly(question(pooled_table())).loss
    assert found.facts["bound"] <= optimum + 1e-12
    assert found.facts["loss"] >= optimum - 1e-12


def test_weights_count() -> None:
    weighted = JointAnonymity(
        ASKED.quasi_identifiers, ASKED.hierarchies, k=5, suppression=0.05, weights=(9.0, 1.0, 1.0)
    )
    plain, found = over_sites(ASKED, SITES), over_sites(weighted, SITES)
    assert found.tables["levels"]["level"][0] <= plain.tables["levels"]["level"][0]


def test_what_the_hospitals_then_release_is_anonymous_together() -> None:
    found = over_sites(ASKED, SITES)
    assert min(found.tables["classes"]["persons"]) >= 5
    together: dict[tuple[str, ...], int] = {}
    left_out = 0
    for site in SITES[:2] + SITES[3:]:
        own = question(site)
        recoding = joint_recoding(own, found.tables)
        told = recoding.told(own.tuples, HIERARCHIES)
        for row in own.tuples.of_row:
            if recoding.left_out[row]:
                left_out += 1
                continue
            key = tuple(texts[codes[row]] for codes, texts in told)
            together[key] = together.get(key, 0) + 1
    assert min(together.values()) >= 5
    assert left_out == found.facts["left_out"]
    assert sorted(together.values()) == sorted(found.tables["classes"]["persons"])


def test_in_a_study_the_sum_is_secure() -> None:
    study = Study("trial", "patients", (Analysis("joint", replace(ASKED, k=10)),), mode="secure")
    sites = {f"site{place}": one for place, one in enumerate(SITES) if len(one)}
    found = simulate(study, sites)["joint"]
    assert found.facts["loss"] == pytest.approx(search_exactly(question(pooled_table(), k=10)).loss)


def test_in_mode_plain_small_cells_stay_in() -> None:
    study = Study("trial", "patients", (Analysis("joint", ASKED),), mode="plain")
    with pytest.raises(CohortiumError, match=r"[Ss]mall|fewer"):
        simulate(study, {f"site{place}": one for place, one in enumerate(SITES) if len(one)})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"k": 1}, "2 or more"),
        ({"hierarchies": ASKED.hierarchies[:2]}, "needs its hierarchy"),
        ({"suppression": 2.0}, "0 to 1"),
        ({"weights": (1.0,)}, "one per"),
        ({"cells": 0}, "One step counts"),
        ({"hierarchies": ("", *ASKED.hierarchies[1:])}, "is empty"),
    ],
)
def test_settings_that_make_no_sense(changes: dict[str, object], message: str) -> None:
    settings = {"quasi_identifiers": ASKED.quasi_identifiers, "hierarchies": ASKED.hierarchies, **changes}
    with pytest.raises(InvalidRequest, match=message):
        JointAnonymity(**settings).start(SITES[0].schema)  # type: ignore[arg-type]


def test_persons_with_several_rows_are_refused() -> None:
    schema = Schema((*SITES[0].schema.columns, Column("who", Kind.IDENTIFIER, roles=frozenset({Role.PERSON_KEY}))))
    twice = Table(SITES[0].arrow.append_column("who", pa.array(["a"] * 300)), schema)
    with pytest.raises(InvalidRequest, match="one row per person"):
        ASKED.local(twice, ASKED.start(schema))


def test_answers_of_another_study_are_told(tmp_path: Path) -> None:
    found = over_sites(ASKED, SITES)
    other = (Hierarchy.from_rows("age", [[str(value), "*"] for value in range(16)]), *HIERARCHIES[1:])
    with pytest.raises(InvalidRequest, match="another number of levels"):
        joint_recoding(Question(question(SITES[0]).tuples, other, (KAnonymity(5),)), found.tables)
    with pytest.raises(InvalidRequest, match="use the same"):
        joint_recoding(Question(question(SITES[0]).tuples, HIERARCHIES[:2], (KAnonymity(5),)), found.tables)
    with pytest.raises(SourceUnreadable, match="NAME-classes"):
        read_joint_answer(tmp_path / "joint-levels.csv")
