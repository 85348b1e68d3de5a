from __future__ import annotations

import numpy as np
import pytest
from tests.tables import mixed

from cohortium.errors import InvalidRequest
from cohortium.records import conjuncts, parse_condition

TABLE = mixed(400)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("age >= 70 and sex = F", lambda f: (f.age >= 70) & (f.sex == "F")),
        ("age < 30 or age > 80", lambda f: (f.age < 30) | (f.age > 80)),
        ("not (sex = F)", lambda f: f.sex != "F"),
        ("stage >= III", lambda f: f.stage.isin(["III", "IV"])),
        ("stage in (I, IV) and severe = yes", lambda f: f.stage.isin(["I", "IV"]) & f.severe),
        ("age between 50 and 60", lambda f: f.age.between(50, 60)),
        ("creatinine is missing", lambda f: f.creatinine.isna()),
        ("creatinine is not missing and creatinine > 1.5", lambda f: f.creatinine > 1.5),
        ("admitted >= 2020-01-01", lambda f: f.admitted >= "2020-01-01"),
        ("\"ward\" != 'rare ward'", lambda f: f.ward != "rare ward"),
    ],
)
def test_conditions_pick_the_rows_that_pandas_picks(text: str, expected: object) -> None:
    frame = TABLE.to_pandas()
    wanted = expected(frame).to_numpy(dtype=bool)  # type: ignore[operator]
    assert 0 < wanted.sum() < len(TABLE)
    np.testing.assert_array_equal(parse_condition(text, TABLE.schema).holds(TABLE), wanted)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("age >=", "expected a value at character 7"),
        ("height > 3", "no column 'height'"),
        ("age > old", "should be a number"),
        ("admitted > soon", "a date such as"),
        ("sex >= F", None),
        ("age > 3 age", "expected 'and', 'or' or the end"),
        ("(age > 3", "expected ')'"),
        ("stage = V", None),
    ],
)
def test_mistakes_are_explained(text: str, message: str | None) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_condition(text, TABLE.schema).holds(TABLE)
    assert message is None or message in str(caught.value)


def test_conjuncts_are_the_tests_that_must_hold() -> None:
    condition = parse_condition("age > 3 and (sex = F or sex = M) and stage = I", TABLE.schema)
    assert [test.column for test in conjuncts(condition)] == ["age", "stage"]
