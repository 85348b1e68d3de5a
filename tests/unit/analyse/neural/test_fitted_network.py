"""Networks that come back from their results and foretell for other tables."""

from __future__ import annotations

import sys

import numpy as np
import pyarrow as pa
import pytest
from tests.conformance.examples.example import patients

from cohortium.analyse import Describe, NeuralNetwork, over_sites, pooled
from cohortium.analyse.neural import FittedNetwork
from cohortium.errors import InvalidRequest
from cohortium.records import Column, Kind, Result, Schema, Table

pytest.importorskip("torch", reason="the extra 'learning' is not installed")


def test_it_foretells_without_pytorch_from_what_travelled(monkeypatch: pytest.MonkeyPatch) -> None:
    table = patients(200)
    answer = pooled(NeuralNetwork("cause", ("age", "stage", "visits"), rounds=10), table)
    monkeypatch.setitem(sys.modules, "torch", None)
    fitted = FittedNetwork.of(Result.from_bytes(answer.to_bytes()))
    found = fitted.predict(table)
    assert found.shape == (200, 3)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    truth = table.codes("cause")[0]
    assert -np.log(found[np.arange(200), truth]).mean() == pytest.approx(answer.facts["loss"], abs=1e-9)


def test_a_number_comes_back_in_its_unit() -> None:
    table = patients(200)
    found = FittedNetwork.of(pooled(NeuralNetwork("time_days", ("age",), rounds=60), table)).predict(table)
    truth = table.numeric("time_days")
    assert abs(found.mean() - truth.mean()) < 0.05 * truth.std()


def test_new_patients_need_no_outcome_and_may_lack_values() -> None:
    table = patients(300)
    asked = NeuralNetwork("relapse", ("age", "marker"), rounds=5)
    unseen = table.select(["age", "marker"])
    known = ~unseen.missing("marker")
    dropped = FittedNetwork.of(pooled(asked, table)).predict(unseen)
    assert (np.isnan(dropped) == ~known).all()
    taught = FittedNetwork.of(pooled(NeuralNetwork("relapse", ("age", "marker"), rounds=5, missing="indicate"), table))
    assert ((taught.predict(unseen) > 0) & (taught.predict(unseen) < 1)).all()


def test_levels_in_another_order_mean_the_same() -> None:
    table = patients(100)
    fitted = FittedNetwork.of(pooled(NeuralNetwork("relapse", ("stage",), rounds=5), table))
    turned = Table(
        pa.table({"stage": pa.array(table.to_pandas()["stage"].astype(str)).dictionary_encode()}),
        Schema((Column("stage", Kind.ORDINAL, levels=("III", "II", "I")),)),
    )
    np.testing.assert_allclose(fitted.predict(turned), fitted.predict(table))


def test_a_site_learns_its_own_head() -> None:
    table = patients(400)
    relapsed = table.codes("relapse")[0] == 1
    many, few = table.take(relapsed | (np.arange(400) < 60)), table.take(~relapsed | (np.arange(400) < 60))
    network = NeuralNetwork("relapse", ("age", "stage"), strategy="fed_recon", hidden=(4,), rounds=5, head_steps=100)
    shared = FittedNetwork.of(over_sites(network, [many, few]))
    for site in (many, few):
        share = (site.codes("relapse")[0] == 1).mean()
        assert abs(shared.personalised(site).predict(site).mean() - share) < 0.02
        assert abs(shared.predict(site).mean() - share) > 0.05


def test_only_networks_with_heads_become_personal() -> None:
    table = patients(60)
    with pytest.raises(InvalidRequest, match="fed_recon"):
        FittedNetwork.of(pooled(NeuralNetwork("relapse", ("age",), rounds=1), table)).personalised(table)


def test_other_answers_are_no_networks() -> None:
    with pytest.raises(InvalidRequest, match="trained network"):
        FittedNetwork.of(pooled(Describe(("age",)), patients(50)))
