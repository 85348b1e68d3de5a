"""Explainable boosting: bounds hold, bins outweigh their noise, the model is the one that its tables tell."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score
from tests.neighbours import SCHEMA, agreed, largest_changes, visits
from tests.noise import noisy_total, with_noise

from cohortium.analyse import ExplainableBoosting, pooled
from cohortium.analyse.run import drive
from cohortium.analyse.trees import predict
from cohortium.analyse.trees.additive import Additive
from cohortium.analyse.trees.public_bins import FineCells
from cohortium.errors import InvalidRequest, NotApplicable, ProtocolViolation, TooFewRecords
from cohortium.privacy.accounting import rho_of
from cohortium.privacy.disclosure import load_rules
from cohortium.privacy.release import release_result
from cohortium.privacy.sensitivity import part_of_budget
from cohortium.records import Column, Kind, Result, Schema, State, Sums, Table

FEATURES = ("age", "marker", "stage", "ward", "smoker")
MODEL = ExplainableBoosting("died", FEATURES)
NUMBER = ExplainableBoosting("later", FEATURES, kind="number")
PLAIN = Schema(
    (
        Column("x", Kind.CONTINUOUS, minimum=-3, maximum=3),
        Column("count", Kind.INTEGER, minimum=0, maximum=9999),
        Column("ward", Kind.CATEGORICAL, levels=("A", "B", "C")),
        Column("noise", Kind.CONTINUOUS, minimum=0, maximum=1),
        Column("ill", Kind.BOOLEAN),
        Column("score", Kind.CONTINUOUS, minimum=-10, maximum=10),
    )
)
COVARIATES = ("x", "count", "ward", "noise")


def people(n: int, seed: int) -> Table:
    """An outcome that follows a bent curve of x, whether a count is above 0, and the ward; x is missing at times."""
    rng = np.random.default_rng(seed)
    x, count = rng.normal(0, 1, n), np.where(rng.random(n) < 0.7, 0, rng.integers(1, 3000, n))
    ward, noise = rng.choice(["A", "B", "C"], n, p=[0.6, 0.3, 0.1]), rng.random(n)
    score = np.abs(x) * 1.5 - 1.5 + 1.2 * (count > 0) - 0.8 * (ward == "B")
    holes = rng.random(n) < 0.05
    columns = {
        "x": pa.array(x, mask=holes),
        "count": count,
        "ward": ward,
        "noise": noise,
        "ill": rng.random(n) < 1 / (1 + np.exp(-score)),
        "score": score + rng.normal(0, 0.5, n),
    }
    return Table(pa.table(columns), PLAIN)


def with_budget(algorithm: ExplainableBoosting, table: Table, epsilon: float, seed: int) -> Result:
    """The answer of three sites whose steps have the parts of the budget that the algorithm says."""
    sites = [table.take(np.arange(len(table)) % 3 == place) for place in range(3)]
    rho, number, rng = Fraction(rho_of(epsilon, 1e-5)), [0], np.random.default_rng(seed)

    def total_of(state: State) -> Sums:
        number[0] += 1
        return noisy_total(algorithm, sites, PLAIN, state, rho * part_of_budget(algorithm, number[0] - 1), rng)

    return drive(algorithm, PLAIN, total_of)


@pytest.mark.parametrize("algorithm", [MODEL, NUMBER], ids=lambda one: one.kind)
@pytest.mark.parametrize("seed", range(3))
def test_no_person_changes_more_than_is_said(algorithm: ExplainableBoosting, seed: int) -> None:
    table = visits(seed=seed)
    records = agreed(algorithm, table)
    first = algorithm.start(records.schema)
    second = algorithm.combine(algorithm.local(algorithm.clip(records, first), first), first)
    assert isinstance(second, State)
    far = State(second.step, second.facts, {**second.arrays, "curve": second.arrays["curve"] + 50.0})
    for state in (first, second, far):
        limits, found = algorithm.sensitivity(state), largest_changes(algorithm, table, state)
        assert set(limits) == set(found)
        assert all(found[name] <= limits[name] * (1 + 1e-9) for name in limits)
    assert largest_changes(algorithm, table, first)["cells"] == pytest.approx(np.sqrt(len(FEATURES)))
    assert largest_changes(MODEL, table, far)["slopes"] == pytest.approx(np.sqrt(len(FEATURES)))


@pytest.mark.parametrize("curve", [np.nan, np.inf, -1e300])
def test_the_bound_holds_whatever_state_a_hub_sends(curve: float) -> None:
    table = visits()
    records = agreed(MODEL, table)
    state = MODEL.combine(MODEL.local(records, MODEL.start(records.schema)), MODEL.start(records.schema))
    assert isinstance(state, State)
    shared = np.full_like(state.arrays["bin_of"], 10**6)
    sent = State(state.step, state.facts, {**state.arrays, "bin_of": shared, "curve": state.arrays["curve"] + curve})
    with np.errstate(all="ignore"):
        assert largest_changes(MODEL, table, sent)["slopes"] <= MODEL.sensitivity(sent)["slopes"] * (1 + 1e-9)
    for broken in ({"widths": [1] * 5}, {"widths": []}):
        with pytest.raises(ProtocolViolation):
            MODEL.local(records, State(state.step, {**state.facts, **broken}, state.arrays))


def test_curves_and_trees_tell_the_same_and_the_truth() -> None:
    train, test = people(6_000, 0), people(4_000, 1)
    answer = pooled(ExplainableBoosting("ill", COVARIATES, rounds=60), train)
    chances = predict(answer, test)[:, 1]
    truth = test.codes("ill")[0]
    best = (
        np.abs(np.nan_to_num(test.numeric("x"))) * 1.5
        + 1.2 * (test.numeric("count") > 0)
        - 0.8 * (test.codes("ward")[0] == 1)
    )
    assert roc_auc_score(truth, chances) > roc_auc_score(truth, best) - 0.01
    assert np.mean(chances) == pytest.approx(np.mean(truth), abs=0.02)
    curves = answer.tables["curves"]
    told = {(f, b): s for f, b, s in zip(curves["variable"], curves["bin"], curves["score"], strict=True)}
    assert told["ward", "A"] - told["ward", "B"] == pytest.approx(0.8, abs=0.15)
    cells = FineCells.of(PLAIN, ("ward",))
    odds = np.log(chances / (1 - chances))
    one, other = test.take(cells.apply(test)[:, 0] == 1), test.take(cells.apply(test)[:, 0] == 2)
    assert len(one) and len(other)
    moved = Table(
        one.arrow.set_column(2, "ward", pa.array(["B"] * len(one)).cast(one.arrow.schema.field("ward").type)), PLAIN
    )
    before, after = predict(answer, one)[:, 1], predict(answer, moved)[:, 1]
    shift = np.log(before / (1 - before)) - np.log(after / (1 - after))
    np.testing.assert_allclose(shift, told["ward", "A"] - told["ward", "B"], atol=1e-9)
    assert answer.tables["importance"]["feature"][-1] == "noise"
    assert np.isfinite(odds).all()


def test_a_number_is_foretold_in_its_own_unit() -> None:
    train, test = people(6_000, 2), people(3_000, 3)
    answer = pooled(ExplainableBoosting("score", COVARIATES, kind="number", rounds=60), train)
    gap = predict(answer, test) - test.numeric("score")
    assert np.sqrt(np.mean(gap**2)) < 0.75 < np.std(test.numeric("score"))
    assert np.mean(gap) == pytest.approx(0.0, abs=0.05)


def test_at_a_modest_epsilon_most_of_it_is_still_foretold() -> None:
    train, test = people(6_000, 4), people(3_000, 5)
    truth = test.codes("ill")[0]
    exact, noisy = (
        roc_auc_score(truth, predict(one, test)[:, 1])
        for one in (
            pooled(ExplainableBoosting("ill", COVARIATES), train),
            with_budget(ExplainableBoosting("ill", COVARIATES), train, 1.0, 6),
        )
    )
    assert exact - 0.04 < noisy
    answer = with_budget(ExplainableBoosting("ill", COVARIATES), train, 1.0, 7)
    enough = 2 * 0.9 * np.sqrt(4 / (2 / 6 * rho_of(1.0, 1e-5)))
    table = answer.tables["curves"]
    assert all(n > enough for n, name in zip(table["n"], table["bin"], strict=True) if not name.startswith("missing"))
    assert min(table["noise_sd"]) >= 0 < max(table["noise_sd"]) < 0.5
    assert "noise" in answer.facts["notes"][0]


def test_with_hardly_any_noise_it_is_the_pooled_answer() -> None:
    train, test = people(3_000, 8), people(500, 9)
    exact, noisy = (
        pooled(ExplainableBoosting("ill", COVARIATES), train),
        with_budget(ExplainableBoosting("ill", COVARIATES), train, 1e6, 0),
    )
    apart = np.abs(predict(noisy, test) - predict(exact, test))
    assert np.quantile(apart, 0.9) < 0.005  # a count that is off by one may still shift the end of a bin


def test_features_that_tell_the_same_do_not_overshoot() -> None:
    train = people(2_000, 10)
    arrow = train.arrow
    columns = list(PLAIN.columns)
    for place in range(20):
        arrow = arrow.append_column(f"copy{place}", arrow.column("x"))
        columns.append(replace(PLAIN["x"], name=f"copy{place}"))
    many = Table(arrow, Schema(tuple(columns)))
    answer = pooled(ExplainableBoosting("ill", ("x", *(f"copy{place}" for place in range(20))), rounds=40), many)
    assert np.abs(answer.tables["curves"]["score"]).max() < 3


def test_settings_that_do_not_fit_are_refused() -> None:
    unknown = Schema((replace(SCHEMA["age"], maximum=None), SCHEMA["died"]))
    with pytest.raises(NotApplicable, match="plausible range of 'age'"):
        ExplainableBoosting("died", ("age",)).start(unknown)
    for broken in (
        {"rounds": 0},
        {"features": ()},
        {"features": ("died",)},
        {"features": ("person",)},
        {"kind": "count"},
    ):
        with pytest.raises(InvalidRequest):
            replace(MODEL, **broken).start(SCHEMA)
    with pytest.raises(TooFewRecords, match="20 persons"):
        pooled(ExplainableBoosting("ill", COVARIATES), people(12, 0))


def test_bins_go_on_until_they_outweigh_their_noise() -> None:
    cells = FineCells.of(PLAIN, ("count", "ward"))
    edges = cells.edges[0]
    assert edges is not None and 0.5 in edges and cells.widths == (len(edges) + 2, 4)
    counts = np.zeros(sum(cells.widths), dtype=np.int64)
    counts[1], counts[2:40], counts[-3:] = 5_000, 50, (4_000, 900, 10)
    maps, columns = cells.joined(counts, 10, 30.0)
    held = np.bincount(maps[0], counts[: cells.widths[0]])
    assert (held[1:] >= 60).all() and held[1] == 5_000
    assert columns[1].cuts.tolist() == [1.0, 2.0, 0.0]
    again = FineCells.from_parts(*cells.parts())
    assert again.widths == cells.widths and again.names == cells.names
    table = people(50, 11)
    assert (maps[0][cells.apply(table)[:, 0]] == columns[0].apply(table)).all()
    model = Additive(0.0, np.arange(5.0), np.array([3, 2]), np.zeros(7, dtype=np.int64))
    assert model.scores(np.array([[0, 4]])).tolist() == [4.0]


def test_small_bins_are_kept_in_by_the_gate_and_nothing_else_tells_them() -> None:
    table = people(600, 12)
    few = np.where(
        np.arange(600) < 3, None, table.arrow.column("ward").cast(pa.string()).to_numpy(zero_copy_only=False)
    )
    known = Table(table.arrow.set_column(2, "ward", pa.array(few).dictionary_encode()), PLAIN)
    answer = pooled(ExplainableBoosting("ill", COVARIATES), known)
    rows = [place for place, name in enumerate(answer.tables["curves"]["variable"]) if name == "ward"]
    assert answer.tables["curves"]["n"][rows[0]] == 3
    shown = release_result(answer, load_rules()).result.tables["curves"]
    assert shown["n"][rows[0]] is None and None in [shown["n"][row] for row in rows[1:]]
    assert not answer.arrays["persons"].any()
    inner = answer.arrays["feature"] >= 0
    assert not answer.arrays["value"][inner].any()
    curve, n = (np.array(answer.tables["curves"][name])[rows[1:]] for name in ("score", "n"))
    assert curve @ n == pytest.approx(0.0, abs=1e-9)  # around the mean of bins that are told


def test_without_noise_nothing_is_said_of_it() -> None:
    assert not {"noise_sd", "noise_level"} & set(pooled(ExplainableBoosting("ill", COVARIATES), people(500, 0)).facts)
    assert with_noise(
        ExplainableBoosting("ill", COVARIATES, rounds=2), people(900, 0), Fraction(1, 2), np.random.default_rng(0)
    ).facts["noise_sd"]
