from __future__ import annotations

import numpy as np
import pytest
from tests.tables import heart, mixed, visits

from cohortium.errors import NotApplicable, TooFewRecords
from cohortium.records import parse_condition
from cohortium.synthesise import SequentialTrees, TreeSettings


@pytest.fixture(scope="module")
def fitted() -> object:
    return SequentialTrees().fit(mixed(3000), rng=np.random.default_rng(1))


def test_relations_between_columns_come_back(fitted) -> None:
    real, twin = mixed(3000).to_pandas(), fitted.sample(6000, rng=np.random.default_rng(2)).to_pandas()
    assert abs(real.severe.mean() - twin.severe.mean()) < 0.03
    for name in ("age", "pack_years", "creatinine"):
        for severe in (True, False):
            gap = real[name][real.severe == severe].mean() - twin[name][twin.severe == severe].mean()
            assert abs(gap) < 0.15 * real[name].std(), name
    missing = [frame.creatinine.isna()[frame.severe].mean() for frame in (real, twin)]
    assert abs(missing[0] - missing[1]) < 0.05
    assert abs((real.pack_years == 0).mean() - (twin.pack_years == 0).mean()) < 0.03


def test_rules_hold_in_every_row(fitted) -> None:
    twin = fitted.sample(5000, rng=np.random.default_rng(3))
    for rule in twin.schema.constraints:
        assert not rule.violated(twin).any(), str(rule)
    frame = twin.to_pandas()
    assert set(frame.grade[frame.stage == "IV"]) == {"high"}
    assert frame.age.between(18, 99).all()
    assert (frame.pack_years.round(1) == frame.pack_years).all()


def test_a_level_of_one_person_does_not_come_back(fitted) -> None:
    assert "rare ward" in set(mixed(3000).to_pandas().ward)
    assert "rare ward" not in set(fitted.sample(20_000, rng=np.random.default_rng(4)).to_pandas().ward)


def test_no_unique_number_is_repeated_more_than_by_chance() -> None:
    rng = np.random.default_rng(0)
    table = mixed(2000)
    secret = rng.random(2000)  # 16 digits: a repetition cannot be chance
    frame = table.to_pandas().assign(creatinine=secret)
    loose = table.schema.replace_column(type(table.schema["creatinine"])("creatinine", table.schema["creatinine"].kind))
    fitted = SequentialTrees().fit(type(table).from_pandas(frame, loose), rng=rng)
    twin = fitted.sample(20_000, rng=rng).to_pandas()
    assert not np.isin(twin.creatinine, secret).any()
    assert twin.creatinine.max() < secret.max()
    assert twin.creatinine.min() > secret.min()


def test_same_seed_same_table(fitted) -> None:
    again = SequentialTrees().fit(mixed(3000), rng=np.random.default_rng(1))
    draws = [model.sample(70_000, rng=np.random.default_rng(5)) for model in (fitted, again)]
    assert draws[0] == draws[1]
    assert draws[0] != fitted.sample(70_000, rng=np.random.default_rng(6))


def test_condition_is_kept_and_the_rest_follows_it(fitted) -> None:
    condition = parse_condition("age >= 80 and sex = F and stage in (III, IV)", fitted.schema)
    twin = fitted.sample(2000, rng=np.random.default_rng(7), where=condition)
    assert len(twin) == 2000
    assert condition.holds(twin).all()
    many = fitted.sample(100_000, rng=np.random.default_rng(8))
    sifted, frame = many.take(condition.holds(many)).to_pandas(), twin.to_pandas()
    assert len(sifted) > 2000
    assert abs(sifted.age.mean() - frame.age.mean()) < 0.6
    assert abs(sifted.creatinine.isna().mean() - frame.creatinine.isna().mean()) < 0.05


def test_impossible_condition_is_refused(fitted) -> None:
    condition = parse_condition("age = 18 and age = 99", fitted.schema)
    with pytest.raises(NotApplicable, match="hardly ever"):
        fitted.sample(10, rng=np.random.default_rng(0), where=condition)


def test_imputation_fills_every_gap_and_nothing_else(fitted) -> None:
    table = mixed(1500, seed=9)
    rng = np.random.default_rng(1)
    full = fitted.impute(table, rng=rng)
    assert full.arrow.column("creatinine").null_count == 0
    before, after = table.to_pandas(), full.to_pandas()
    known = before.creatinine.notna()
    assert (before.creatinine[known] == after.creatinine[known]).all()
    assert (before.drop(columns="creatinine").astype(str) == after.drop(columns="creatinine").astype(str)).all(
        axis=None
    )


def test_imputation_uses_the_other_columns(fitted) -> None:
    table = mixed(3000, seed=11)
    frame = table.to_pandas()
    truth = frame.severe.copy()
    hide = np.random.default_rng(0).random(len(frame)) < 0.5
    frame["severe"] = frame.severe.astype(object).where(~hide, None)
    full = fitted.impute(type(table).from_pandas(frame, table.schema), rng=np.random.default_rng(1)).to_pandas()
    agreement = (full.severe[hide].astype(bool) == truth[hide]).mean()
    assert agreement > 0.9  # stage tells severity; guessing by the margin agrees on about half


def test_persons_with_several_rows_stay_persons() -> None:
    real = visits(400)
    fitted = SequentialTrees().fit(real, rng=np.random.default_rng(0))
    twin = fitted.sample(3000, rng=np.random.default_rng(1))
    assert len(twin) == 3000
    frame, truth = twin.to_pandas(), real.to_pandas()
    assert frame.groupby("patient")[["sex", "birth_year"]].nunique().max().max() == 1
    assert abs(frame.groupby("patient").size().mean() - truth.groupby("patient").size().mean()) < 0.4

    def lag(table) -> float:
        before = table.groupby("patient").lab.shift()
        return float(np.corrcoef(table.lab[before.notna()], before[before.notna()])[0, 1])

    assert abs(lag(truth) - lag(frame)) < 0.08
    assert not set(frame.patient) & set(truth.patient)


def test_too_few_persons_are_refused_even_with_many_rows() -> None:
    with pytest.raises(TooFewRecords, match="at least 30"):
        SequentialTrees().fit(visits(29), rng=np.random.default_rng(0))


def test_notes_say_what_was_left_out() -> None:
    fitted = SequentialTrees().fit(mixed(3000), rng=np.random.default_rng(0))
    assert any("ward" in note and "rare levels" in note for note in fitted.notes)


def test_larger_leaves_give_smaller_forests() -> None:
    small, large = (
        SequentialTrees(TreeSettings(leaf=leaf, evidence=1.0)).fit(heart(), rng=np.random.default_rng(0))
        for leaf in (5, 60)
    )
    nodes = [sum(len(forest.feature) for forest in model.model.forests) for model in (small, large)]
    assert nodes[0] > 1.5 * nodes[1]
