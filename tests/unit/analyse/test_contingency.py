"""Contingency tables with empty margins."""

from __future__ import annotations

import numpy as np
import pytest
from tests.conformance.examples.example import patients

from cohortium.analyse import Contingency, pooled
from cohortium.analyse.contingency import independence
from cohortium.errors import InvalidRequest
from cohortium.numerics.fisher_exact import fisher_exact

TABLE = patients(60)


def test_one_level_only_is_not_applicable() -> None:
    smokers = TABLE.take(TABLE.codes("smoker")[0] == 1)
    facts = pooled(Contingency("smoker", "relapse"), smokers).facts
    assert facts["p"] is None
    assert facts["fisher"] == {"p": 1.0, "odds_ratio": None, "low": None, "high": None}
    assert "Only one level" in facts["notes"][0]


def test_levels_that_do_not_occur_take_no_degree_of_freedom() -> None:
    cells = np.array([[10, 20, 0], [15, 9, 0]])
    full, part = independence(cells), independence(cells[:, :2])
    assert (full["chi_square"], full["df"], full["p"]) == (part["chi_square"], part["df"], part["p"])
    assert "left out" in full["notes"][0]


def test_an_empty_cell_gives_an_infinite_bound() -> None:
    found = fisher_exact(np.array([[0, 5], [7, 3]]))
    assert (found.odds_ratio, found.low) == (0.0, 0.0)
    assert np.isfinite(found.high)
    assert fisher_exact(np.array([[5, 0], [3, 7]])).high == np.inf


def test_a_column_against_itself_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="two different"):
        pooled(Contingency("smoker", "smoker"), TABLE)
