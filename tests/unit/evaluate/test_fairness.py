"""Groups that a synthetic table serves worse are found, and small ones are only named."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from cohortium.errors import NotApplicable, TooFewRecords
from cohortium.evaluate import Comparison
from cohortium.evaluate.fairness import (
    demographic_parity_shift,
    equalised_odds_shift,
    subgroup_c2st,
    subgroup_shares,
    subgroup_trends,
    subgroup_tstr_gap,
)
from cohortium.evaluate.fairness.subgroups import subgroups
from cohortium.records import Role, Score, Table

Make = Callable[..., Table]


def clinic(
    make_table: Make, n: int, seed: int, *, women: float = 0.5, broken: bool = False, bias: float = 0.0
) -> Table:
    """An outcome that x decides; where ``broken``, not among women; ``bias`` gives men more of it."""
    rng = np.random.default_rng([seed, 5])
    sex = np.where(rng.random(n) < women, "f", "m")
    x = rng.normal(size=n)
    twin = x + 0.2 * rng.normal(size=n)
    effect = np.where((sex == "f") & broken, 0.0, 2.0)
    twin = np.where((sex == "f") & broken, rng.normal(size=n), twin)
    outcome = rng.random(n) < 1 / (1 + np.exp(-(effect * x + bias * (sex == "m") - 0.5)))
    site = np.where(np.arange(n) < 12, "tiny", np.where(rng.random(n) < 0.6, "north", "south"))
    return make_table(
        {
            "sex": sex,
            "site": site,
            "age": rng.normal(60, 12, n).round().astype(int),
            "x": x,
            "twin": twin,
            "outcome": outcome,
        },
        roles={"sex": Role.QUASI_IDENTIFIER, "age": Role.QUASI_IDENTIFIER, "site": Role.SITE, "outcome": Role.OUTCOME},
    )


def ask(metric: Callable[..., Score], *tables: Table) -> Score:
    return metric(Comparison(*tables), rng=np.random.default_rng(0))


def rows(score: Score, name: str) -> dict[str, float]:
    return {row["subgroup"]: row[name] for row in score.detail["subgroups"] if name in row}


def test_subgroups_are_levels_and_round_bands_and_small_ones_are_only_named(make_table: Make) -> None:
    real = clinic(make_table, 400, 1)
    found = subgroups(Comparison(real, real))
    names = [group.name for group in found.judged]
    bands = [name for name in names if name.startswith("age")]
    assert set(names) - set(bands) == {"sex: f", "sex: m", "site: north", "site: south"}
    assert len(bands) == 4
    assert bands[0].startswith("age: below ")
    assert found.too_small == ("site: tiny",)
    matrix = Comparison(real, real).real_matrix
    inside = np.array([group.of(matrix) for group in found.judged if group.column == "age"])
    assert (inside.sum(axis=0) == 1).all(), "every age is in one band"
    detail = ask(subgroup_shares, real, real).detail
    assert detail["too_small"] == ["site: tiny"]
    assert "tiny" not in str(detail["subgroups"])


def test_a_group_that_shrank(make_table: Make) -> None:
    score = ask(subgroup_shares, clinic(make_table, 2_000, 1), clinic(make_table, 2_000, 2, women=0.3))
    assert score.value == pytest.approx(0.2, abs=0.06)
    assert rows(score, "share_synthetic")["sex: f"] == pytest.approx(0.3, abs=0.04)


def test_a_group_whose_relations_are_lost(make_table: Make) -> None:
    real, held = clinic(make_table, 1_500, 1), clinic(make_table, 1_500, 2)
    broken, whole = clinic(make_table, 1_500, 3, broken=True), clinic(make_table, 1_500, 4)
    for metric, name, worse in (
        (subgroup_trends, "trend", min),
        (subgroup_tstr_gap, "tstr_gap", max),
        (subgroup_c2st, "c2st", max),
    ):
        by_group = rows(ask(metric, real, broken, held), name)
        by_sex = {group: value for group, value in by_group.items() if group.startswith("sex")}
        assert worse(by_sex, key=by_sex.__getitem__) == "sex: f"
        assert abs(by_sex["sex: f"] - by_sex["sex: m"]) > 0.04
        again = rows(ask(metric, real, whole, held), name)
        assert abs(again["sex: f"] - again["sex: m"]) < abs(by_sex["sex: f"] - by_sex["sex: m"]) / 2


def test_a_bias_that_the_synthetic_table_adds(make_table: Make) -> None:
    real, held = clinic(make_table, 1_500, 1), clinic(make_table, 1_500, 2)
    fair, biased = clinic(make_table, 1_500, 3), clinic(make_table, 1_500, 4, bias=3.0)
    for metric in (demographic_parity_shift, equalised_odds_shift):
        bad = ask(metric, real, biased, held)
        assert bad.detail["columns"]["sex"] > 0.2
        assert ask(metric, real, fair, held).detail["columns"]["sex"] < 0.12
        assert bad.value == pytest.approx(max(bad.detail["columns"].values()), abs=1e-4)


def test_nothing_to_compare(make_table: Make, rng: np.random.Generator) -> None:
    plain = make_table({"x": rng.normal(size=100)})
    with pytest.raises(NotApplicable, match="quasi_identifier"):
        ask(subgroup_shares, plain, plain)
    few = clinic(make_table, 25, 1)
    with pytest.raises(TooFewRecords, match="30 real persons"):
        ask(subgroup_shares, few, few)
    numeric = make_table(
        {"sex": ["f", "m"] * 100, "y": rng.normal(size=200), "x": rng.normal(size=200)},
        roles={"sex": Role.QUASI_IDENTIFIER, "y": Role.OUTCOME},
    )
    with pytest.raises(NotApplicable, match="two classes"):
        ask(demographic_parity_shift, numeric, numeric, numeric)
