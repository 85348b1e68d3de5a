"""Boxes of rows: no row within the plausible ranges lies outside, and some reach the end."""

from __future__ import annotations

from itertools import product

import numpy as np
import pyarrow as pa
import pytest

from cohortium.analyse.design import design, term_names
from cohortium.analyse.noise.plausible_box import box_of, levels_box, number_box
from cohortium.errors import NotApplicable
from cohortium.records import Column, Kind, Schema, Table

SCHEMA = Schema(
    (
        Column("age", Kind.INTEGER, minimum=18, maximum=100),
        Column("change", Kind.CONTINUOUS, minimum=-3, maximum=5),
        Column("stage", Kind.CATEGORICAL, levels=("I", "II", "III", "IV")),
        Column("smoker", Kind.BOOLEAN),
        Column("only", Kind.CATEGORICAL, levels=("one",)),
        Column("free", Kind.CONTINUOUS),
    )
)


def everybody() -> Table:
    """Rows on a grid over the ranges, ends included, with all levels."""
    ages, changes = range(18, 101, 2), [*np.linspace(-3, 5, 9), 0.0]
    rows = list(product(ages, changes, ["I", "II", "III", "IV"], [False, True], ["one"], [0.0]))
    return Table(pa.table({name: [row[place] for row in rows] for place, name in enumerate(SCHEMA.names)}), SCHEMA)


@pytest.mark.parametrize(
    ("covariates", "square"),
    [
        (("age",), 1.0),
        (("age", "change"), 2.0),
        (("square(change)", "log(age)", "log1p(age)", "sqrt(age)"), 4.0),
        (("rcs(age, 30, 50, 70, 90)",), 3.0),
        (("stage",), 1.0),
        (("smoker", "stage", "only"), 2.0),
        (("stage:age",), 1.0),
        (("stage:smoker", "smoker:change"), 2.0),
        (("stage:rcs(age, 30, 50, 70)",), 2.0),
        (("age:change",), 1.0),
    ],
    ids=repr,
)
def test_no_row_lies_outside_and_some_at_the_end(covariates: tuple[str, ...], square: float) -> None:
    box = box_of(SCHEMA, covariates)
    rows = (design(everybody(), covariates) - box.middle) / box.half
    assert len(box.middle) == len(term_names(SCHEMA, covariates))
    assert box.square == square
    assert np.abs(rows).max() <= 1 + 1e-12
    lengths = (rows**2).sum(axis=1)
    assert lengths.max() == pytest.approx(square)
    for place in np.flatnonzero(~np.isnan(box.low)):
        np.testing.assert_allclose(np.unique(rows[:, place].round(9)), [box.low[place], box.high[place]], atol=1e-9)


def test_two_levels_become_minus_one_and_one() -> None:
    box = levels_box(2)
    assert ((np.array([0.0, 1.0]) - box.middle) / box.half).tolist() == [-1.0, 1.0]
    assert number_box(SCHEMA, "smoker").middle == box.middle
    assert len(levels_box(1).middle) == 0 and levels_box(1).square == 0.0


def test_what_has_no_range_has_no_box() -> None:
    with pytest.raises(NotApplicable, match="plausible range of 'free'"):
        box_of(SCHEMA, ("age", "free"))
    with pytest.raises(NotApplicable, match="no value at an end"):
        box_of(SCHEMA, ("log(change)",))
