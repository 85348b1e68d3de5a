"""Noise that keeps rules and relations, and leaves no exact value."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from tests.tables import mixed

from cohortium.anonymise.tables.transform import perturb
from cohortium.errors import InvalidRequest, TooFewRecords
from cohortium.privacy.secure_noise import InsecureNoise
from cohortium.records import Column, FunctionalDependency, Inequality, Kind, Schema, SumRule, Table


def noise(seed: int = 0) -> InsecureNoise:
    return InsecureNoise(np.random.default_rng(seed))


def three(rows: int = 20_000) -> Table:
    rng = np.random.default_rng(5)
    drawn = rng.multivariate_normal([10, -3, 100], [[4, 3, 1], [3, 9, 2], [1, 2, 16]], rows)
    return Table(
        pa.table({name: drawn[:, place] for place, name in enumerate("abc")}),
        Schema(tuple(Column(name, Kind.CONTINUOUS) for name in "abc")),
    )


def matrix(table: Table) -> np.ndarray:
    return np.array([table.numeric(name) for name in "abc"])


def test_means_variances_and_correlations_stay() -> None:
    table = three()
    found = perturb(table, list("abc"), 0.5, noise=noise()).table
    assert matrix(found).mean(axis=1) == pytest.approx(matrix(table).mean(axis=1), abs=0.15)
    assert np.cov(matrix(found)) == pytest.approx(np.cov(matrix(table)), rel=0.06, abs=0.2)
    assert not np.isin(matrix(found), matrix(table)).any()


def test_noise_of_their_own_weakens_correlations_as_it_should() -> None:
    table = three()
    found = perturb(table, list("abc"), 0.5, correlated=False, noise=noise()).table
    assert np.var(matrix(found), axis=1) == pytest.approx(1.5 * np.var(matrix(table), axis=1), rel=0.05)
    expected = np.corrcoef(matrix(table)) / 1.5
    np.fill_diagonal(expected, 1.0)
    assert np.corrcoef(matrix(found)) == pytest.approx(expected, abs=0.02)


def test_ranges_and_inequalities_hold_in_every_row() -> None:
    table = mixed(3_000)
    found = perturb(table, ["age", "pack_years", "admitted", "left"], 0.3, noise=noise())
    ages = found.table.numeric("age")
    assert ages.min() >= 18 and ages.max() <= 99 and (ages == np.rint(ages)).all()
    assert np.nanmin(found.table.numeric("pack_years")) >= 0
    for rule in table.schema.constraints:
        assert not rule.violated(found.table).any()
    assert found.blanked == found.table.missing("left").sum()
    assert found.redrawn > 0
    assert found.table.select(["sex", "stage"]) == table.select(["sex", "stage"])


def sums(rows: int = 500) -> Table:
    rng = np.random.default_rng(3)
    parts = rng.gamma(3, 20, (rows, 2)).round(1)
    schema = Schema(
        (
            Column("drugs", Kind.CONTINUOUS, minimum=0, decimals=1),
            Column("care", Kind.CONTINUOUS, minimum=0, decimals=1),
            Column("total", Kind.CONTINUOUS, minimum=0, decimals=1),
            Column("limit", Kind.CONTINUOUS),
        ),
        (SumRule("total", ("drugs", "care")), Inequality("total", "<=", "limit")),
    )
    frame = {
        "drugs": parts[:, 0],
        "care": parts[:, 1],
        "total": parts.sum(axis=1).round(1),
        "limit": parts.sum(axis=1) + 5,
    }
    return Table(pa.table(frame), schema)


def test_a_total_is_the_sum_of_its_noisy_parts() -> None:
    table = sums()
    found = perturb(table, ["drugs", "care", "total"], 0.2, noise=noise())
    for rule in table.schema.constraints:
        assert not rule.violated(found.table).any()
    changed = found.table.numeric("total") != table.numeric("total")
    assert changed.mean() > 0.9


def test_rows_that_cannot_be_kept_right_lose_their_values_rather_than_keep_them() -> None:
    table = sums()
    hard = table.with_schema(replace(table.schema, columns=tuple(
        replace(one, maximum=1e-9) if one.name == "limit" else one for one in table.schema.columns
    )))  # fmt: skip
    tight = Table(
        hard.arrow.set_column(3, "limit", pa.array(np.where(np.arange(500) < 100, table.numeric("total"), 1e9))),
        table.schema,
    )
    found = perturb(tight, ["drugs", "care", "total"], 40.0, noise=noise())
    assert found.blanked > 0
    blank = found.table.missing("total")
    assert blank.sum() == found.blanked
    assert (found.table.missing("drugs") == blank).all() and (found.table.missing("care") == blank).all()
    assert not any(rule.violated(found.table).any() for rule in table.schema.constraints)


def test_missing_values_stay_missing() -> None:
    table = mixed(500)
    found = perturb(table, ["creatinine", "pack_years"], noise=noise()).table
    assert (found.missing("creatinine") == table.missing("creatinine")).all()


def test_what_noise_cannot_keep_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="Name them all"):
        perturb(sums(), ["drugs"])
    coded = Schema((Column("code", Kind.INTEGER), Column("x", Kind.CONTINUOUS)))
    few = Table(pa.table({"code": [1, 2], "x": [1.0, None]}), coded)
    with pytest.raises(TooFewRecords, match="'x'"):
        perturb(few, ["x"])
    with pytest.raises(InvalidRequest, match="above 0"):
        perturb(sums(), ["drugs", "care", "total"], 0.0)
    with pytest.raises(InvalidRequest, match="number or date"):
        perturb(mixed(20), ["sex"])
    table = mixed(20)
    ruled = table.with_schema(table.schema.with_constraints(FunctionalDependency("age", "grade")))
    with pytest.raises(InvalidRequest, match="age -> grade"):
        perturb(ruled, ["age"])


def test_the_secure_source_is_the_default() -> None:
    assert perturb(three(50), ["a"]).table != perturb(three(50), ["a"]).table
