"""Models and conclusions that carry over, and those that do not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from cohortium.errors import InvalidRequest, NotApplicable, TooFewRecords
from cohortium.evaluate import Comparison
from cohortium.evaluate.utility import (
    augmentation_gain,
    coefficient_overlap,
    feature_rank_agreement,
    replication,
    trts,
    tstr,
    tstr_gap,
)
from cohortium.evaluate.utility.stated_analysis import parse_formula
from cohortium.evaluate.utility.task import prediction
from cohortium.records import Role, Score, Table

Make = Callable[..., Table]
METRICS = (augmentation_gain, coefficient_overlap, feature_rank_agreement, replication, trts, tstr, tstr_gap)


def ask(metric: Callable[..., Score], *tables: Table, target: str | None = None, analysis: str | None = None) -> Score:
    real, synthetic, *held = tables
    pair = Comparison(real, synthetic, held[0] if held else None, target, analysis=analysis)
    return metric(pair, rng=np.random.default_rng(0))


def test_a_reversed_outcome_is_useless(make_patients: Make) -> None:
    real, held = make_patients(800, 1), make_patients(800, 2)
    good, reversed_ = make_patients(800, 3), make_patients(800, 4, slope=-1.5)
    assert ask(tstr, real, good, held).value == pytest.approx(
        ask(tstr_gap, real, good, held).detail["trained_on_real"], abs=0.03
    )
    assert ask(tstr, real, reversed_, held).value < 0.3
    gap = ask(tstr_gap, real, reversed_, held)
    assert gap.low > 0.3
    assert gap.low < gap.value < gap.high
    assert ask(trts, real, reversed_).value < 0.3
    assert ask(augmentation_gain, real, reversed_, held).high < 0
    assert ask(coefficient_overlap, real, reversed_).value < ask(coefficient_overlap, real, good).value
    assert "marker" in ask(replication, real, reversed_).detail["changed"]


def test_more_persons_help_a_small_study(make_patients: Make) -> None:
    gains = [
        ask(
            augmentation_gain, make_patients(60, seed), make_patients(3_000, seed + 50), make_patients(1_000, seed + 90)
        ).value
        for seed in range(3)
    ]
    assert np.mean(gains) > 0.02


def test_the_gap_s_interval_uses_that_both_models_see_the_same_persons(make_patients: Make) -> None:
    tables = make_patients(800, 1), make_patients(800, 3), make_patients(800, 2)
    single, paired = ask(tstr, *tables), ask(tstr_gap, *tables)
    as_if_apart = np.sqrt(2) * (single.high - single.low)
    assert paired.high - paired.low < 0.75 * as_if_apart


def test_numbers_and_several_classes(make_patients: Make, make_table: Make, rng: np.random.Generator) -> None:
    tables = [make_patients(600, seed) for seed in range(3)]
    numeric = ask(tstr, *tables, target="marker")
    assert numeric.detail["task"] == "regression"
    assert 0.1 < numeric.value < 0.6
    assert numeric.low < numeric.value < numeric.high

    def graded(n: int) -> Table:
        x = rng.normal(size=n)
        grade = np.array(["low", "middle", "high"])[np.digitize(x + rng.normal(0, 0.3, n), [-0.5, 0.5])]
        return make_table({"x": x, "grade": grade}, roles={"grade": Role.OUTCOME})

    several = ask(tstr, graded(400), graded(400), graded(400))
    assert several.detail["task"] == "multiclass"
    assert several.value > 0.85


def test_a_class_that_the_synthetic_table_lost(make_table: Make, rng: np.random.Generator) -> None:
    def graded(levels: int) -> Table:
        codes = rng.integers(0, levels, 500)
        return make_table(
            {"x": codes + rng.normal(0, 0.3, 500), "grade": np.array(list("abc"))[codes]}, roles={"grade": Role.OUTCOME}
        )

    lost = ask(tstr, graded(3), graded(2), graded(3))
    assert 0.5 < lost.value < 0.95


def test_follow_up_does_not_predict_the_event(make_table: Make, rng: np.random.Generator) -> None:
    n = 400
    event = rng.random(n) < 0.5
    table = make_table(
        {"x": rng.normal(size=n), "t": np.where(event, 1.0, 9.0), "e": event}, roles={"t": Role.TIME, "e": Role.EVENT}
    )
    task = prediction(Comparison(table, table))
    assert (task.target, task.features.tolist()) == ("e", [0])
    assert ask(tstr, table, table, table).value < 1.0


def test_what_cannot_be_predicted_says_why(make_table: Make, rng: np.random.Generator) -> None:
    n = 200
    table = make_table({
        "x": rng.normal(size=n), "one": np.ones(n), "many": [f"c{i % 50}" for i in range(n)],
        "rare": np.where(np.arange(n) < 10, 1.0, np.nan),
    })  # fmt: skip
    for target, why in ((None, "no target"), ("one", "one value"), ("many", "50 levels")):
        with pytest.raises(NotApplicable, match=why):
            ask(tstr, table, table, table, target=target)
    with pytest.raises(TooFewRecords, match="20 real rows"):
        ask(tstr, table, table, table, target="rare")
    with pytest.raises(NotApplicable, match="held out"):
        ask(tstr, table, table, target="x")
    with pytest.raises(TooFewRecords, match="20 held-out"):
        ask(tstr, table, table, table.take(range(5)), target="x")


def test_importance(make_patients: Make) -> None:
    real = make_patients(1_000, 1)
    score = ask(feature_rank_agreement, real, make_patients(1_000, 2), target="outcome")
    shown = score.detail["columns"]
    assert next(iter(shown)) == "marker"
    assert sum(share for share, _ in shown.values()) == pytest.approx(1.0, abs=0.01)


def test_a_stated_analysis_is_the_one_that_is_repeated(make_patients: Make) -> None:
    real, synthetic = make_patients(800, 1), make_patients(800, 2)
    score = ask(replication, real, synthetic, analysis="outcome ~ marker + sex")
    assert score.detail == {"outcome": "outcome = true", "changed": [], "terms": 2}
    overlap = ask(coefficient_overlap, real, synthetic, analysis="marker ~ `sex`")
    assert [term["term"] for term in overlap.detail["terms"]] == ["sex = m"] or [
        term["term"] for term in overlap.detail["terms"]
    ] == ["sex = f"]
    estimate, low, high = overlap.detail["terms"][0]["real"]
    assert low < estimate < high
    assert abs(estimate) == pytest.approx(0.5, abs=0.1), (
        "one unit between the sexes is half a unit per standard deviation"
    )


@pytest.mark.parametrize("text", ["outcome", "~ a", "a ~", "a ~ b ~ c", "a ~ b + ", "a ~ b c", ""])
def test_what_is_no_formula(text: str) -> None:
    with pytest.raises(InvalidRequest, match="outcome ~ a"):
        parse_formula(text, ("a", "b", "c"))


def test_formulas() -> None:
    known = ("a", "b", "chest pain", "x+y")
    assert parse_formula("a ~ b", known) == ("a", ("b",))
    assert parse_formula(" `chest pain`~a+ b + `x+y`", known) == ("chest pain", ("a", "b", "x+y"))
    with pytest.raises(InvalidRequest, match="weight"):
        parse_formula("a ~ weight", known)


def test_twenty_terms_at_most(make_table: Make, rng: np.random.Generator) -> None:
    wide = {f"x{i}": rng.normal(size=500) for i in range(40)}
    wide["y"] = wide["x7"] * 2 + rng.normal(size=500)
    table = make_table(wide, roles={"y": Role.OUTCOME})
    score = ask(coefficient_overlap, table, table)
    assert len(score.detail["terms"]) == 20
    assert "x7" in {term["term"] for term in score.detail["terms"]}
    assert score.value == pytest.approx(1.0)
