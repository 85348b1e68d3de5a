"""Private tables as a person meets them: fit, notes, sampling, conditions, rules, storage."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from tests.tables import heart, mixed, visits

from cohortium.errors import InvalidRequest, NotApplicable, TooFewRecords
from cohortium.privacy.accounting import delta_of
from cohortium.privacy.secure_noise import InsecureNoise
from cohortium.records import AllowedCombinations, Column, Kind, Role, Schema, SumRule, Table, matrices, parse_condition
from cohortium.synthesise.protocol import Parts
from cohortium.synthesise.tables.private.preparation import default_delta, prepared
from cohortium.synthesise.tables.private_marginals import FittedPrivateMarginals, PrivateMarginals


def repeatable(seed: int = 0) -> InsecureNoise:
    return InsecureNoise(np.random.default_rng(seed))


def fit(table: Table, seed: int = 0, **settings) -> FittedPrivateMarginals:
    return PrivateMarginals(noise=repeatable(seed), **settings).fit(table, rng=np.random.default_rng(seed))


def sample(fitted: FittedPrivateMarginals, n: int = 2_000, seed: int = 0, where: str | None = None) -> Table:
    condition = parse_condition(where, fitted.schema) if where else None
    return fitted.sample(n, rng=np.random.default_rng(seed), where=condition)


def pairs(table: Table, first: str, second: str) -> np.ndarray:
    """Joint shares of two nominal columns without missing values, levels in alphabetical order."""
    frame = table.to_pandas()
    counts = frame[[first, second]].astype(str).value_counts(normalize=True).unstack(fill_value=0.0)
    return counts.sort_index(axis=0).sort_index(axis=1).to_numpy()


@pytest.fixture(scope="module")
def fitted() -> FittedPrivateMarginals:
    return fit(mixed(3_000), epsilon=3.0, delta=1e-5)


def test_budget_adds_up_to_what_is_claimed(fitted: FittedPrivateMarginals) -> None:
    spent = {purpose: Fraction(text) for purpose, text in fitted.budget.items()}
    rho = sum(spent.values())
    assert set(spent) == {
        "number of patients", "values of columns", "choice of marginals", "counts of marginals", "unspent",
    }  # fmt: skip
    assert all(part >= 0 for part in spent.values())
    assert spent["unspent"] < rho / 100
    # what is found by a threshold takes a tenth of delta, the noise the rest
    assert delta_of(float(rho), 3.0) + 1e-6 <= 1e-5
    assert delta_of(float(rho) * 1.001, 3.0) + 1e-6 > 1e-5
    assert (fitted.guarantee.epsilon, fitted.guarantee.delta, fitted.guarantee.unit) == (3.0, 1e-5, "patient")
    assert "values of columns" in fitted.notes[0]
    assert fitted.patients == pytest.approx(3_000, abs=100)


def test_a_huge_epsilon_gives_the_marginals_back() -> None:
    real = mixed(4_000)
    twin = sample(fit(real, epsilon=1e4), 40_000)
    for first, second in (("sex", "severe"), ("stage", "severe"), ("ward", "sex")):
        known = {"rare ward"} & set(real.to_pandas()[first])
        kept = real.take(~real.to_pandas()[first].isin(known).to_numpy())
        np.testing.assert_allclose(pairs(twin, first, second), pairs(kept, first, second), atol=0.01)
    for name in ("age", "creatinine", "pack_years"):
        real_values, made = real.numeric(name), twin.numeric(name)
        assert np.isnan(made).mean() == pytest.approx(np.isnan(real_values).mean(), abs=0.01)
        known, drawn = np.sort(real_values[~np.isnan(real_values)]), np.sort(made[~np.isnan(made)])
        below = [np.searchsorted(values, known, side="right") / len(values) for values in (known, drawn)]
        assert np.abs(below[0] - below[1]).max() < 0.02


def test_a_moderate_epsilon_keeps_what_matters() -> None:
    real = mixed(8_000)
    twin = sample(fit(real, epsilon=1.0), 20_000)
    for table in (real, twin):
        age, severe = table.numeric("age"), table.numeric("severe")
        assert np.mean(severe[age > 75]) - np.mean(severe[age < 50]) > 0.4
    np.testing.assert_allclose(pairs(twin, "stage", "severe"), pairs(real, "stage", "severe"), atol=0.03)


def test_a_tiny_epsilon_still_gives_a_valid_table() -> None:
    one, other = (sample(fit(mixed(2_000), seed, epsilon=0.01), 200) for seed in (1, 2))
    assert one.schema.names == mixed(3).schema.names
    shares = [np.mean(table.numeric("severe")) for table in (one, other)]
    assert max(abs(share - mixed(2_000).numeric("severe").mean()) for share in shares) > 0.05, "noise should show"


def test_rules_hold_in_every_row(fitted: FittedPrivateMarginals) -> None:
    twin = sample(fitted, 3_000)
    assert len(twin) == 3_000
    assert twin.schema.constraints
    assert not any(rule.violated(twin).any() for rule in twin.schema.constraints)
    grades = twin.to_pandas().groupby("stage", observed=True).grade.agg(lambda values: values.mode()[0])
    assert grades.to_dict() == {"I": "low", "II": "low", "III": "high", "IV": "high"}


def test_sums_and_combinations_hold(rng: np.random.Generator) -> None:
    a, b = rng.integers(0, 20, 2_000), rng.integers(0, 30, 2_000)
    unit = rng.choice(["h1", "h2"], 2_000)
    frame = pa.table({"a": a, "b": b, "all": a + b, "hospital": unit, "ward": [u + "w" for u in unit]})
    columns = [Column(name, Kind.INTEGER) for name in ("a", "b", "all")]
    columns += [Column(name, Kind.CATEGORICAL) for name in ("hospital", "ward")]
    combinations = AllowedCombinations(("hospital", "ward"), (("h1", "h1w"), ("h2", "h2w")))
    real = Table(frame, Schema(tuple(columns), (SumRule("all", ("a", "b")), combinations)))
    twin = sample(fit(real, epsilon=2.0), 1_000)
    assert (twin.numeric("all") == twin.numeric("a") + twin.numeric("b")).all()
    assert not combinations.violated(twin).any()


def test_rules_without_room_leave_values_missing() -> None:
    for seed in range(4):
        twin = sample(fit(mixed(40).take([0]), seed), 30)
        assert not any(rule.violated(twin).any() for rule in twin.schema.constraints)


@pytest.mark.parametrize(
    "where",
    [
        "sex = F and age >= 60",
        "age between 40 and 42",
        "creatinine is missing and severe = yes",
        "admitted >= 2020-01-01 or ward = B",
        "not stage = IV and pack_years > 0",
    ],
)
def test_conditions_hold_and_keep_the_conditional_distribution(where: str, fitted: FittedPrivateMarginals) -> None:
    condition = parse_condition(where, fitted.schema)
    twin = sample(fitted, 1_500, where=where)
    assert len(twin) == 1_500
    assert condition.holds(twin).all()
    free = sample(fitted, 40_000, seed=3)
    free = free.take(condition.holds(free))
    assert np.nanmean(twin.numeric("severe")) == pytest.approx(np.nanmean(free.numeric("severe")), abs=0.08)


def test_conditions_without_rows_are_said(fitted: FittedPrivateMarginals) -> None:
    for where in ("age > 200", "creatinine = 1.2345", "age is missing and age > 3"):
        with pytest.raises(NotApplicable, match="Widen"):
            sample(fitted, 10, where=where)


def test_samples_repeat_for_a_seed_and_survive_storage(fitted: FittedPrivateMarginals) -> None:
    parts = fitted.parts()
    facts = json.loads(json.dumps(parts.facts, allow_nan=False))
    assert all(array.dtype.kind in "if" for array in parts.arrays.values())
    again = FittedPrivateMarginals.from_parts(fitted.schema, Parts(facts, parts.arrays))
    assert (again.guarantee, again.notes, again.budget, again.patients) == (
        fitted.guarantee, fitted.notes, fitted.budget, fitted.patients,
    )  # fmt: skip
    assert sample(fitted, seed=4) == sample(again, seed=4)
    assert sample(fitted, seed=4) != sample(fitted, seed=5)
    assert sample(fitted, 300, where="sex = F") == sample(again, 300, where="sex = F")


def test_the_noise_is_fresh_unless_a_test_fixes_it() -> None:
    table = mixed(500)
    fits = [PrivateMarginals().fit(table, rng=np.random.default_rng(0)) for _ in range(2)]
    assert sample(fits[0]) != sample(fits[1]), "a seed must not take the noise away"
    assert not any("protects nobody" in note for note in fits[0].notes)
    assert any("protects nobody" in note for note in fit(table).notes)
    assert sample(fit(table, 3)) == sample(fit(table, 3))


def test_of_a_patient_one_row_is_used(rng: np.random.Generator) -> None:
    rows = np.repeat(np.arange(1_000), 5)
    columns = (Column("who", Kind.IDENTIFIER, frozenset({Role.PERSON_KEY})), Column("visit", Kind.INTEGER))
    real = Table(pa.table({"who": [f"P{row}" for row in rows], "visit": np.arange(5_000)}), Schema(columns))
    table = prepared(real, True, rng)
    assert table.schema.names == ("visit",)
    assert sorted(table.numeric("visit") // 5) == list(range(1_000))
    assert np.bincount(table.numeric("visit").astype(int) % 5) == pytest.approx([200] * 5, abs=60)
    assert any("several rows" in note for note in fit(visits(300)).notes)


def test_delta_tells_only_the_order_of_magnitude() -> None:
    assert default_delta(16_280) == 1e-5
    assert {default_delta(n) for n in (12_000, 16_280, 30_000)} == {1e-5}
    assert default_delta(5) == 1e-3
    assert default_delta(10**6) == 1e-7
    assert fit(mixed(1_200)).guarantee.delta == 1e-4


def test_an_inferred_schema_gives_nothing_away(rng: np.random.Generator) -> None:
    table = mixed(400)
    secret = replace(table.schema["ward"], levels=("A", "B", "C", "rare ward"), reasons=("rare ward: 1 of 400",))
    seen = AllowedCombinations(("sex", "ward"), (("F", "rare ward"), ("M", "A")))
    table = table.with_schema(table.schema.replace_column(secret).with_constraints(seen))
    open_schema = fit(table, schema_is_public=False).schema
    assert open_schema["ward"].levels is None
    assert open_schema["ward"].reasons == ()
    assert open_schema["age"].minimum is None
    assert open_schema.constraints == mixed(3).schema.constraints, "rules that name columns alone stay"
    assert open_schema["stage"].levels == ("I", "II", "III", "IV")
    assert "rare ward" not in str(fit(table, schema_is_public=False).parts().facts)


def test_a_rare_level_does_not_reach_the_model() -> None:
    assert "rare ward" not in str(fit(mixed(2_000)).parts().facts)


def test_wide_and_few_says_what_was_left_out(rng: np.random.Generator) -> None:
    names = [f"marker {number}" for number in range(58)]
    values = {name: rng.normal(size=200) for name in names}
    values |= {"sex": rng.choice(["F", "M"], 200), "code": [f"code {number}" for number in range(200)]}
    columns = [Column(name, Kind.CONTINUOUS, decimals=2) for name in names]
    columns += [Column("sex", Kind.CATEGORICAL, levels=("F", "M")), Column("code", Kind.CATEGORICAL)]
    made = fit(Table(pa.table(values), Schema(tuple(columns))))
    assert len(sample(made, 200)) == 200
    text = " ".join(made.notes)
    assert "without relation" in text
    assert "code" in text
    assert "arbitrary" in text


def test_one_column_takes_the_whole_budget() -> None:
    real = mixed(2_000).select(["age"])
    made = fit(real)
    assert Fraction(made.budget["unspent"]) < sum(map(Fraction, made.budget.values())) / 50
    assert np.median(sample(made).numeric("age")) == pytest.approx(np.median(real.numeric("age")), abs=3)


def test_a_target_of_the_caller_is_measured_with_everything() -> None:
    real = heart()
    schema = Schema(tuple(replace(column, roles=column.roles - {Role.OUTCOME}) for column in real.schema.columns))
    made = fit(real.with_schema(schema), epsilon=20.0, target="exang")
    names = [column.column.name for column in made.columns]
    goal = names.index("exang")
    beside = sum(made.model.tree.host((goal, place)) is not None for place in range(len(names)))
    assert beside > 0.8 * len(names)
    with pytest.raises(InvalidRequest, match="no modelled column"):
        fit(real, target="nothing")


def test_refusals_say_what_is_needed() -> None:
    with pytest.raises(TooFewRecords, match="at least 1"):
        fit(mixed(5).take(np.zeros(0, dtype=np.int64)))
    with pytest.raises(NotApplicable, match="identifiers"):
        fit(visits(5).select(["patient"]))
    for wrong in ({"epsilon": 0.0}, {"epsilon": math.nan}, {"delta": 0.0}, {"delta": 2.0}):
        with pytest.raises(InvalidRequest):
            fit(mixed(50), **wrong)


@pytest.mark.slow
def test_adult_at_epsilon_one_teaches_a_classifier(data_folder: Path) -> None:
    frame = pd.read_csv(data_folder / "tabular/uci_adult_15.csv.gz", na_values="?")
    order = np.random.default_rng(7).permutation(len(frame))
    half = len(frame) // 2
    columns = tuple(
        Column(
            name,
            Kind.CATEGORICAL if frame[name].dtype == object else Kind.INTEGER,
            frozenset({Role.OUTCOME}) if name == "income" else frozenset(),
        )
        for name in frame.columns
    )
    real, held = (Table.from_pandas(frame.iloc[rows], Schema(columns)) for rows in (order[:half], order[half:]))
    twin = sample(fit(real, epsilon=1.0, delta=1e-5), len(real))
    taught, judged = matrices([twin, held]).values
    nominal = [column.kind.is_nominal for column in columns[:-1]]
    model = HistGradientBoostingClassifier(categorical_features=nominal, random_state=0)
    known = ~np.isnan(taught[:, -1])
    chances = model.fit(taught[known, :-1], taught[known, -1]).predict_proba(judged[:, :-1])[:, 1]
    assert roc_auc_score(judged[:, -1], chances) > 0.87
