"""Privacy models against pyCANON, an independent library, and against figures of ARX 3.9.2."""

from __future__ import annotations

import csv
import gzip
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.lattices import made

from cohortium.anonymise.tables.models import (
    BetaLikeness,
    Classes,
    DeltaDisclosure,
    DistinctLDiversity,
    EntropyLDiversity,
    TCloseness,
    WholeColumn,
)
from cohortium.anonymise.tables.models.entropy_l_diversity import entropies
from cohortium.numerics.population_uniqueness import dankar, pitman

QUASI_IDENTIFIERS = (
    "sex", "age", "race", "marital-status", "education", "native-country", "workclass", "occupation",
)  # fmt: skip
TEXTS = ("1", "2", "3", "4")


def coarse(seed: int) -> tuple[Classes, pd.DataFrame, WholeColumn]:
    """A table whose three columns are told at level 1, as ours and as a frame."""
    tuples, hierarchies = made(seed, rows=1_500)
    told = np.stack([one.groups[1, tuples.codes[:, place]] for place, one in enumerate(hierarchies)])
    of_tuple = np.unique(told, axis=1, return_inverse=True)[1].reshape(-1)
    repeated = np.repeat(np.arange(len(tuples)), tuples.counts)
    illness = tuples.sensitive["illness"][repeated]
    frame = pd.DataFrame({f"q{place}": [f"g{one}" for one in row[repeated]] for place, row in enumerate(told)})
    frame["illness"] = illness + 1
    frame["named"] = [f"illness {one}" for one in illness]
    return Classes.of(of_tuple, tuples), frame, WholeColumn.of(illness, TEXTS)


@pytest.mark.parametrize("seed", range(3))
def test_models_agree_with_pycanon(seed: int) -> None:
    """Each of our models accepts the level that pyCANON measures, and nothing stricter.

    Recursive (c, l)-diversity is left out: pyCANON 1.3.6 sorts the counts the other way round. Its delta-disclosure
    passes over values that a class lacks; the classes here lack none, or ours refuses all.
    """
    anonymity = pytest.importorskip("pycanon.anonymity", reason="pycanon is not installed")
    classes, frame, whole = coarse(seed)
    columns = ["q0", "q1", "q2"]
    assert anonymity.k_anonymity(frame, columns) == classes.rows.min()
    least = anonymity.l_diversity(frame, columns, ["named"])
    if least > 1:
        assert not DistinctLDiversity("illness", least).fails(classes).any()
    assert DistinctLDiversity("illness", least + 1).fails(classes).any()
    by_entropy = float(np.exp(entropies(classes.sensitive("illness")).min()))
    assert anonymity.entropy_l_diversity(frame, columns, ["named"]) == int(by_entropy + 1e-9)
    assert EntropyLDiversity("illness", by_entropy + 1e-6).fails(classes).any()
    for name, distance in (("named", "equal"), ("illness", "ordered")):
        t = anonymity.t_closeness(frame, columns, [name])
        found = TCloseness("illness", 0.1, distance).distances(classes, whole)  # type: ignore[arg-type]
        assert found.max() == pytest.approx(t, abs=1e-12)
    beta = anonymity.basic_beta_likeness(frame, columns, ["named"])
    assert not BetaLikeness("illness", beta + 1e-9, enhanced=False).fails_beside(classes, whole).any()
    assert BetaLikeness("illness", beta - 1e-6, enhanced=False).fails_beside(classes, whole).any()


@pytest.mark.parametrize("seed", range(3))
def test_delta_disclosure_agrees_with_pycanon_where_no_value_is_absent(seed: int) -> None:
    anonymity = pytest.importorskip("pycanon.anonymity", reason="pycanon is not installed")
    rng = np.random.default_rng(seed)
    groups, values = np.repeat([0, 1, 2], 60), rng.integers(0, 3, 180).astype(np.int32)
    from cohortium.anonymise.tables.tuples import distinct

    tuples = distinct([groups.astype(np.int32)], {"illness": values})
    classes = Classes.of(tuples.codes[:, 0], tuples)
    frame = pd.DataFrame({"q": [f"g{one}" for one in groups], "illness": [f"i{one}" for one in values]})
    delta = anonymity.delta_disclosure(frame, ["q"], ["illness"])
    assert not DeltaDisclosure("illness", delta + 1e-9).fails(classes).any()
    assert DeltaDisclosure("illness", delta - 1e-9).fails(classes).any()


def test_uniqueness_of_adult_is_that_of_arx() -> None:
    """Eight quasi-identifiers as they are, of 320 million persons; Dankar's rule takes Pitman's model here."""
    if "COHORTIUM_DATA" not in os.environ:
        pytest.skip("COHORTIUM_DATA is not set: it names the folder of data with ARX's adult.csv")
    with gzip.open(Path(os.environ["COHORTIUM_DATA"]) / "tabular" / "adult_arx.csv.gz", "rt", encoding="utf-8") as file:
        rows = [tuple(row[name] for name in QUASI_IDENTIFIERS) for row in csv.DictReader(file)]
    sizes = np.array(list(Counter(rows).values()))
    assert (sizes == 1).sum() / sizes.sum() == pytest.approx(0.46486, abs=5e-6)
    assert dankar(sizes, 320_000_000) == pytest.approx(0.02959, abs=5e-6)
    assert dankar(sizes, 320_000_000) == pitman(sizes, 320_000_000)
