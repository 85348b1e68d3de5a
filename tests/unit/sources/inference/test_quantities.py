"""The table of quantities: its rows agree with themselves, and names find them."""

from __future__ import annotations

import numpy as np
import pytest

from cohortium.sources.inference.quantities import QUANTITIES, is_never_zero, plausible_range
from cohortium.sources.inference.quantity import Quantity


def _called(called: str) -> Quantity:
    return next(quantity for quantity in QUANTITIES if quantity.called == called)


def test_limits_follow_the_unit_stated_or_the_one_that_fits() -> None:
    height = _called("height")
    metres = np.array([1.6, 1.7, 1.8])
    assert height.limits_of(metres, "cm") == ((20, 275), "cm")
    assert height.limits_of(metres, None) == ((0.2, 2.75), "m")
    assert height.limits_of(np.array([900.0, 950.0]), None)[1] == "cm"
    creatinine = _called("creatinine")
    assert creatinine.limits_of(metres, "umol/L")[1] == creatinine.limits_of(metres, "μmol / l")[1] == "µmol/L"


def test_limits_of_units_agree_with_their_factors() -> None:
    """The upper limits in two units of one quantity differ by a factor that the row names."""
    for quantity in QUANTITIES:
        tops = [high for _, high in quantity.limits.values()]
        if quantity.called in ("age", "body temperature", "HbA1c"):
            continue  # not proportional, or wide on purpose
        for top in tops[1:]:
            ratio = max(tops[0] / top, top / tops[0])
            assert any(abs(np.log(ratio / factor)) < 0.06 for factor in quantity.factors), quantity.called


def test_no_name_speaks_of_two_quantities() -> None:
    names = [name for quantity in QUANTITIES for name in {"".join(phrase) for phrase in quantity.phrases}]
    assert len(names) == len(set(names))


def test_what_is_plausible_is_possible() -> None:
    for quantity in QUANTITIES:
        for unit, (low, high) in quantity.plausible.items():
            least, most = quantity.limits.get(unit, (low, high))
            # 0.4 lb beside 0.45 lb: the limit of 0.2 kg, rounded in two ways.
            assert low >= least * 0.88 and high <= most, (quantity.called, unit)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Weight_kg", True),
        ("Körpergröße", True),
        ("BP_Sys_1", True),
        ("skin_thickness", True),
        ("hdl", True),
        ("SpO2", True),
        ("weight_loss", False),
        ("insulin_dose", False),
        ("age", False),
        ("ph.ecog", False),
        ("bilirubin", False),
    ],
)
def test_a_zero_can_be_a_value_or_not(name: str, expected: bool) -> None:
    assert is_never_zero(name) is expected


def test_plausible_ranges_follow_the_unit() -> None:
    assert plausible_range("weight", "lb", 90, 300) == (0.4, 1100)
    assert plausible_range("weight", None, 90, 300) is None  # kilograms or pounds
    assert plausible_range("trestbps", None, 90, 200) == (10, 350)
    assert plausible_range("trestbps", "mmHg", 400, 500) is None  # the data contradict it
    assert plausible_range("age", "months", 3, 200) == (0, 1440)
    assert plausible_range("age_of_the_mother_at_birth", "years", 3, 200) is None
    assert plausible_range("stenosis", "%", 0, 80) == (0, 100)
