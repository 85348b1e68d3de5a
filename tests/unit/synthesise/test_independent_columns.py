"""Marginals: spikes, bounds, resolutions, heaps, dates, levels and missing values are kept; single persons are not."""

from __future__ import annotations

import json
from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tables import mixed, visits

from cohortium.errors import InvalidRecords, InvalidRequest, NotApplicable, TooFewRecords
from cohortium.numerics.person_bins import person_bins
from cohortium.records import Column, Kind, Role, Schema, Table, parse_condition
from cohortium.synthesise.protocol import Parts
from cohortium.synthesise.tables.independent_columns import FittedIndependentColumns, IndependentColumns
from cohortium.synthesise.tables.marginal_codec import Grain
from cohortium.synthesise.tables.marginal_learning import Persons, learn_marginal, least_persons


def one_column(values, kind: Kind, **facts) -> Table:
    return Table(pa.table({"x": values}), Schema((Column("x", kind, **facts),)))


def twin_of(table: Table, n: int = 4000, seed: int = 1) -> Table:
    return IndependentColumns().fit(table, rng=np.random.default_rng(0)).sample(n, rng=np.random.default_rng(seed))


def marginal_of(table: Table, least: int = 10):
    return learn_marginal(table, table.schema.columns[0], Persons.of(table), least)[0]


def test_smallest_group_scales_with_the_table() -> None:
    assert [least_persons(n) for n in (10, 90, 150, 300, 10_000)] == [3, 3, 5, 10, 10]


@given(
    values=st.lists(st.integers(0, 12), min_size=1, max_size=120),
    people=st.integers(1, 120),
    least=st.integers(1, 8),
    extra=st.integers(0, 6),
    times=st.floats(1.0, 4.0),
)
@settings(max_examples=200, deadline=None)
def test_every_bin_holds_enough_persons(values: list[int], people: int, least: int, extra: int, times: float) -> None:
    x = np.sort(np.array(values, dtype=float))
    codes = np.arange(len(x)) % people
    bins, spikes = person_bins(x, codes, people, least, least + extra, times)
    assert (np.diff(bins) >= 0).all()
    assert set(bins) == set(range(len(spikes)))
    if len(np.unique(codes)) >= least:
        assert min(len(np.unique(codes[bins == b])) for b in set(bins)) >= least
    for value in np.unique(x):
        assert len(np.unique(bins[x == value])) == 1, "a value is never split"


def test_zero_inflation_keeps_its_spike_and_its_tail(rng: np.random.Generator) -> None:
    real = np.where(rng.random(3000) < 0.7, 0.0, rng.lognormal(3, 1, 3000))
    twin = twin_of(one_column(real, Kind.CONTINUOUS), 20_000).numeric("x")
    assert (twin == 0).mean() == pytest.approx((real == 0).mean(), abs=0.01)
    shares = [0.1, 0.5, 0.9, 0.98]
    assert np.quantile(twin[twin > 0], shares) == pytest.approx(np.quantile(real[real > 0], shares), rel=0.12)
    assert real[real > 0].min() <= twin[twin > 0].min()
    assert twin.max() <= real.max()


def test_a_copied_marginal_cannot_be_told_from_the_real_one(rng: np.random.Generator) -> None:
    from scipy.stats import ks_2samp

    real = rng.gamma(2, 30, 2000)
    twin = twin_of(one_column(real, Kind.CONTINUOUS), 50_000).numeric("x")
    assert ks_2samp(real, twin).statistic < 0.012
    assert twin.mean() == pytest.approx(real.mean(), rel=0.01)
    assert twin.std() == pytest.approx(real.std(), rel=0.04)


@pytest.mark.parametrize(
    "made,grain",
    [
        (lambda z: np.round(z * 9 + 50), Grain(1.0, 2)),
        (lambda z: np.round(z, 1), Grain(0.1, 2)),
        (lambda z: np.round(np.exp(z) * 100, 1 - np.floor(np.log10(np.exp(z))).astype(int).min()), None),
        (lambda z: z, Grain(0.0, 0)),
    ],
)
def test_resolution_is_found(made, grain: Grain | None, rng: np.random.Generator) -> None:
    z = rng.normal(size=800)
    values = made(z) if grain is not None else np.array([float(f"{value:.3g}") for value in np.exp(2 * z)])
    found = marginal_of(one_column(values, Kind.CONTINUOUS)).grain
    assert found.digits == 3 if grain is None else found == grain
    twin = twin_of(one_column(values, Kind.CONTINUOUS)).numeric("x")
    assert twin == pytest.approx(found.round(twin), rel=1e-12)


def test_decimals_of_the_schema_come_first(rng: np.random.Generator) -> None:
    twin = twin_of(one_column(rng.normal(size=300).round(3), Kind.CONTINUOUS, decimals=1)).numeric("x")
    assert twin == pytest.approx(np.round(twin, 1), abs=1e-12)
    assert (twin != np.round(twin)).any()


def test_bounds_of_the_schema_hold(rng: np.random.Generator) -> None:
    twin = twin_of(one_column(rng.normal(50, 30, 500).clip(0, 100), Kind.CONTINUOUS, minimum=0, maximum=100))
    values = twin.numeric("x")
    assert values.min() == 0
    assert values.max() == 100, "a limit that many persons share is a spike"


def test_heaps_on_round_numbers_are_kept(rng: np.random.Generator) -> None:
    exact = rng.normal(130, 20, 1500).round()
    real = np.where(rng.random(1500) < 0.8, (exact / 10).round() * 10, exact)
    twin = twin_of(one_column(pa.array(real.astype(int)), Kind.INTEGER), 20_000).numeric("x")
    for digit in range(10):
        assert (twin % 10 == digit).mean() == pytest.approx((real % 10 == digit).mean(), abs=0.025)


def test_dates_and_times_stay_whole(rng: np.random.Generator) -> None:
    days = [date.fromordinal(int(d)) for d in rng.integers(737_000, 739_000, 400)]
    made = twin_of(one_column(pa.array(days), Kind.DATE)).arrow.column("x").to_pylist()
    assert min(days) <= min(made)
    assert max(made) <= max(days)
    minutes = [
        datetime(2024, 1, 1 + int(m) // 1440, int(m) // 60 % 24, int(m) % 60) for m in rng.integers(0, 40_000, 400)
    ]
    again = twin_of(one_column(pa.array(minutes, pa.timestamp("us")), Kind.DATETIME)).arrow.column("x").to_pylist()
    assert all(moment.second == moment.microsecond == 0 for moment in again)
    assert len(set(again)) > 1000


def test_missing_rate_is_kept(rng: np.random.Generator) -> None:
    values = np.where(rng.random(1000) < 0.3, np.nan, rng.normal(size=1000))
    twin = twin_of(one_column(values, Kind.CONTINUOUS), 20_000)
    assert twin.missing("x").mean() == pytest.approx(np.isnan(values).mean(), abs=0.01)


def test_rare_levels_are_left_out_and_said(rng: np.random.Generator) -> None:
    table = one_column(["a"] * 300 + ["b"] * 90 + ["rare"] * 9 + ["single"], Kind.CATEGORICAL)
    fitted = IndependentColumns().fit(table, rng=rng)
    twin = fitted.sample(20_000, rng=rng).to_pandas().x
    assert set(twin) == {"a", "b"}
    assert (twin == "b").mean() == pytest.approx(90 / 390, abs=0.01)
    assert any("2 of 4 levels" in note for note in fitted.notes)
    assert "single" not in json.dumps(fitted.parts().facts)


def test_persons_are_counted_not_rows(rng: np.random.Generator) -> None:
    key = [f"p{n}" for n in range(60) for _ in range(2)] + ["often"] * 80
    level = ["usual"] * 120 + ["theirs"] * 80
    who = Column("id", Kind.IDENTIFIER, frozenset({Role.PERSON_KEY}))
    schema = Schema((who, Column("level", Kind.CATEGORICAL), Column("y", Kind.CONTINUOUS)))
    y = np.concatenate([rng.normal(size=120), np.full(80, 7.77)])
    table = Table(pa.table({"id": key, "level": level, "y": y}), schema)
    twin = twin_of(table).to_pandas()
    assert set(twin.level) == {"usual"}
    assert (twin.y == 7.77).sum() == 0
    assert (twin.y > 4).mean() < 0.06, "eighty rows of one person weigh as one person"


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(12, 400), shape=st.sampled_from(["normal", "lognormal", "uniform"]))
def test_no_unique_value_comes_back(seed: int, n: int, shape: str) -> None:
    rng = np.random.default_rng(seed)
    values = {"normal": rng.normal(size=n), "lognormal": rng.lognormal(size=n), "uniform": rng.random(n)}[shape]
    twin = twin_of(one_column(values, Kind.CONTINUOUS), 2000, seed).numeric("x")
    assert not np.isin(twin, values).any()
    assert values.min() < twin.min()
    assert twin.max() < values.max()


def test_columns_become_independent(rng: np.random.Generator) -> None:
    x = rng.normal(size=1000)
    schema = Schema((Column("x", Kind.CONTINUOUS), Column("y", Kind.CONTINUOUS)))
    twin = twin_of(Table(pa.table({"x": x, "y": x + 0.1}), schema), 5000)
    assert abs(np.corrcoef(twin.numeric("x"), twin.numeric("y"))[0, 1]) < 0.05


def test_rules_hold_in_every_row(rng: np.random.Generator) -> None:
    twin = twin_of(mixed(500), 3000)
    assert not any(rule.violated(twin).any() for rule in twin.schema.constraints)


@pytest.mark.parametrize(
    "text",
    ["age >= 90 and sex = F", "creatinine is missing", "ward in (A, C) or age < 30", "not severe = true", "age = 61",
     "stage >= III and pack_years between 20 and 25", "admitted >= 2021-06-01"],
)  # fmt: skip
def test_conditions_hold(text: str, rng: np.random.Generator) -> None:
    fitted = IndependentColumns().fit(mixed(500), rng=rng)
    where = parse_condition(text, fitted.schema)
    twin = fitted.sample(150, rng=rng, where=where)
    assert len(twin) == 150
    assert where.holds(twin).all()


def test_a_condition_leaves_other_columns_alone(rng: np.random.Generator) -> None:
    fitted = IndependentColumns().fit(mixed(800), rng=rng)
    plain, old = (
        fitted.sample(8000, rng=rng, where=None if text is None else parse_condition(text, fitted.schema)).to_pandas()
        for text in (None, "age >= 80")
    )
    expected = plain.age[plain.age >= 80]
    assert old.age.mean() == pytest.approx(expected.mean(), abs=0.35)
    assert (old.sex == "F").mean() == pytest.approx((plain.sex == "F").mean(), abs=0.03)


def test_impossible_conditions_are_refused(rng: np.random.Generator) -> None:
    fitted = IndependentColumns().fit(mixed(500), rng=rng)
    for text in ("age > 200", "sex = F and sex = M", "age > 200 or pack_years < 0", "sex is missing"):
        with pytest.raises(NotApplicable):
            fitted.sample(10, rng=rng, where=parse_condition(text, fitted.schema))
    with pytest.raises(InvalidRequest, match="no level"):  # it was left out, so the model does not know it
        fitted.sample(10, rng=rng, where=parse_condition('ward = "rare ward"', fitted.schema))


def test_round_trip_is_exact(rng: np.random.Generator) -> None:
    fitted = IndependentColumns().fit(mixed(400), rng=rng)
    parts = fitted.parts()
    facts = json.loads(json.dumps(parts.facts, allow_nan=False))
    again = FittedIndependentColumns.from_parts(fitted.schema, Parts(facts, parts.arrays))
    assert again.notes == fitted.notes
    assert again.sample(500, rng=np.random.default_rng(3)) == fitted.sample(500, rng=np.random.default_rng(3))


def test_nobody_and_one_person_are_too_few(rng: np.random.Generator) -> None:
    for table in (mixed(40).take([]), mixed(40).take([0]), visits(1)):
        with pytest.raises(TooFewRecords, match="10"):
            IndependentColumns().fit(table, rng=rng)


def test_infinite_numbers_are_refused_without_naming_them(rng: np.random.Generator) -> None:
    with pytest.raises(InvalidRecords, match="2 infinite"):
        IndependentColumns().fit(one_column([1.0, np.inf, -np.inf] + [2.0] * 30, Kind.CONTINUOUS), rng=rng)
