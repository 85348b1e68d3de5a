"""The copula mixture: relations and survival come back, columns keep their form, and single persons do not return."""

from __future__ import annotations

import json
import time

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from lifelines import KaplanMeierFitter
from scipy.stats import spearmanr
from sklearn.datasets import load_breast_cancer
from tests.tables import heart, mixed, visits

from cohortium.errors import NotApplicable, TooFewRecords
from cohortium.records import Column, Kind, Role, Schema, Table, parse_condition
from cohortium.synthesise.protocol import Parts
from cohortium.synthesise.tables.copula_mixture import CopulaMixture, FittedCopulaMixture
from cohortium.synthesise.tables.independent_columns import IndependentColumns


def table_of(columns: dict[str, tuple[Kind, object]], **roles: Role) -> Table:
    schema = Schema(
        tuple(Column(n, k, frozenset({roles[n]}) if n in roles else frozenset()) for n, (k, _) in columns.items())
    )
    return Table(pa.table({name: values for name, (_, values) in columns.items()}), schema)


def twin_of(table: Table, n: int = 4000, seed: int = 1, **settings: int) -> Table:
    fitted = CopulaMixture(**settings).fit(table, rng=np.random.default_rng(0))
    return fitted.sample(n, rng=np.random.default_rng(seed))


def correlated(n: int, rng: np.random.Generator) -> Table:
    z = rng.multivariate_normal([0, 0, 0, 0], 0.6 * np.ones((4, 4)) + 0.4 * np.eye(4), n)
    return table_of(
        {
            "exact": (Kind.CONTINUOUS, np.exp(z[:, 0])),
            "whole": (Kind.INTEGER, np.round(z[:, 1] * 10 + 60).astype(int)),
            "flag": (Kind.BOOLEAN, z[:, 2] > 0.5),
            "inflated": (Kind.CONTINUOUS, np.where(z[:, 3] > 0.2, z[:, 3] - 0.2, 0.0)),
        }
    )


def test_relations_of_every_kind_of_column_come_back(rng: np.random.Generator) -> None:
    real = correlated(1500, rng)
    twin = twin_of(real, 8000)
    for a in real.schema.names:
        for b in real.schema.names:
            truth = spearmanr(_numbers(real, a), _numbers(real, b)).statistic
            assert spearmanr(_numbers(twin, a), _numbers(twin, b)).statistic == pytest.approx(truth, abs=0.07), (a, b)


def _numbers(table: Table, name: str) -> np.ndarray:
    return table.codes(name)[0] if table.schema[name].kind.is_nominal else table.numeric(name)


def test_columns_keep_their_distribution_and_their_form(rng: np.random.Generator) -> None:
    real, twin = (t.to_pandas() for t in (correlated(1500, rng), twin_of(correlated(1500, rng), 10_000)))
    assert (twin.inflated == 0).mean() == pytest.approx((real.inflated == 0).mean(), abs=0.04)
    assert twin.flag.mean() == pytest.approx(real.flag.mean(), abs=0.04)
    assert twin.whole.dtype == np.int64
    assert twin.exact.quantile([0.1, 0.5, 0.9]).to_numpy() == pytest.approx(
        real.exact.quantile([0.1, 0.5, 0.9]), rel=0.12
    )
    assert (twin.exact > 0).all()


def test_missing_values_come_back_where_they_were(rng: np.random.Generator) -> None:
    sick = rng.random(1200) < 0.4
    lab = rng.normal(size=1200) + 2 * sick
    lab[rng.random(1200) < np.where(sick, 0.1, 0.6)] = np.nan
    panel = np.where(np.isnan(lab), np.nan, rng.normal(size=1200))
    twin = twin_of(
        table_of({"sick": (Kind.BOOLEAN, sick), "lab": (Kind.CONTINUOUS, lab), "panel": (Kind.CONTINUOUS, panel)})
    ).to_pandas()
    assert twin.lab.isna()[twin.sick].mean() == pytest.approx(0.1, abs=0.05)
    assert twin.lab.isna()[~twin.sick].mean() == pytest.approx(0.6, abs=0.06)
    assert (twin.lab.isna() == twin.panel.isna()).all(), "columns that are missing together stay together"
    assert twin.lab[twin.sick].mean() - twin.lab[~twin.sick].mean() == pytest.approx(2, abs=0.3)


def test_unordered_levels_keep_their_groups(rng: np.random.Generator) -> None:
    site = rng.choice(list("QBZK"), 1200, p=[0.4, 0.3, 0.2, 0.1])
    mean = {"Q": 0.0, "B": 6.0, "Z": 3.0, "K": 9.0}
    lab = np.array([mean[s] for s in site]) + rng.normal(size=1200)
    twin = twin_of(table_of({"site": (Kind.CATEGORICAL, site), "lab": (Kind.CONTINUOUS, lab)})).to_pandas()
    for level, expected in mean.items():
        assert (twin.site == level).mean() == pytest.approx((site == level).mean(), abs=0.03)
        assert twin.lab[twin.site == level].mean() == pytest.approx(expected, abs=0.6)


def test_a_mixture_finds_what_one_gaussian_cannot(rng: np.random.Generator) -> None:
    half = rng.random(1500) < 0.5
    x = rng.normal(size=1500)
    y = np.where(half, x, -x) + 0.2 * rng.normal(size=1500)
    real = table_of({"x": (Kind.CONTINUOUS, x), "y": (Kind.CONTINUOUS, y)})
    both = [np.corrcoef(np.abs(t.numeric("x")), np.abs(t.numeric("y")))[0, 1] for t in (real, twin_of(real))]
    one = twin_of(real, component=10_000)
    assert both[1] > both[0] - 0.2
    assert np.corrcoef(np.abs(one.numeric("x")), np.abs(one.numeric("y")))[0, 1] < 0.2


def survival(n: int, rng: np.random.Generator) -> Table:
    age = rng.normal(65, 10, n)
    treated = rng.random(n) < 0.5
    death = rng.exponential(8 * np.exp(-(age - 65) / 15 + 0.7 * treated))
    leave = rng.uniform(2, 12, n)
    return table_of(
        {
            "age": (Kind.CONTINUOUS, age.round(1)),
            "treated": (Kind.BOOLEAN, treated),
            "years": (Kind.DURATION, np.minimum(death, leave)),
            "died": (Kind.BOOLEAN, death <= leave),
        },
        years=Role.TIME,
        died=Role.EVENT,
    )


def test_survival_curves_of_groups_come_back(rng: np.random.Generator) -> None:
    real = survival(1500, rng)
    fitted = CopulaMixture().fit(real, rng=rng)
    assert any("2 groups by 'died'" in note for note in fitted.notes)
    twin = fitted.sample(6000, rng=rng)
    grid = np.linspace(0, 11, 100)
    for treated in (None, False, True):
        curves = []
        for frame in (real.to_pandas(), twin.to_pandas()):
            own = frame if treated is None else frame[frame.treated == treated]
            fit = KaplanMeierFitter().fit(own.years, own.died)
            curves.append(fit.survival_function_at_times(grid).to_numpy())
        assert np.abs(curves[0] - curves[1]).mean() < (0.012 if treated is None else 0.035)


def test_flchain_curve_is_as_near_as_real_persons(data_folder, rng: np.random.Generator) -> None:
    frame = pd.read_csv(data_folder / "tabular/survival_flchain.csv.gz").drop(columns="chapter").dropna()
    kinds = {name: Kind.CONTINUOUS if frame[name].dtype == float else Kind.INTEGER for name in frame}
    kinds |= {"sex": Kind.CATEGORICAL, "mgus": Kind.CATEGORICAL, "death": Kind.BOOLEAN}
    frame = frame.assign(mgus=frame.mgus.astype(str), death=frame.death == 1)
    roles = {"futime": Role.TIME, "death": Role.EVENT}
    table = table_of({n: (k, frame[n].tolist()) for n, k in kinds.items()}, **roles)
    train, holdout = table.split_by_person(0.5, rng)
    fitted = CopulaMixture().fit(train, rng=rng)
    grid = np.linspace(0, 5000, 200)

    def curve(t: Table) -> np.ndarray:
        own = t.to_pandas()
        return KaplanMeierFitter().fit(own.futime, own.death).survival_function_at_times(grid).to_numpy()

    ours = np.mean([np.abs(curve(fitted.sample(len(train), rng=rng)) - curve(train)).mean() for _ in range(3)])
    assert ours < 0.008
    assert ours < 2 * np.abs(curve(holdout) - curve(train)).mean()


def test_nobody_is_copied_and_rare_levels_stay_away(rng: np.random.Generator) -> None:
    real = mixed(300)
    twin = twin_of(real, 3000).to_pandas()
    assert "rare ward" not in set(twin.ward)
    assert "rare ward" not in json.dumps(CopulaMixture().fit(real, rng=rng).parts().facts)
    cancer = load_breast_cancer().data[:280]
    noisy = cancer * (1 + 1e-9 * rng.normal(size=cancer.shape))  # every value unique, at no resolution
    made = twin_of(table_of({f"m{i}": (Kind.CONTINUOUS, noisy[:, i]) for i in range(30)}), 500)
    for i in range(30):
        assert not np.isin(made.numeric(f"m{i}"), noisy[:, i]).any()


def test_distance_to_training_persons_is_that_of_others(rng: np.random.Generator) -> None:
    """Nearest-record membership inference on 284 persons stays near chance; a bootstrap copy is caught at over 0.8."""
    frame = load_breast_cancer().data
    aucs, copies = [], []
    for seed in range(4):
        order = np.random.default_rng(seed).permutation(len(frame))
        ranks = frame[order].argsort(axis=0).argsort(axis=0) / len(frame)
        train = frame[order[:284]]
        twin = twin_of(table_of({f"m{i}": (Kind.CONTINUOUS, train[:, i]) for i in range(30)}), 284, seed)
        made = np.stack([twin.numeric(f"m{i}") for i in range(30)], axis=1)
        copy = train[rng.integers(0, 284, 284)]
        for synthetic, scores in ((made, aucs), (copy, copies)):
            near = [
                np.array([np.sqrt(((_ranked(synthetic, frame) - row) ** 2).sum(1)).min() for row in part])
                for part in (ranks[:284], ranks[284:568])
            ]
            scores.append((near[0][:, None] < near[1][None, :]).mean())
    assert np.median(aucs) < 0.56
    assert np.median(copies) > 0.7


def _ranked(values: np.ndarray, reference: np.ndarray) -> np.ndarray:
    return np.stack(
        [np.searchsorted(np.sort(reference[:, i]), values[:, i]) / len(reference) for i in range(values.shape[1])],
        axis=1,
    )


def test_several_rows_per_person_count_once(rng: np.random.Generator) -> None:
    real = visits(150)
    fitted = CopulaMixture().fit(real, rng=rng)
    twin = fitted.sample(4000, rng=rng).to_pandas()
    assert "patient" not in twin
    assert any("rows of 150 persons" in note for note in fitted.notes)
    first = real.to_pandas().drop_duplicates("patient")
    assert (twin.sex == "F").mean() == pytest.approx((first.sex == "F").mean(), abs=0.04)
    assert twin.birth_year.mean() == pytest.approx(first.birth_year.mean(), abs=3)


def test_two_hundred_columns_of_a_hundred_persons_say_so(rng: np.random.Generator) -> None:
    base = rng.normal(size=(100, 4)) @ rng.normal(size=(4, 200)) + rng.normal(size=(100, 200))
    real = table_of({f"m{i}": (Kind.CONTINUOUS, base[:, i]) for i in range(200)})
    fitted = CopulaMixture().fit(real, rng=rng)
    assert any("100 persons are few for 200 columns" in note for note in fitted.notes)
    twin = fitted.sample(2000, rng=rng)
    made = np.corrcoef([twin.numeric(f"m{i}") for i in range(200)])
    pairs = np.triu_indices(200, 1)
    truth = np.corrcoef(base.T)[pairs]
    assert np.corrcoef(truth, made[pairs])[0, 1] > 0.85
    assert np.abs(made[pairs]).mean() < np.abs(truth).mean()


def test_constant_and_empty_columns_alone(rng: np.random.Generator) -> None:
    twin = twin_of(
        table_of({"c": (Kind.CONTINUOUS, np.full(50, 2.5)), "n": (Kind.CONTINUOUS, pa.nulls(50, pa.float64()))})
    )
    assert set(twin.numeric("c")) == {2.5}
    assert twin.missing("n").all()


def test_rules_hold_in_every_row() -> None:
    twin = twin_of(mixed(500), 3000)
    assert not any(rule.violated(twin).any() for rule in twin.schema.constraints)


@pytest.mark.parametrize(
    "text",
    ["age >= 90 and sex = F", "creatinine is missing", "ward in (A, C) or age < 30", "not severe = true", "age = 61",
     "stage >= III and pack_years between 20 and 25", "admitted >= 2021-06-01", "severe = false and stage = I"],
)  # fmt: skip
def test_conditions_hold(text: str, rng: np.random.Generator) -> None:
    fitted = CopulaMixture().fit(mixed(500), rng=rng)
    where = parse_condition(text, fitted.schema)
    twin = fitted.sample(150, rng=rng, where=where)
    assert len(twin) == 150
    assert where.holds(twin).all()


def test_a_condition_gives_what_sifting_would(rng: np.random.Generator) -> None:
    fitted = CopulaMixture().fit(mixed(1000), rng=rng)
    where = parse_condition("age >= 75", fitted.schema)
    sifted = fitted.sample(40_000, rng=rng).to_pandas().query("age >= 75")
    direct = fitted.sample(8000, rng=rng, where=where).to_pandas()
    assert direct.age.mean() == pytest.approx(sifted.age.mean(), abs=0.3)
    assert direct.severe.mean() == pytest.approx(sifted.severe.mean(), abs=0.02)
    assert direct.creatinine.mean() == pytest.approx(sifted.creatinine.mean(), abs=0.05)
    assert direct.creatinine.isna().mean() == pytest.approx(sifted.creatinine.isna().mean(), abs=0.02)


def test_impossible_conditions_are_refused(rng: np.random.Generator) -> None:
    fitted = CopulaMixture().fit(mixed(500), rng=rng)
    for text in ("age > 200", "severe = true and severe = false", "age > 200 or pack_years < 0"):
        with pytest.raises(NotApplicable):
            fitted.sample(10, rng=rng, where=parse_condition(text, fitted.schema))


def test_round_trip_is_exact(rng: np.random.Generator) -> None:
    fitted = CopulaMixture().fit(heart(), rng=rng)
    parts = fitted.parts()
    facts = json.loads(json.dumps(parts.facts, allow_nan=False))
    again = FittedCopulaMixture.from_parts(fitted.schema, Parts(facts, parts.arrays))
    assert again.notes == fitted.notes
    where = parse_condition("age > 70", fitted.schema)
    for condition in (None, where):
        draws = [m.sample(500, rng=np.random.default_rng(3), where=condition) for m in (fitted, again)]
        assert draws[0] == draws[1]
    assert draws[0] != fitted.sample(500, rng=np.random.default_rng(4), where=where)


def test_a_seed_repeats_a_fit() -> None:
    one, two = (CopulaMixture().fit(mixed(200), rng=np.random.default_rng(5)).parts() for _ in range(2))
    assert one.facts == two.facts
    assert all((one.arrays[name] == two.arrays[name]).all() for name in one.arrays)


def test_too_few_persons_are_refused(rng: np.random.Generator) -> None:
    for table in (mixed(60).take([]), mixed(60).take([0]), mixed(60).take(np.arange(29)), visits(20)):
        with pytest.raises(TooFewRecords, match="30"):
            CopulaMixture().fit(table, rng=rng)


def test_relations_are_what_the_baseline_lacks(rng: np.random.Generator) -> None:
    real = correlated(600, rng)
    alone = IndependentColumns().fit(real, rng=rng).sample(4000, rng=rng)
    ours = twin_of(real)
    assert abs(spearmanr(alone.numeric("exact"), alone.numeric("whole")).statistic) < 0.05
    assert spearmanr(ours.numeric("exact"), ours.numeric("whole")).statistic > 0.45


@pytest.mark.slow
def test_a_million_rows_in_seconds(rng: np.random.Generator) -> None:
    fitted = CopulaMixture().fit(heart(), rng=rng)
    started = time.process_time()
    assert len(fitted.sample(1_000_000, rng=rng)) == 1_000_000
    assert time.process_time() - started < 20
