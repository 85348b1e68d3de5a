"""Extreme values that must not survive, and rounding that keeps sums."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from tests.tables import mixed

from cohortium.anonymise.tables.transform import code_ends, round_to
from cohortium.errors import InvalidRequest, TooFewRecords
from cohortium.privacy.secure_noise import InsecureNoise
from cohortium.records import Column, Kind, Schema, Table

TABLE = mixed(2_000)


def test_values_beyond_a_bound_are_told_as_the_bound() -> None:
    coded = code_ends(TABLE, "age", bottom=40, top=89)
    before, after = TABLE.numeric("age"), coded.numeric("age")
    assert (after == np.clip(before, 40, 89)).all()
    assert before.max() > 89 and before.min() < 40
    assert coded.select(["sex", "left"]) == TABLE.select(["sex", "left"])


def test_the_mean_beyond_the_bound_keeps_the_mean_of_the_column() -> None:
    coded = code_ends(TABLE, "pack_years", top=0.95, percentiles=True, told="mean")
    before, after = TABLE.numeric("pack_years"), coded.numeric("pack_years")
    assert after.mean() == pytest.approx(before.mean(), abs=0.01)
    assert after.max() < before.max()
    assert (after == after.max()).sum() == pytest.approx(100, abs=5)


def test_missing_values_stay_missing() -> None:
    coded = code_ends(TABLE, "creatinine", top=0.9, percentiles=True)
    assert (coded.missing("creatinine") == TABLE.missing("creatinine")).all()
    assert coded.numeric("creatinine")[~coded.missing("creatinine")].max() == pytest.approx(
        np.nanquantile(TABLE.numeric("creatinine"), 0.9), abs=0.005
    )


def test_a_mean_over_few_rows_would_tell_them() -> None:
    third = np.sort(TABLE.numeric("pack_years"))[-4]
    with pytest.raises(TooFewRecords, match="would tell their values") as caught:
        code_ends(TABLE, "pack_years", top=third, told="mean")
    assert str(TABLE.numeric("pack_years").max()) not in str(caught.value)


@pytest.mark.parametrize(
    "asked",
    [{}, {"bottom": 80, "top": 40}, {"top": 1.5, "percentiles": True}],
)
def test_bounds_that_make_no_sense_are_refused(asked: dict[str, float]) -> None:
    with pytest.raises(InvalidRequest):
        code_ends(TABLE, "age", **asked)  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest, match="number or date"):
        code_ends(TABLE, "sex", top=3)


def test_numbers_and_dates_become_multiples_of_the_base() -> None:
    assert (round_to(TABLE, "age", 5).numeric("age") % 5 == 0).all()
    assert (round_to(TABLE, "admitted", 7).numeric("admitted") % 7 == 0).all()
    one = Table(pa.table({"x": [2.5, 7.4, -2.5, None]}), Schema((Column("x", Kind.CONTINUOUS),)))
    assert round_to(one, "x", 5).arrow.column("x").to_pylist() == [5.0, 5.0, 0.0, None]


def test_rounding_at_random_is_right_on_average_and_leaves_multiples() -> None:
    noise = InsecureNoise(np.random.default_rng(0))
    table = Table(
        pa.table({"x": np.r_[np.full(40_000, 3.0), np.full(9, 10.0)]}), Schema((Column("x", Kind.CONTINUOUS),))
    )
    told = round_to(table, "x", 5, at_random=True, noise=noise).numeric("x")
    assert set(told[:40_000]) == {0.0, 5.0}
    assert told[:40_000].mean() == pytest.approx(3.0, abs=4 * np.sqrt(6 / 40_000))
    assert set(told[40_000:]) == {10.0}


def test_the_secure_source_is_the_default() -> None:
    rounds = [round_to(TABLE, "age", 20, at_random=True).numeric("age") for _ in range(2)]
    assert (rounds[0] != rounds[1]).any()


@pytest.mark.parametrize("base", [0, -1, float("nan"), float("inf")])
def test_a_base_must_be_above_zero(base: float) -> None:
    with pytest.raises(InvalidRequest):
        round_to(TABLE, "pack_years", base)


def test_whole_numbers_need_a_whole_base() -> None:
    with pytest.raises(InvalidRequest, match="whole base"):
        round_to(TABLE, "age", 2.5)
