"""Missing values in disguise: words, sentinels, and zeros that nobody alive has."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from cohortium.records import Kind
from cohortium.sources import conform, infer_schema

RNG = np.random.default_rng(4)


def _with(cells: list[str], extra: list[str]) -> pa.Array:
    return pa.array([*cells, *extra])


def _numbers(low: int, high: int, size: int = 300) -> list[str]:
    return [str(number) for number in RNG.integers(low, high, size)]


@pytest.mark.parametrize(
    ("name", "cells", "codes"),
    [
        ("workclass", _with(["Private", "State"] * 20, ["?"] * 3), ["?"]),
        ("smoker", _with(["yes", "no"] * 20, ["unknown", "NA"]), ["NA", "unknown"]),
        ("gender", _with(["Male", "Female"] * 20, ["Unknown/Invalid"]), ["Unknown/Invalid"]),
        ("geschlecht", _with(["m", "w"] * 20, ["keine Angabe"]), ["keine Angabe"]),
        ("psa", _with(["0.7", "4.2", "3.1"] * 20, ["None", "-", "n/a"]), ["-", "None", "n/a"]),
        ("psa", _with(["0.7", "4.2", "3.1"] * 20, ["haemolysed"] * 2), ["haemolysed"]),
        ("crp", _with(["7", "9", "12", "5.5"] * 20, ["<5"] * 9), ["<5"]),
        ("visits", _with(_numbers(0, 40), ["-9", "-9"]), ["-9"]),
        ("visits", _with(_numbers(0, 40), ["-99", "-88"]), ["-88", "-99"]),
        ("age", _with(_numbers(18, 95), ["999"] * 4), ["999"]),
        ("weight", _with(_numbers(40, 130), ["999", "888"]), ["888", "999"]),
        ("score", _with(["0", "1", "2", "3", "4"] * 20, ["99", "88"]), ["88", "99"]),
        ("rash", _with(["0", "1"] * 20, ["9"] * 3), ["9"]),
        ("chol", _with(_numbers(120, 320), ["0"] * 60), ["0"]),
        ("trestbps", _with(_numbers(90, 200), ["0"]), ["0"]),
        ("Glucose (mg/dL)", _with(_numbers(60, 200), ["0.0"] * 5), ["0"]),
        ("marker7", _with(_numbers(120, 220), ["0"] * 30), ["0"]),
        ("born", pa.array(["1950-01-31", "1961-12-01", "9999-12-31", "0000-00-00"] * 10), ["0000-00-00", "9999-12-31"]),
        ("days_to_followup", _with(_numbers(1, 900), ["-Inf"] * 4), ["-Inf"]),
    ],
)
def test_codes_for_missing_are_found(name: str, cells: pa.Array, codes: list[str]) -> None:
    raw = pa.table({name: cells})
    schema = infer_schema(raw)
    assert sorted(schema[name].missing_codes) == sorted(codes)
    assert conform(raw, schema).missing(name).sum() == sum(cell in codes or cell == "0.0" for cell in cells.to_pylist())


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("A1Cresult", pa.array(["None", "Norm", ">7", ">8"] * 20)),  # None: the test was not taken
        ("allele", pa.array(["-", "A", "C", "G"] * 20)),  # -: a deletion
        ("capital_gain", _with([str(n) for n in (RNG.exponential(1, 300) ** 2 * 7000).astype(int)], ["99999"] * 9)),
        ("change", pa.array([str(n) for n in RNG.normal(0, 9, 300).round().astype(int)])),
        ("temperature_change", pa.array(["-9", "-3", "2", "8", "-12"] * 20)),
        ("insulin_dose", _with(_numbers(120, 220), ["0"] * 30)),
        ("steps", pa.array([str(n) for n in RNG.poisson(2, 300)])),
        ("wt_loss", _with(_numbers(1, 30), ["0"] * 30)),
        ("age", pa.array([str(n) for n in RNG.integers(0, 100, 300)])),
    ],
)
def test_values_are_not_taken_for_codes(name: str, cells: pa.Array) -> None:
    assert infer_schema(pa.table({name: cells}))[name].missing_codes == ()


def test_all_zero_cholesterol_of_one_hospital_is_missing_there() -> None:
    raw = pa.table({"site": ["zurich"] * 123 + ["cleveland"] * 300, "chol": ["0"] * 123 + _numbers(126, 400)})
    schema = infer_schema(raw)
    assert schema["chol"].missing_codes == ("0",)
    assert conform(raw, schema).missing("chol").sum() == 123
    assert any("123 cells hold 0" in reason for reason in schema["chol"].reasons)


def test_doubtful_codes_are_said_and_not_taken() -> None:
    schema = infer_schema(pa.table({"dose_mg": _with(_numbers(120, 220), ["0"] * 30), "delta": ["-1", "0", "1"] * 110}))
    assert any(reason.startswith("Unsure: 30 cells hold 0") for reason in schema["dose_mg"].reasons)
    visits = infer_schema(pa.table({"n_visits": _with(_numbers(0, 40), ["-1"] * 3)}))["n_visits"]
    assert visits.missing_codes == ()
    assert any(reason.startswith("Unsure: 3 cells hold -1") for reason in visits.reasons)


def test_infinite_floats_are_missing() -> None:
    raw = pa.table({"ratio": pa.array([0.5, 1.25, float("inf"), float("-inf"), float("nan")] * 9)})
    schema = infer_schema(raw)
    assert set(schema["ratio"].missing_codes) == {"inf", "-inf"}
    table = conform(raw, schema)
    assert table.missing("ratio").sum() == 27
    assert schema["ratio"].kind is Kind.CONTINUOUS


def test_a_patient_s_own_misspelt_value_never_gets_into_a_schema() -> None:
    cells = [str(n) for n in RNG.normal(70, 9, 300).round(1)] + ["7o.5", "81..2"]
    weight = infer_schema(pa.table({"weight_kg": cells}))["weight_kg"]
    assert weight.missing_codes == ()
    dates = [f"19{n:02d}-0{1 + n % 9}-1{n % 10}" for n in range(20, 90)] * 2 + ["1950-02-30"]
    born = infer_schema(pa.table({"born": dates}))["born"]
    assert (born.kind, born.missing_codes) == (Kind.TEXT, ())
    assert any("1 are none of the calendar" in reason for reason in born.reasons)
