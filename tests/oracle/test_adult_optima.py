"""The optima that ARX 3.9.2 finds on its own example, with its hierarchies and its loss (arithmetic mean)."""

from __future__ import annotations

import csv
import gzip
import os
from pathlib import Path

import pytest

from cohortium.anonymise.tables.hierarchy import read_hierarchy
from cohortium.anonymise.tables.models import KAnonymity
from cohortium.anonymise.tables.search import Question, search_exactly
from cohortium.anonymise.tables.tuples import distinct

QUASI_IDENTIFIERS = (
    "sex", "age", "race", "marital-status", "education", "native-country", "workclass", "occupation", "salary-class",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder() -> Path:
    if "COHORTIUM_DATA" not in os.environ:
        pytest.skip("COHORTIUM_DATA is not set: it names the folder of data with ARX's adult.csv")
    return Path(os.environ["COHORTIUM_DATA"]) / "tabular"


def question(folder: Path, columns: int, k: int, suppression: float) -> Question:
    with gzip.open(folder / "adult_arx.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = QUASI_IDENTIFIERS[:columns]
    hierarchies = tuple(
        read_hierarchy(folder / "adult_hierarchies" / f"adult_hierarchy_{name}.csv", name) for name in names
    )
    codes = [one.codes([row[one.column] for row in rows]) for one in hierarchies]
    return Question(distinct(codes), hierarchies, (KAnonymity(k),), suppression=suppression)


@pytest.mark.parametrize(
    ("suppression", "loss"), [(0.0, 0.6608), (0.02, 0.3314), (0.1, 0.2283), (1.0, 0.2271)]
)  # fmt: skip
def test_loss_of_the_optimum_is_that_of_arx(folder: Path, suppression: float, loss: float) -> None:
    found = search_exactly(question(folder, 8, 5, suppression))
    assert found.is_optimal
    assert round(found.loss, 4) == loss
    assert found.nodes == 6_480


def test_nine_columns_have_the_lattice_of_arx(folder: Path) -> None:
    found = search_exactly(question(folder, 9, 5, 0.0))
    assert found.nodes == 12_960
    assert found.left_out == 0
