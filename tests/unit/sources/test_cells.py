"""What written cells mean: numbers, dates, booleans, durations."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest

from cohortium.errors import InvalidRequest
from cohortium.sources.cells import boolean_pair, distinct, read_booleans, read_dates, read_durations, read_numbers
from cohortium.sources.cells.months import month_number


@pytest.mark.parametrize(
    ("text", "point", "comma"),
    [
        ("3.5", 3.5, 3.5),
        ("3,5", None, 3.5),
        ("1,234", 1234.0, 1.234),
        ("1,234.5", 1234.5, None),
        ("1.234,5", None, 1234.5),
        ("1.234", 1.234, 1234.0),
        ("1 234,5", None, 1234.5),
        ("12,34", None, 12.34),
        ("+7", 7.0, 7.0),
        ("-0.5", -0.5, -0.5),
        (".5", 0.5, 0.5),
        ("2.0E-3", 0.002, 0.002),
        ("inf", None, None),
        ("NaN", None, None),
        ("0x10", None, None),
        ("1_000", None, None),
        ("12 kg", None, None),
        ("", None, None),
    ],
)
def test_numbers_as_people_write_them(text: str, point: float | None, comma: float | None) -> None:
    for decimal_comma, expected in ((False, point), (True, comma)):
        number = read_numbers(pa.array([text]), decimal_comma=decimal_comma)[0]
        assert (np.isnan(number) and expected is None) or number == expected


@pytest.mark.parametrize(
    ("text", "date_format", "expected"),
    [
        ("2024-02-29", None, datetime(2024, 2, 29)),
        ("2023-02-29", None, None),
        ("2024-01-01T10:20", None, datetime(2024, 1, 1, 10, 20)),
        ("2024-01-01 10:20:30.25", None, datetime(2024, 1, 1, 10, 20, 30, 250_000)),
        ("2024-01-01T00:30:00+02:00", None, datetime(2023, 12, 31, 22, 30)),
        ("2024-01-01T10:00:00Z", None, datetime(2024, 1, 1, 10)),
        ("2024-01-01 24:00", None, None),
        ("31/02/2020", "%d/%m/%Y", None),
        ("1/2/2020", "%d/%m/%Y", datetime(2020, 2, 1)),
        ("1/2/2020", "%m/%d/%Y", datetime(2020, 1, 2)),
        ("1.2.20", "%d.%m.%y", datetime(2020, 2, 1)),
        ("1.2.58", "%d.%m.%y", datetime(1958, 2, 1)),
        ("20200229", "%Y%m%d", datetime(2020, 2, 29)),
        ("2020229", "%Y%m%d", None),
        ("4/12/2016 12:00:00 AM", "%m/%d/%Y %I:%M:%S %p", datetime(2016, 4, 12)),
        ("4/12/2016 12:01:00 PM", "%m/%d/%Y %I:%M:%S %p", datetime(2016, 4, 12, 12, 1)),
        ("4/12/2016 13:01:00 PM", "%m/%d/%Y %I:%M:%S %p", None),
        ("03 Mar 2021", "%d %b %Y", datetime(2021, 3, 3)),
        ("3. März 2021", "%d. %B %Y", datetime(2021, 3, 3)),
        ("15 août 2019", "%d %b %Y", datetime(2019, 8, 15)),
        ("15 foo 2019", "%d %b %Y", None),
        ("2020-01-05", "%d/%m/%Y|%Y-%m-%d", datetime(2020, 1, 5)),
        ("05/01/2020", "%d/%m/%Y|%Y-%m-%d", datetime(2020, 1, 5)),
    ],
)
def test_dates_in_their_formats(text: str, date_format: str | None, expected: datetime | None) -> None:
    read = read_dates(pa.array([text]), date_format, latest_year=2035)
    assert read.readable[0] == (expected is not None)
    if expected is not None:
        assert np.datetime64(int(read.microseconds[0]), "us") == np.datetime64(expected)


def test_an_unknown_directive_is_refused_by_name() -> None:
    with pytest.raises(InvalidRequest, match=r"'%j'.*known directives"):
        read_dates(pa.array(["2020-001"]), "%Y-%j")


def test_months_of_eight_languages() -> None:
    french = ["janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre"]
    assert [month_number(name) for name in french] == list(range(1, 11))
    polish = ["sty", "lut", "mar", "kwi", "maj", "cze", "lip", "sie", "wrz", "paź", "lis", "gru"]
    assert [month_number(name) for name in polish] == list(range(1, 13))
    assert [month_number(name) for name in ("MAY", "Dez.", "giugno", "mrt", "Monday"[:2])] == [5, 12, 6, 3, 0]


@pytest.mark.parametrize(
    ("texts", "pair"),
    [
        (["Yes", "no"], ("no", "yes")),
        (["TRUE", "False", "true"], ("false", "true")),
        (["Ja", "Nein"], ("nein", "ja")),
        (["oui", "non"], ("non", "oui")),
        (["sí", "no"], ("no", "sí")),
        (["1.0", "0.0"], ("0", "1")),
        (["Checked", "Unchecked"], ("unchecked", "checked")),
        (["f", "m"], None),
        (["yes"], None),
        (["yes", "no", "maybe"], None),
        (["yes", "nein"], None),
    ],
)
def test_booleans_are_pairs_of_one_language(texts: list[str], pair: tuple[str, str] | None) -> None:
    assert boolean_pair(texts) == pair
    if pair is not None:
        assert set(read_booleans(pa.array(texts)).tolist()) == {0, 1}


def test_clock_times_are_hours() -> None:
    hours = read_durations(pa.array(["7:30", "07:30:36", "100:00", "7:61", "noon"]))
    assert hours[:3].tolist() == [7.5, 7.51, 100.0]
    assert np.isnan(hours[3:]).all()


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["a", " a ", "", None, "b"]),
        pa.chunked_array([["a", "a "], ["", None, "b"]]),
        pa.array(["a", "a", None, None, "b"]).dictionary_encode(),
        pa.array(["a", "a", "", None, "b"], pa.large_string()),
    ],
)
def test_distinct_cells_are_trimmed_and_empty_ones_left_out(column: pa.Array) -> None:
    cells = distinct(column)
    assert cells.texts.to_pylist() == ["a", "b"]
    assert cells.places.tolist() == [0, 0, -1, -1, 1]
    assert cells.counts.tolist() == [2, 1]


def test_distinct_numbers_leave_nan_out_and_write_whole_ones_plainly() -> None:
    cells = distinct(pa.array([1.0, float("nan"), 2.5, None, 1.0, -0.0]))
    assert cells.texts.to_pylist() == ["1", "2.5", "0"]
    assert cells.places.tolist() == [0, -1, 1, -1, 0, 2]
