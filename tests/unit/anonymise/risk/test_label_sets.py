"""What a released text may stand for."""

from __future__ import annotations

import pytest
from tests.lattices import halving

from cohortium.anonymise.risk import LabelSets
from cohortium.anonymise.tables.hierarchy import Hierarchy
from cohortium.errors import InvalidRequest, NotApplicable

AGES = tuple(str(age) for age in range(100))


def possible(text: str, values: tuple[str, ...] = AGES, hierarchy: Hierarchy | None = None) -> list[str]:
    sets = LabelSets.of("age", values, [text], hierarchy)
    return [value for value, holds in zip(sets.values, sets.holds[0], strict=True) if holds]


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("34", 34, 34),
        ("30-39", 30, 39),
        ("[30, 40)", 30, 39),
        ("(30, 40]", 31, 40),
        ("30 to 39", 30, 39),
        ("30..39", 30, 39),
        ("<5", 0, 4),
        ("≤ 5", 0, 5),
        (">=95", 95, 99),
        ("90+", 90, 99),
        ("90 and above", 90, 99),
        ("below 3", 0, 2),
        ("*", 0, 99),
        ("?", 0, 99),
    ],
)
def test_intervals_are_read(text: str, low: int, high: int) -> None:
    assert possible(text) == [str(age) for age in range(low, high + 1)]


def test_sets_and_beginnings_are_read() -> None:
    towns = ("Mainz", "Madrid", "Rome")
    assert possible("{Rome, Mainz}", towns) == ["Mainz", "Rome"]
    assert possible("Ma*", towns) == ["Mainz", "Madrid"]
    dates = ("1980-05-02", "1980-06-01", "1981-05-02")
    assert possible("1980", dates) == ["1980-05-02", "1980-06-01"]
    assert possible("1980-05", dates) == ["1980-05-02"]


def test_a_missing_value_that_the_original_has_stands_for_itself() -> None:
    assert possible("?", ("34", "?")) == ["?"]


def test_the_hierarchy_tells_what_a_name_holds() -> None:
    lands = Hierarchy.from_rows("land", [["DE", "north", "*"], ["SE", "north", "*"], ["IT", "south", "*"]])
    assert possible("north", ("IT", "DE"), lands) == ["DE", "SE"]
    assert possible("*", ("IT", "DE"), lands) == ["IT", "DE", "SE"]
    assert possible("DE", ("IT", "DE"), lands) == ["DE"]


def test_losses_are_those_of_the_hierarchy() -> None:
    eight = halving("x", 8)
    sets = LabelSets.of("x", eight.values, ["0", "0-1", "0-3", "*"], eight)
    assert sets.losses() == pytest.approx(eight.shares()[:, 0])


def test_one_text_per_value_is_a_partition() -> None:
    assert LabelSets.of("age", AGES, ["0-49", "50-99"]).is_partition
    assert not LabelSets.of("age", AGES, ["0-49", "40-99"]).is_partition
    assert list(LabelSets.of("age", AGES, ["0-49"]).text_of_value()[48:52]) == [0, 0, -1, -1]


def test_a_band_in_which_nobody_is_rules_everybody_out() -> None:
    sets = LabelSets.of("age", AGES, ["120-129", "5"])
    assert not sets.holds[0].any()
    assert sets.losses().min() == 0.0


def test_texts_that_say_nothing_are_counted_and_not_repeated() -> None:
    with pytest.raises(InvalidRequest, match="2 of the 3") as caught:
        LabelSets.of("age", AGES, ["30-39", "elderly Ada", "infant Bob"])
    assert "Ada" not in str(caught.value)


def test_changed_numbers_are_not_generalised_ones() -> None:
    with pytest.raises(NotApplicable, match="changed"):
        LabelSets.of("age", AGES, ["34.7", "35"])
