"""A column that a few persons dominate is kept in where a hospital's own sums would be seen."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from cohortium.analyse import Describe
from cohortium.errors import CohortiumError
from cohortium.federate import Analysis, Study, simulate
from cohortium.records import Column, Kind, Schema, Table

ASKED = (Analysis("costs", Describe(("cost",))),)


def _hospital(costs: np.ndarray) -> Table:
    return Table(pa.table({"cost": costs}), Schema((Column("cost", Kind.CONTINUOUS, unit="EUR"),)))


def _sites(largest: float) -> dict[str, Table]:
    rng = np.random.default_rng(0)
    usual = [rng.gamma(2.0, 500.0, 120).round(2) for _ in range(3)]
    usual[1][7] = largest
    return {name: _hospital(costs) for name, costs in zip(("a", "b", "c"), usual, strict=True)}


def test_one_dominant_person_keeps_the_sum_in() -> None:
    with pytest.raises(CohortiumError, match="Dominance") as refused:
        simulate(Study("Costs", "records", ASKED, mode="plain"), _sites(9_876_543.0))
    assert "9876543" not in str(refused.value).replace(",", "").replace("_", "")


def test_usual_costs_are_answered() -> None:
    answer = simulate(Study("Costs", "records", ASKED, mode="plain"), _sites(2_500.0))["costs"]
    assert answer.persons == 360


def test_the_sum_over_all_hospitals_hides_whose_it_is() -> None:
    answer = simulate(Study("Costs", "records", ASKED, mode="secure"), _sites(9_876_543.0))["costs"]
    assert answer.persons == 360
