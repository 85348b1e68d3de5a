"""Networks of images: what they ask of columns, what becomes of missing images, every strategy, and noise."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from tests.conformance.examples.neural import pictured

from cohortium.analyse import NeuralNetwork, over_sites, pooled
from cohortium.analyse.neural import FittedNetwork, train_privately
from cohortium.analyse.neural.convolution import ConvolutionalNetwork
from cohortium.errors import InvalidRequest
from cohortium.privacy.secure_noise import InsecureNoise
from cohortium.records import Column, Kind, Result, Schema, State, Table

SMALL = NeuralNetwork("relapse", image="scan", filters=(3, 4), hidden=(5,), rounds=3, learning_rate=0.3)


@pytest.fixture
def torch() -> None:
    pytest.importorskip("torch", reason="the extra 'learning' is not installed")


def _four(table: Table) -> list[Table]:
    return [table.take(np.arange(place, len(table), 4)) for place in range(4)]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"image": "age"}, "'age' is continuous; the setting image takes images"),
        ({"image": None}, "a column of images"),
        ({"covariates": ("scan",)}, "'scan' is image; it cannot be a covariate"),
        ({"outcome": "scan"}, "scan"),
        ({"filters": (2, 2, 2, 2)}, "9 x 8 pixels cannot be halved 4 times"),
        ({"filters": (0,)}, "one unit"),
        ({"filters": (2.0,)}, "whole"),
        ({"hidden": (100_000_000,)}, "weights"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        pooled(replace(SMALL, **changes), pictured(60))  # type: ignore[arg-type]


@pytest.mark.usefixtures("torch")
@pytest.mark.parametrize("strategy", ["fed_avg", "fed_prox", "scaffold", "fed_adam", "fed_recon"])
def test_every_strategy_learns_from_images(strategy: str) -> None:
    network = replace(
        SMALL, covariates=("age", "stage"), strategy=strategy, rounds=8, epochs=4, batch=32, held_out=0.2, head_steps=5,
        server_rate=0.02 if strategy == "fed_adam" else None,
    )  # fmt: skip
    sites = _four(pictured(300))
    answer = over_sites(network, sites)
    losses = answer.tables["rounds"]["held_out_loss"]
    assert losses[-1] < losses[0] - 0.05
    fitted = FittedNetwork.of(Result.from_bytes(answer.to_bytes()))
    own = fitted.personalised(sites[0]) if strategy == "fed_recon" else fitted
    chances, truth = own.predict(sites[0]), sites[0].codes("relapse")[0]
    known = ~np.isnan(chances)
    assert chances[known & (truth == 1)].mean() > chances[known & (truth == 0)].mean() + 0.1


@pytest.mark.usefixtures("torch")
def test_without_filters_and_units_it_is_a_regression_on_pixels() -> None:
    answer = pooled(replace(SMALL, filters=(), hidden=()), pictured(200))
    assert answer.facts["layers"] == [72, 1]
    assert answer.facts["parameters"] == 73


@pytest.mark.usefixtures("torch")
def test_what_the_answer_says_of_images() -> None:
    answer = pooled(SMALL, pictured(200))
    facts = answer.facts
    assert (facts["image"], facts["shape"], facts["filters"]) == ("scan", [9, 8, 1], [3, 4])
    assert facts["layers"] == [2 * 2 * 4, 5, 1]
    assert facts["rows"] == 190  # every twentieth scan is missing
    assert answer.arrays["layer_1_weights"].shape == (9, 3)
    assert answer.arrays["layer_2_weights"].shape == (27, 4)
    assert facts["parameters"] == sum(
        values.size for name, values in answer.arrays.items() if name.startswith("layer_")
    )


@pytest.mark.usefixtures("torch")
def test_a_missing_image_is_dropped_or_told() -> None:
    table = pictured(200)
    dropped = FittedNetwork.of(pooled(SMALL, table)).predict(table)
    np.testing.assert_array_equal(np.isnan(dropped), table.missing("scan"))
    told = pooled(replace(SMALL, missing="indicate", covariates=("marker",)), table)
    assert told.facts["rows"] == 200
    assert told.facts["inputs"] == ["marker", "marker[missing]", "scan[missing]"]
    assert np.isfinite(FittedNetwork.of(told).predict(table)).all()
    alone = pooled(replace(SMALL, missing="indicate"), table)
    assert alone.facts["inputs"] == ["scan[missing]"]


@pytest.mark.usefixtures("torch")
def test_where_images_are_told_to_be_missing_a_site_may_have_none() -> None:
    network, table = replace(SMALL, missing="indicate", covariates=("age",)), pictured(200)
    sites = _four(table)
    sites[1] = sites[1].select([name for name in table.schema.names if name != "scan"])
    assert over_sites(network, sites).persons == 200


@pytest.mark.usefixtures("torch")
def test_sites_of_other_shapes_do_not_train_together() -> None:
    with pytest.raises(InvalidRequest, match="9 x 8 pixels, grey at one site, and 8 x 9 pixels, grey at another"):
        over_sites(SMALL, [pictured(60), pictured(60, 1, (8, 9, 1))])


@pytest.mark.usefixtures("torch")
def test_classes_and_numbers_are_learnt_from_images_in_colour() -> None:
    table = pictured(120, shape=(8, 8, 3))
    classes = FittedNetwork.of(pooled(replace(SMALL, outcome="cause"), table)).predict(table)
    assert classes.shape == (120, 3)
    np.testing.assert_allclose(classes[~table.missing("scan")].sum(axis=1), 1.0)
    number = FittedNetwork.of(pooled(replace(SMALL, outcome="visits"), table)).predict(table)
    assert number.shape == (120,)


def test_predicting_many_images_takes_parts(monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> None:
    network = ConvolutionalNetwork((6, 6, 1), (2,), (18, 1), "relu")
    weights, X = network.initial(0), rng.normal(size=(20, 36))
    whole = network.evaluate(weights, X)
    monkeypatch.setattr("cohortium.analyse.neural.convolution.AT_ONCE", 3 * network.width)
    np.testing.assert_allclose(network.evaluate(weights, X), whole, atol=1e-14)
    assert network.evaluate(weights, X[:0]).shape == (0, 1)


def test_the_first_weights_are_spread_by_what_a_weight_reaches() -> None:
    network = ConvolutionalNetwork((6, 6, 1), (30,), (9 * 30, 1), "tanh")
    (kernel, bias), (dense, _) = network.layers(network.initial(0))
    reach = np.sqrt(6 / (9 * 1 + 9 * 30))
    assert 0.95 * reach < np.abs(kernel).max() <= reach
    assert np.abs(dense).max() > 0.95 * np.sqrt(6 / (9 * 30 + 1))
    assert not bias.any()


@pytest.mark.usefixtures("torch")
def test_each_patient_weighs_a_clipped_gradient_and_noise_hides_it() -> None:
    network = replace(
        SMALL, covariates=("age",), scaling="range", patient_clip=0.5, rounds=2, strategy="fed_adam", server_rate=0.01
    )
    sites = _four(pictured(2_000).select(["relapse", "age", "scan"]))
    exact = over_sites(network, sites)
    noisy = train_privately(network, sites, 4.0, 1e-6, noise=InsecureNoise(np.random.default_rng(1)))
    apart = max(
        float(np.abs(noisy.arrays[name] - exact.arrays[name]).max())
        for name in exact.arrays
        if name.startswith("layer_")
    )
    assert 0 < apart < 0.05


@pytest.mark.usefixtures("torch")
def test_predictions_know_the_new_patients_by_their_images_alone() -> None:
    table = pictured(200)
    fitted = FittedNetwork.of(pooled(SMALL, table))
    scans = table.select(["scan"])
    np.testing.assert_allclose(fitted.predict(scans), fitted.predict(table), atol=1e-12)
    other = Table(pa.table({"scan": pa.array([bytes(12)])}), Schema((Column("scan", Kind.IMAGE, shape=(4, 3, 1)),)))
    with pytest.raises(InvalidRequest, match="4 x 3 pixels"):
        fitted.predict(other)


@pytest.mark.usefixtures("torch")
def test_a_hub_without_pytorch_knows_how_the_sums_of_images_look(monkeypatch: pytest.MonkeyPatch) -> None:
    table = pictured(60).select(SMALL.columns())
    state = SMALL.start(table.schema)
    while state.step != "train":
        following = SMALL.combine(SMALL.local(table, state), state)
        assert isinstance(following, State)
        state = following
    sums = SMALL.local(table, state)
    monkeypatch.setitem(sys.modules, "torch", None)
    assert SMALL.local(table.take([]), state).layout == sums.layout
    assert isinstance(SMALL.combine(sums, state), State)
