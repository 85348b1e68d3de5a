"""Sites whose datasets lie in partitions: the answers, the rules and the words of sites that hold them in memory."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.conformance.test_algorithms import assert_same_answer
from tests.unit.federate.conftest import SITES, Federation, study
from tests.unit.federate.in_turn import in_turn

from cohortium.analyse import CohortCount, Describe, LogisticRegression, NeuralNetwork
from cohortium.analyse.workers import local_workers
from cohortium.errors import PartitionTooLarge, SourceUnreadable
from cohortium.federate import Analysis
from cohortium.federate.hub.store import DONE, FAILED
from cohortium.federate.node.datasets import Dataset, publish
from cohortium.federate.node.desk import Desk
from cohortium.federate.node.holdings import Cluster
from cohortium.privacy.accounting import rho_of
from cohortium.privacy.ledger import Account
from cohortium.records import Table
from cohortium.sources import save_schema, schema_path_for


class Partitioned(Federation):
    """The same three sites; each reads its records from five partitions."""

    def __init__(self, home: Path, cluster: Cluster = in_turn) -> None:
        self.cluster = cluster
        super().__init__(home)

    def desk(self, site: str) -> Desk:
        self.publish(site, self.tables[site])
        return Desk(site, self.home / site, self.stores[site], self.secure[site], cluster=self.cluster)

    def publish(self, site: str, table: Table) -> None:
        """Write the records, and tell the node where they are."""
        path = self.home / f"{site}.parquet"
        pq.write_table(table.arrow, path)
        save_schema(table.schema, schema_path_for(path))
        publish(self.home / site, Dataset("trial", str(path), partitions=5))


@pytest.fixture
def partitioned(tmp_path: Path) -> Iterator[Partitioned]:
    made = Partitioned(tmp_path / "partitioned")
    yield made
    for desk in made.desks.values():
        desk.close()


ANALYSES = (
    Analysis("who", Describe(("age", "stage", "hospital"))),
    Analysis("model", LogisticRegression("relapse", ("age", "stage", "treated"))),
    Analysis("how many", CohortCount(("age >= 60", "stage = II"))),
)


@pytest.mark.parametrize("mode", ["plain", "secure"])
@pytest.mark.parametrize("where", [None, "age >= 50 and stage != I"])
def test_the_answer_is_that_of_memory(
    federation: Federation, partitioned: Partitioned, mode: str, where: str | None
) -> None:
    asked = study(mode=mode, where=where, analyses=ANALYSES)
    for sites in (federation, partitioned):
        sites.approve_everywhere(asked)
        ended = sites.run(asked)
        assert ended.status == DONE, ended.said
    for analysis in ANALYSES:
        found, expected = (sites.hub.results("run1")[analysis.name] for sites in (partitioned, federation))
        assert_same_answer(found, expected, 1e-8)


def test_noise_is_paid_for_and_hides_the_sum(federation: Federation, partitioned: Partitioned) -> None:
    asked = study(mode="dp", epsilon=8.0, delta=1e-5, analyses=(Analysis("who", Describe(("age",))),))
    spent = []
    for sites in (federation, partitioned):
        sites.approve_everywhere(asked)
        for desk in sites.desks.values():
            desk.guard.ledger.grant(Account("dataset", "trial"), Fraction(rho_of(10.0, 1e-5)), by="steward")
        ended = sites.run(asked)
        assert ended.status == DONE, ended.said
        found = sites.hub.results("run1")["who"].tables["numeric"]["mean"][0]
        assert found == pytest.approx(federation.table.numeric("age").mean(), abs=3)
        assert found != federation.table.numeric("age").mean()
        lines = [desk.guard.ledger.line(Account("dataset", "trial")) for desk in sites.desks.values()]
        spent.append([float(line.spent_rho) for line in lines])
    assert spent[1] == pytest.approx(spent[0], rel=1e-2)  # grids follow from noisy means
    assert all(spent[0])


REFUSED = [
    ("Minimum persons", {"where": "age >= 83"}),
    ("Isolation", {"analyses": (Analysis("who", Describe(("flag",))),)}),
    ("Dominance", {"analyses": (Analysis("who", Describe(("cost",))),)}),
    ("no level", {"where": "stage = V"}),
    ("not open to studies", {"analyses": (Analysis("who", Describe(("name",))),)}),
]


@pytest.mark.parametrize(("rule", "changes"), REFUSED, ids=[rule for rule, _ in REFUSED])
def test_refusals_are_those_of_memory_word_by_word(tmp_path: Path, rule: str, changes: dict[str, object]) -> None:
    said = []
    for made in (WithOdd(tmp_path / "memory"), OddInPartitions(tmp_path / "partitions")):
        asked = study(**changes)
        made.approve_everywhere(asked)
        ended = made.run(asked)
        assert ended.status == FAILED
        said.append(ended.said)
    assert rule in said[0]
    assert said[0] == said[1]


class WithOdd(Federation):
    """Sites whose tables have columns that single persons out."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        for site in SITES:
            self.tables[site] = _with_odd(self.tables[site])
            self.desks[site] = self.desk(site)


class OddInPartitions(WithOdd, Partitioned):
    """The same in partitions."""


def _with_odd(table: Table) -> Table:
    import pyarrow as pa

    from cohortium.records import Column, Kind, Schema

    rows = len(table)
    flag, cost = np.zeros(rows), np.random.default_rng(0).gamma(2.0, 500.0, rows)
    flag[[3, 40, 77]] = 1
    cost[5] = 1e9
    arrow = table.arrow.append_column("flag", pa.array(flag.astype(np.int64)))
    arrow = arrow.append_column("cost", pa.array(cost)).append_column("name", pa.array([f"N{k}" for k in range(rows)]))
    columns = Column("flag", Kind.INTEGER), Column("cost", Kind.CONTINUOUS), Column("name", Kind.IDENTIFIER)
    return Table(arrow, Schema((*table.schema.columns, *columns)))


def test_the_history_is_one_whichever_way_the_records_are_read(tmp_path: Path) -> None:
    """Asked in memory first, all but the oldest person afterwards, once the dataset was cut into partitions."""
    before = Federation(tmp_path)
    ages = np.sort(before.tables["north"].numeric("age"))
    first = study()
    second = study(where=f"age < {ages[-1]}", title="all but the oldest")
    before.approve_everywhere(first)
    assert before.run(first).status == DONE
    after = Partitioned(tmp_path)
    after.approve_everywhere(second)
    ended = after.run(second, "run2")
    assert ended.status == FAILED
    assert "Differencing" in ended.said


def test_what_needs_all_records_at_once_is_refused_with_a_reason(partitioned: Partitioned) -> None:
    asked = study(mode="secure", analyses=(Analysis("net", NeuralNetwork("relapse", ("age",))),))
    partitioned.approve_everywhere(asked)
    ended = partitioned.run(asked)
    assert ended.status == FAILED
    assert "needs all records of a site at once" in ended.said


def test_without_dask_the_steward_is_told_what_is_missing_and_the_researcher_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    made = Partitioned(tmp_path, local_workers)
    asked = study()
    made.approve_everywhere(asked)
    ended = made.run(asked)
    assert ended.status == FAILED
    assert "cannot be read at this site" in ended.said
    assert "scale" not in ended.said and str(tmp_path) not in ended.said
    told = [detail["reason"] for _, what, detail in made.stores["north"].log() if what == "dataset cannot be read"]
    assert "cohortium[scale]" in told[0]


@pytest.mark.parametrize("error", [PartitionTooLarge, SourceUnreadable])
def test_what_goes_wrong_in_the_middle_is_for_the_steward(
    partitioned: Partitioned, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    from cohortium.federate.node.in_partitions import InPartitions

    def broken(*_: object) -> None:
        raise error("/secret/place")

    monkeypatch.setattr(InPartitions, "local", broken)
    asked = study()
    partitioned.approve_everywhere(asked)
    ended = partitioned.run(asked)
    assert ended.status == FAILED
    assert "steward finds the reason" in ended.said and "secret" not in ended.said
    assert "/secret/place" in str(partitioned.stores["north"].log())


def test_partitions_of_a_changed_dataset_go_with_the_last_run_that_reads_them(partitioned: Partitioned) -> None:
    first, second = study(), study(title="later", mode="secure")
    for asked in (first, second):
        partitioned.approve_everywhere(asked)
    assert partitioned.run(first).status == DONE
    folder = partitioned.home / "north" / "partitions"
    before = {path.name for path in folder.iterdir()}
    larger = partitioned.tables["west"]
    partitioned.publish("north", larger)
    assert partitioned.run(second, "run2").status == DONE
    after = {path.name for path in folder.iterdir()}
    assert len(before) == len(after) == 2
    assert before & after == {"scratch"}
