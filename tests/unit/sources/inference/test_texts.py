"""Numbers, dates, booleans, ordinals and prose that a file stores as text."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from cohortium.records import Kind
from cohortium.sources import conform, infer_schema

RNG = np.random.default_rng(8)


@pytest.mark.parametrize(
    ("cells", "comma", "first", "decimals"),
    [
        (["3,5", "70,25", "1.234,5"], True, 3.5, 2),
        (["3,5", "4.25", "7"], True, 3.5, 2),
        (["1,234", "12,345.5", "7"], False, 1234.0, 1),
        (["1234.5", "2.25"], False, 1234.5, 2),
        (["1 234,5", "2,25"], True, 1234.5, 2),
    ],
)
def test_decimal_commas_and_thousands_marks(cells: list[str], comma: bool, first: float, decimals: int) -> None:
    raw = pa.table({"x": cells * 30})
    schema = infer_schema(raw)
    assert schema["x"].decimal_comma is comma
    table = conform(raw, schema.replace_column(schema["x"]))
    if schema["x"].kind.is_numeric:
        assert table.numeric("x")[0] == first
        assert schema["x"].decimals in (decimals, None)
    else:  # three different numbers in ninety cells are steps of a scale
        assert schema["x"].kind is Kind.ORDINAL


def test_many_comma_numbers_are_continuous_with_their_decimals() -> None:
    cells = [f"{value:.2f}".replace(".", ",") for value in RNG.normal(70, 9, 200)]
    column = infer_schema(pa.table({"weight_kg": cells}))["weight_kg"]
    assert (column.kind, column.decimal_comma, column.decimals, column.unit) == (Kind.CONTINUOUS, True, 2, "kg")
    assert any("200 cells have a decimal comma" in reason for reason in column.reasons)


def test_ambiguous_commas_follow_the_rest_of_the_file_or_are_unsure() -> None:
    ambiguous = [f"{a},{b:03d}" for a, b in zip(RNG.integers(1, 9, 200), RNG.integers(0, 1000, 200), strict=True)]
    proof = [f"{a},{b}" for a, b in zip(RNG.integers(1, 9, 200), RNG.integers(0, 99, 200), strict=True)]
    alone = infer_schema(pa.table({"x": ambiguous}))["x"]
    assert not alone.decimal_comma
    assert any(reason.startswith("Unsure") for reason in alone.reasons)
    beside = infer_schema(pa.table({"x": ambiguous, "y": proof}))["x"]
    assert beside.decimal_comma


DAYS = [(1 + i % 28, 1 + i % 12, 1950 + i % 60) for i in range(400)]


@pytest.mark.parametrize(
    ("cells", "kind", "date_format"),
    [
        ([f"{y}-{m:02d}-{d:02d}" for d, m, y in DAYS], Kind.DATE, None),
        ([f"{y}-{m:02d}-{d:02d}T10:{d:02d}:00" for d, m, y in DAYS], Kind.DATETIME, None),
        ([f"{d}/{m}/{y}" for d, m, y in DAYS], Kind.DATE, "%d/%m/%Y"),
        ([f"{m}/{d}/{y}" for d, m, y in DAYS], Kind.DATE, "%m/%d/%Y"),
        ([f"{d:02d}.{m:02d}.{y}" for d, m, y in DAYS], Kind.DATE, "%d.%m.%Y"),
        ([f"{d:02d}.{m:02d}.{y % 100:02d}" for d, m, y in DAYS], Kind.DATE, "%d.%m.%y"),
        ([f"{y}{m:02d}{d:02d}" for d, m, y in DAYS], Kind.DATE, "%Y%m%d"),
        ([f"{m}/{d}/{y} 12:00:00 AM" for d, m, y in DAYS], Kind.DATE, "%m/%d/%Y %I:%M:%S %p"),
        ([f"{m}/{d}/{y} {1 + d % 12}:05 PM" for d, m, y in DAYS], Kind.DATETIME, "%m/%d/%Y %I:%M %p"),
        ([f"{d:02d}-Mar-{y}" for d, _, y in DAYS], Kind.DATE, "%d-%b-%Y"),
        ([f"{d:02d} August {y}" for d, _, y in DAYS], Kind.DATE, "%d %b %Y"),
        ([f"{d}/{m}/{y}" for d, m, y in DAYS] + [f"{y}-{m:02d}-{d:02d}" for d, m, y in DAYS], Kind.DATE, None),
    ],
)
def test_dates_are_found_with_their_format(cells: list[str], kind: Kind, date_format: str | None) -> None:
    raw = pa.table({"when": cells})
    schema = infer_schema(raw)
    assert schema["when"].kind is kind
    found = schema["when"].date_format
    if len(cells) > len(DAYS):
        assert found is not None
        assert set(found.split("|")) == {"%d/%m/%Y", "%Y-%m-%d"}
    else:
        assert found == date_format
    table = conform(raw, schema)
    d, m, y = DAYS[3]
    expected = np.datetime64(f"{y}-{3 if 'Mar' in cells[3] else 8 if 'August' in cells[3] else m:02d}-{d:02d}")
    scale = 86_400 if kind is Kind.DATETIME else 1
    assert table.numeric("when")[3] // scale == (expected - np.datetime64("1970-01-01")).astype(int)


def test_day_and_month_are_told_by_another_column_or_said_to_be_unsure() -> None:
    early = [f"{d}/{m}/2020" for d, m in zip(RNG.integers(1, 13, 200), RNG.integers(1, 13, 200), strict=True)]
    american = [f"{m}/{d}/2020" for m, d in zip(RNG.integers(1, 13, 200), RNG.integers(1, 29, 200), strict=True)]
    alone = infer_schema(pa.table({"seen": early}))["seen"]
    assert alone.date_format == "%d/%m/%Y"
    assert any(reason.startswith("Unsure: no date tells day from month") for reason in alone.reasons)
    beside = infer_schema(pa.table({"seen": early, "left": american}))
    assert beside["seen"].date_format == beside["left"].date_format == "%m/%d/%Y"


def test_days_that_contradict_each_other_stay_text() -> None:
    cells = [f"{d}/{m}/2020" for d, m, _ in DAYS] + [f"{m}/{d}/2020" for d, m, _ in DAYS]
    column = infer_schema(pa.table({"seen": cells}))["seen"]
    assert column.kind not in (Kind.DATE, Kind.DATETIME)


def test_births_of_two_digits_are_not_in_the_future() -> None:
    raw = pa.table({"dob": [f"{1 + i % 28:02d}.{1 + i % 12:02d}.{i % 100:02d}" for i in range(300)]})
    table = conform(raw, infer_schema(raw))
    years = {value.year for value in table.arrow.column("dob").to_pylist()}
    assert max(years) == 2035
    assert min(years) == 1936


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        (["[0-10)", "[10-20)", "[20-30)", "[100-110)"], ["[0-10)", "[10-20)", "[20-30)", "[100-110)"]),
        (["80+", "66-69", "70-74", "75-79"], ["66-69", "70-74", "75-79", "80+"]),
        ([">50", "<=20", "20-50"], ["<=20", "20-50", ">50"]),
        (["more 99999", "0-4999", "25000-34999"], ["0-4999", "25000-34999", "more 99999"]),
        (["12.0_18.5", "30.0_plus", "18.5_to_24.9"], ["12.0_18.5", "18.5_to_24.9", "30.0_plus"]),
        (["More_4_hr", "0_hrs", "0_to_1_hr", "1_hr"], ["0_hrs", "0_to_1_hr", "1_hr", "More_4_hr"]),
        (["4+ copies", "2 copies", "3 copies"], ["2 copies", "3 copies", "4+ copies"]),
        (["high", "low", "medium"], ["low", "medium", "high"]),
        (["Severe", "Mild", "None", "Moderate"], ["None", "Mild", "Moderate", "Severe"]),
        (["Vgood", "Poor", "Fair", "Excellent", "Good"], ["Poor", "Fair", "Good", "Vgood", "Excellent"]),
        (["Strongly agree", "Agree", "Neutral", "Disagree"], ["Disagree", "Neutral", "Agree", "Strongly agree"]),
        (["selten", "nie", "oft"], ["nie", "selten", "oft"]),
    ],
)
def test_levels_with_an_order(levels: list[str], expected: list[str]) -> None:
    column = infer_schema(pa.table({"x": levels * 20}))["x"]
    assert column.kind is Kind.ORDINAL
    assert list(column.levels or ()) == expected


@pytest.mark.parametrize(
    "levels",
    [
        ["No", "Steady", "Up", "Down"],
        ["M0", "M1", "M2"],
        [">7", ">8", "Norm", "None"],
        ["<30", ">30", "NO"],
        ["smallcell", "adeno", "large"],
        ["A", "B", "O", "AB"],
        ["10th", "11th", "Bachelors"],
        ["250.83", "V57", "E909"],
    ],
)
def test_levels_without_an_order(levels: list[str]) -> None:
    column = infer_schema(pa.table({"x": levels * 20}))["x"]
    assert column.kind is Kind.CATEGORICAL
    assert list(column.levels or ()) == sorted(levels)


def test_stages_and_grades_by_name() -> None:
    schema = infer_schema(pa.table({"stage": ["T2", "T1c", "T1ab"] * 20, "figo": ["IIIb", "II", "IIIa", "IV"] * 15}))
    assert schema["stage"].levels == ("T1ab", "T1c", "T2")
    assert schema["figo"].levels == ("II", "IIIa", "IIIb", "IV")


def test_prose_codes_and_clock_times() -> None:
    notes = [f"Patient {i} was seen in the clinic and reports that the cough has gone." for i in range(100)]
    raw = pa.table(
        {
            "remark": notes,
            "plz": ["01069", "10115", "80331", "00100"] * 25,
            "diag_1": RNG.choice(["428", "250.83", "V57", "E909", "410"], 100).tolist(),
            "slept": ["7:30", "06:45", "8:00:30", "5:10"] * 25,
            "dose": ["5 mg", "<2.5 mg", "10 mg", "7.5mg"] * 25,
        }
    )
    schema = infer_schema(raw)
    kinds = {column.name: column.kind for column in schema.columns}
    assert kinds == {
        "remark": Kind.TEXT,
        "plz": Kind.CATEGORICAL,
        "diag_1": Kind.CATEGORICAL,
        "slept": Kind.DURATION,
        "dose": kinds["dose"],
    }
    assert conform(raw, schema).arrow.column("plz")[0].as_py() == "01069"
    assert conform(raw, schema).numeric("slept")[0] == 7.5


def test_many_codes_are_not_listed_and_numbers_with_units_are_pointed_out() -> None:
    icd = [f"{letter}{number:02d}.{digit}" for letter in "ABCDEFGHIJ" for number in range(10) for digit in range(10)]
    doses = [f"{value:.1f} mg" for value in RNG.normal(50, 9, 2000)]
    schema = infer_schema(pa.table({"icd10": icd * 2, "dose": doses}))
    assert (schema["icd10"].kind, schema["icd10"].levels) == (Kind.CATEGORICAL, None)
    assert any("1,000 different codes" in reason for reason in schema["icd10"].reasons)
    assert any("with a sign or a unit" in reason for reason in schema["dose"].reasons)


def test_numbers_stored_as_text_in_a_typed_source() -> None:
    column = infer_schema(pa.table({"psa": [str(v) for v in RNG.normal(5, 1, 100).round(2)]}))["psa"]
    assert column.kind is Kind.CONTINUOUS
    assert any("stored as text" in reason for reason in column.reasons)
