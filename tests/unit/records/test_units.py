from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohortium.records.units import AMBIGUOUS, SIZES, factor_between


@pytest.mark.parametrize(
    ("unit", "wanted", "factor"),
    [
        ("mg/dL", "mg/L", 10.0),
        ("mg/dL", "g/L", 0.01),
        ("g/dL", "g/L", 10.0),
        ("ng/mL", "µg/L", 1.0),
        ("mmol/L", "µmol/L", 1000.0),
        ("g", "kg", 0.001),
        ("lb", "kg", 0.45359237),
        ("cm", "m", 0.01),
        ("in", "cm", 2.54),
        ("weeks", "days", 7.0),
        ("months", "days", 30.4375),
        ("years", "days", 365.25),
        ("months", "years", 1 / 12),
        ("mL/min", "L/h", 0.06),
        ("kPa", "mmHg", 7.500617),
    ],
)
def test_factors_are_the_known_ones_in_both_directions(unit: str, wanted: str, factor: float) -> None:
    assert factor_between(unit, wanted) == pytest.approx(factor, rel=1e-6)
    assert factor_between(wanted, unit) == pytest.approx(1 / factor, rel=1e-6)


@pytest.mark.parametrize(
    ("unit", "same"),
    [
        ("mg/dl", "mg/dL"),
        ("MG/DL", "mg/dL"),
        ("mg per dL", "mg/dL"),
        (" mg / dL ", "mg/dL"),
        ("\N{MICRO SIGN}g/L", "\N{GREEK SMALL LETTER MU}g/L"),
        ("ug/L", "\N{MICRO SIGN}g/L"),
        ("mcg/L", "ug/L"),
        ("kg/m²", "kg/m2"),
        ("mm Hg", "mmHg"),
        ("U/l", "U/L"),
        ("Years", "years"),
    ],
)
def test_spelling_does_not_matter(unit: str, same: str) -> None:
    assert factor_between(unit, same) == 1.0


@pytest.mark.parametrize(
    ("unit", "other"),
    [
        ("mg/dL", "mmol/L"),
        ("mg/dL", "mg"),
        ("mg/dL", "dL/mg"),
        ("G/L", "g/L"),
        ("Mg", "mg"),
        ("mEq/L", "mmol/L"),
        ("U/L", "u/L"),
        ("°C", "°F"),
        ("°C", "K"),
        ("%", "mmol/mol"),
        ("m", "min"),
        ("", "mg"),
    ],
)
def test_no_factor_where_it_depends_on_what_is_measured_or_meant(unit: str, other: str) -> None:
    assert factor_between(unit, other) is None
    assert factor_between(other, unit) is None


NAMES = [(name, measured) for measured, sizes in SIZES.items() for name in sizes]


@given(st.sampled_from(NAMES), st.sampled_from(NAMES))
def test_there_and_back_is_one_where_the_same_is_measured(one: tuple[str, str], other: tuple[str, str]) -> None:
    there, back = factor_between(one[0], other[0]), factor_between(other[0], one[0])
    if one[1] != other[1]:
        assert there is None and back is None
    else:
        assert there is not None and back is not None
        assert there * back == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("part", sorted(AMBIGUOUS))
def test_a_capital_that_may_mean_another_unit_is_not_taken_for_a_small_letter(part: str) -> None:
    assert factor_between(part, part.lower()) is None
    assert factor_between(part, part) == 1.0
