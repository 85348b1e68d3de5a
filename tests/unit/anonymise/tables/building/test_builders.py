"""What each builder makes of values, and which mistakes it names without telling a value."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cohortium.anonymise.tables.building import (
    atc,
    by_frequency,
    dates,
    halves,
    icd10,
    intervals,
    prefixes,
    quantile_bands,
    read_pairs,
    tree,
    widths_by_factor,
)
from cohortium.anonymise.tables.hierarchy import Hierarchy, read_hierarchy
from cohortium.errors import InvalidRequest, SourceUnreadable


def rows(found: Hierarchy) -> dict[str, list[str]]:
    return {row[0]: row[1:] for row in csv.reader(io.StringIO(found.to_csv()), delimiter=";")}


def test_ages_widen_to_a_star_and_the_oldest_are_one_group() -> None:
    found = rows(intervals("age", ["17", "41", "44", "89", "90", "104", "?"], lowest=18, highest=90))
    assert found["17"] == ["<18", "<18", "<18", "*"]
    assert found["41"] == ["40-44", "40-49", "40-59", "*"]
    assert found["89"] == ["85-89", "80-89", "80-89", "*"]
    assert found["90"] == found["104"] == [">=90", ">=90", ">=90", "*"]
    assert found["?"] == ["?", "?", "?", "*"]


def test_intervals_begin_at_their_origin_and_decimals_are_written_half_open() -> None:
    assert rows(intervals("x", ["1.5", "7"], [5], origin=1))["7"] == ["[6, 11)", "*"]
    assert rows(intervals("x", ["-3"], widths_by_factor(2, 3, 2)))["-3"] == ["-4--3", "-6--1", "*"]


@pytest.mark.parametrize(
    ("widths", "message"), [((5, 12), "no multiple"), ((0,), "above 0"), ((), "at least one"), ((5, 5), "no multiple")]
)
def test_widths_that_do_not_nest_are_refused(widths: tuple[float, ...], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        intervals("age", ["1"], widths)


def test_every_interval_at_a_level_has_the_width_of_the_level() -> None:
    values = [str(one) for one in range(-50, 200)]
    found = intervals("x", values, (4, 8, 32), origin=3)
    for level, width in zip((1, 2, 3), (4, 8, 32), strict=True):
        sizes = np.bincount(found.groups[level])
        assert (sizes[1:-1] == width).all() and sizes.max() == width


def test_decimals_on_a_border_belong_to_the_interval_that_begins_there() -> None:
    values = [repr(one / 10) for one in range(-60, 60)]
    found = rows(intervals("x", values, (0.1, 0.3, 1.5)))
    assert found["0.3"] == ["[0.3, 0.4)", "[0.3, 0.6)", "[0, 1.5)", "*"]
    assert found["-0.6"] == ["[-0.6, -0.5)", "[-0.6, -0.3)", "[-1.5, 0)", "*"]
    assert len({row[0] for row in found.values()}) == len(values)


def test_bands_hold_about_equally_many_rows_and_tell_no_extreme_value() -> None:
    rng = np.random.default_rng(0)
    numbers = np.unique(np.exp(rng.normal(0, 1.5, 4_000)).round(3))
    values, counts = [repr(float(one)) for one in numbers], [1] * len(numbers)
    found = quantile_bands("lab", values, counts, bands=8)
    assert [len(labels) for labels in found.labels[1:]] == [8, 4, 2, 1]
    assert np.ptp(np.bincount(found.groups[1])) <= 2
    told = " ".join(label for labels in found.labels[1:] for label in labels).split()
    assert repr(float(numbers[-1])) not in told and repr(float(numbers[0])) not in told


def test_few_rows_make_fewer_bands() -> None:
    assert quantile_bands("lab", [str(one) for one in range(25)], [1] * 25, bands=16).levels == 3
    with pytest.raises(InvalidRequest, match="power of two"):
        quantile_bands("lab", ["1"], [1], bands=6)


def test_dates_are_told_as_months_to_decades() -> None:
    found = rows(dates("admitted", ["2024-02-29", "1999-12-31", "?"]))
    assert found["2024-02-29"] == ["2024-02", "2024-Q1", "2024", "2020s", "*"]
    assert found["1999-12-31"] == ["1999-12", "1999-Q4", "1999", "1990s", "*"]
    assert rows(dates("at", ["2024-02-29T23:59:00"], ["day", "year"]))["2024-02-29T23:59:00"] == [
        "2024-02-29",
        "2024",
        "*",
    ]


def test_steps_in_another_order_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="in this order"):
        dates("admitted", ["2024-02-29"], ["year", "month"])


def test_postcodes_lose_their_last_characters() -> None:
    found = rows(prefixes("zip", ["81667", "8166", "?"]))
    assert found["81667"] == ["8166*", "816**", "81***", "8****", "*"]
    assert found["8166"] == found["81667"]
    assert rows(prefixes("zip", ["81667"], [3]))["81667"] == ["816**", "*"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("I21.4", ["I21", "I2", "I00-I99", "*"]),
        ("c509", ["C50", "C5", "C00-D49", "*"]),
        ("D48", ["D48", "D4", "C00-D49", "*"]),
        ("D50.0", ["D50", "D5", "D50-D89", "*"]),
        ("H59.9", ["H59", "H5", "H00-H59", "*"]),
        ("H60", ["H60", "H6", "H60-H95", "*"]),
        ("B99", ["B99", "B9", "A00-B99", "*"]),
        ("T88.7XXA", ["T88", "T8", "S00-T98", "*"]),
        ("Y84", ["Y84", "Y8", "V00-Y99", "*"]),
        ("U07.1", ["U07", "U0", "U00-U99", "*"]),
        ("Z95.1", ["Z95", "Z9", "Z00-Z99", "*"]),
    ],
)
def test_icd10_codes_climb_to_their_chapter(code: str, expected: list[str]) -> None:
    assert rows(icd10("diagnosis", [code]))[code] == expected


def test_atc_codes_climb_their_five_levels() -> None:
    found = rows(atc("drug", ["A10BA02", "A10BB01", "C07"]))
    assert found["A10BA02"] == ["A10BA", "A10B", "A10", "A", "*"]
    assert found["C07"] == ["C07", "C07", "C07", "C", "*"]


def test_ordered_levels_are_joined_with_their_neighbours() -> None:
    found = rows(halves("stage", ["III", "I", "?"], ["0", "I", "II", "III", "IV"]))
    assert found["I"] == ["0 to I", "0 to III", "*"]
    assert found["III"] == ["II to III", "0 to III", "*"]
    assert found["?"] == ["?", "?", "*"]


def test_a_tree_with_ways_of_different_length() -> None:
    parents = {
        "Munich": "Bavaria",
        "Bavaria": "Germany",
        "Porto": "Portugal",
        "Germany": "Europe",
        "Portugal": "Europe",
    }
    found = rows(tree("place", ["Munich", "Porto", "Germany", "Oslo", "?"], parents))
    assert found["Munich"] == ["Bavaria", "Germany", "Europe", "*"]
    assert found["Porto"] == ["Porto", "Portugal", "Europe", "*"]
    assert found["Germany"] == ["Germany", "Germany", "Europe", "*"]
    assert found["Oslo"] == ["Oslo", "Oslo", "Oslo", "*"]


def test_a_circle_is_counted_and_not_told() -> None:
    with pytest.raises(InvalidRequest, match="3 of its 4 nodes") as caught:
        tree(
            "place", ["Munich"], {"Munich": "Bavaria", "Bavaria": "Germany", "Germany": "Bavaria", "Porto": "Portugal"}
        )
    assert "Munich" not in str(caught.value) and "Bavaria" not in str(caught.value)


@pytest.mark.parametrize(("text", "message"), [("a;b;c\n", "line 1"), ("a;b\na;c\n", "line 2"), ("a;\n", "line 1")])
def test_lines_that_are_no_pairs_are_named(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text(text)
    with pytest.raises(InvalidRequest, match=message):
        read_pairs(tmp_path / "pairs.csv")
    with pytest.raises(SourceUnreadable):
        read_pairs(tmp_path / "none.csv")


def test_the_rarest_are_joined_first() -> None:
    values, counts = ["a", "b", "c", "d", "e", "f", "?"], [50, 3, 20, 20, 1, 2, 9]
    found = rows(by_frequency("ward", values, counts))
    assert found["a"] == ["a", "a", "*"]
    assert found["d"] == ["d", "other", "*"]
    assert found["b"] == found["e"] == found["f"] == ["other", "other", "*"]
    assert found["?"] == ["?", "?", "*"]


def test_a_value_called_other_keeps_its_name() -> None:
    found = rows(by_frequency("ward", ["other", "b", "c", "d"], [9, 8, 2, 1]))
    assert found["other"][0] == "other" and found["d"][0] == "(other)"


@pytest.mark.parametrize(
    "build",
    [
        lambda values: intervals("x", values),
        lambda values: dates("x", values),
        lambda values: icd10("x", values),
        lambda values: atc("x", values),
        lambda values: halves("x", values, ["a", "b"]),
        lambda values: quantile_bands("x", values, [1] * len(values)),
    ],
)
def test_values_that_do_not_suit_are_counted_and_not_told(build: Callable[[list[str]], Hierarchy]) -> None:
    with pytest.raises(InvalidRequest, match="2") as caught:
        build(["Smith-Miller", "Jones-Baker"])
    assert "Smith" not in str(caught.value) and "Jones" not in str(caught.value)


def test_no_values_make_no_hierarchy() -> None:
    with pytest.raises(InvalidRequest, match="no values"):
        icd10("x", [])
    with pytest.raises(InvalidRequest, match="no values"):
        tree("x", [], {})


def test_the_intervals_of_arx_for_adult_come_out_of_ours() -> None:
    folder = os.environ.get("COHORTIUM_DATA")
    if not folder:
        pytest.skip("COHORTIUM_DATA names no folder of data, which holds the hierarchies of ARX")
    theirs = read_hierarchy(Path(folder) / "tabular/adult_hierarchies/adult_hierarchy_age.csv", "age")
    ours = intervals("age", theirs.values, (5, 10, 20), origin=1)  # theirs put 20 with 16 to 19
    for level in (1, 2, 3):
        together = set(zip(theirs.groups[level].tolist(), ours.groups[level].tolist(), strict=True))
        assert len(together) == len(theirs.labels[level]) == len(ours.labels[level])
