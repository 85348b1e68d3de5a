"""Codes against counts, identifiers, units, roles, survival: what columns of numbers turn out to be."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from cohortium.records import Kind, Role, Schema
from cohortium.sources import conform, infer_schema
from cohortium.sources.inference.names import words
from cohortium.sources.inference.units import unit_of, unit_of_age

RNG = np.random.default_rng(15)
N = 600


def _kinds(schema: Schema) -> dict[str, Kind]:
    return {column.name: column.kind for column in schema.columns}


def test_codes_counts_grades_and_measurements_are_told_apart() -> None:
    columns = {
        "sex": RNG.integers(0, 2, N),
        "smokes": RNG.integers(0, 2, N),
        "arm": RNG.integers(1, 3, N),
        "thal": RNG.choice([3, 6, 7], N),
        "race_code": RNG.integers(1, 7, N),
        "admission_type_id": RNG.integers(1, 9, N),
        "gender_concept_id": RNG.choice([8507, 8532], N),
        "drug_concept_id": RNG.integers(19_000_000, 19_900_000, N),
        "ecog": RNG.integers(0, 4, N),
        "tumour_stage": RNG.integers(1, 5, N),
        "num_procedures": RNG.integers(0, 7, N),
        "children": RNG.poisson(1, N),
        "hours_per_week": RNG.integers(20, 60, N),
        "karno": RNG.choice([40, 50, 60, 70, 80, 90], N),
        "year": RNG.integers(1995, 2004, N),
        "platelet": RNG.integers(60, 500, N),
        "whole_floats": RNG.integers(60, 500, N).astype(float),
        "bmi": RNG.normal(27, 4, N).round(1),
        "gene": RNG.normal(size=N),
        "edema": RNG.choice([0, 0.5, 1.0], N),
        "flag": RNG.random(N) < 0.3,
    }
    assert _kinds(infer_schema(pa.table(columns))) == {
        "sex": Kind.CATEGORICAL,
        "smokes": Kind.BOOLEAN,
        "arm": Kind.CATEGORICAL,
        "thal": Kind.CATEGORICAL,
        "race_code": Kind.CATEGORICAL,
        "admission_type_id": Kind.CATEGORICAL,
        "gender_concept_id": Kind.CATEGORICAL,
        "drug_concept_id": Kind.CATEGORICAL,
        "ecog": Kind.ORDINAL,
        "tumour_stage": Kind.ORDINAL,
        "num_procedures": Kind.INTEGER,
        "children": Kind.INTEGER,
        "hours_per_week": Kind.INTEGER,
        "karno": Kind.INTEGER,
        "year": Kind.INTEGER,
        "platelet": Kind.INTEGER,
        "whole_floats": Kind.INTEGER,
        "bmi": Kind.CONTINUOUS,
        "gene": Kind.CONTINUOUS,
        "edema": Kind.ORDINAL,
        "flag": Kind.BOOLEAN,
    }


def test_other_columns_tell_whether_codes_have_an_order() -> None:
    codes = RNG.integers(1, 6, 2000)
    effect = np.array([0.0, 3.0, -2.0, 1.0, -1.0])
    raw = pa.table(
        {
            "ordered": codes,
            "marker": codes + RNG.normal(size=2000),
            "rise": np.exp(codes / 2) + RNG.normal(size=2000),
        }
    )
    nominal = pa.table({"colour": codes, "a": effect[codes - 1] + RNG.normal(size=2000), "b": RNG.normal(size=2000)})
    alone = infer_schema(pa.table({"colour": codes}))
    assert infer_schema(raw)["ordered"].kind is Kind.ORDINAL
    assert infer_schema(nominal)["colour"].kind is Kind.CATEGORICAL
    assert alone["colour"].kind is Kind.CATEGORICAL
    assert any(reason.startswith("Unsure") for reason in alone["colour"].reasons)


@pytest.mark.parametrize(("digits", "expected"), [(0, 0), (1, 1), (3, 3), (17, None)])
def test_the_decimals_that_the_source_records(digits: int, expected: int | None) -> None:
    values = RNG.normal(5, 1, 500).round(digits)
    column = infer_schema(pa.table({"x": values}))["x"]
    assert column.decimals == (None if digits == 0 else expected)
    assert column.kind is (Kind.INTEGER if digits == 0 else Kind.CONTINUOUS)
    single = infer_schema(pa.table({"x": values.astype(np.float32).astype(float)}))["x"]
    assert single.decimals == (None if digits in (0, 17) else expected), "single floats blur the last digits"


def test_identifiers_by_name_and_by_shape() -> None:
    numbers = RNG.permutation(N) + 100_000
    schema = infer_schema(
        pa.table(
            {
                "rownames": np.arange(1, N + 1),
                "encounter_id": numbers,
                "barcode": [f"TCGA-AB-{i:04d}" for i in RNG.permutation(N)],
                "token": [f"{i:08x}-0000-4000-8000-000000000000" for i in RNG.permutation(N)],
                "given_name": RNG.choice(["ann", "bob"], N),
                "e_mail": [f"a{i}@b.ch" for i in range(N)],
                "contact": [f"a{i}@b.ch" for i in range(N)],
                "ssn": [f"{i:03d}-12-3456" for i in range(N)],
                "postcode": RNG.integers(1000, 9000, N),
                "weight_g": RNG.permutation(N) * 7 + 900,
                "age": RNG.normal(60, 9, N),
            }
        )
    )
    identifiers = {column.name for column in schema.columns if column.kind is Kind.IDENTIFIER}
    assert identifiers == {"rownames", "encounter_id", "barcode", "token", "given_name", "e_mail", "contact", "ssn"}
    direct = {column.name for column in schema.with_role(Role.DIRECT_IDENTIFIER)}
    assert direct == {"given_name", "e_mail", "contact", "ssn"}
    assert not {column.name for column in schema.modelled} & identifiers


def test_the_person_is_the_id_that_repeats() -> None:
    persons = RNG.integers(0, 200, N)
    sexes = np.array(["f", "m"])[persons % 2]
    base = {"visit_id": RNG.permutation(N) + 10_000, "sex": sexes, "weight": RNG.normal(70, 9, N)}
    named = infer_schema(pa.table({**base, "patient_nbr": persons + 5_000_000}))
    key = named.only(Role.PERSON_KEY)
    assert key is not None
    assert key.name == "patient_nbr"
    assert any("persons have 600 rows" in reason for reason in key.reasons)
    assert any("these agree: sex" in reason for reason in key.reasons)
    shaped = infer_schema(pa.table({**base, "uid_key": [f"K{p:05d}" for p in persons]}))
    assert shaped.only(Role.PERSON_KEY) == shaped["uid_key"]
    mixed = pa.table({**base, "lab_key": [f"K{p:05d}" for p in RNG.integers(0, 200, N)]})
    assert infer_schema(mixed).only(Role.PERSON_KEY) is None
    assert conform(mixed, infer_schema(mixed)).persons().tolist() == list(range(N))


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("age_years", "years"),
        ("AgeMonths", "months"),
        ("age_yr", "years"),
        ("age.mo", "months"),
        ("age_wk", "weeks"),
        ("age_day", "days"),
        ("gestational_age_weeks", "weeks"),
        ("months_of_age", "months"),
        ("age_m", None),
        ("weight_kg", "kg"),
        ("WeightPounds", "lb"),
        ("Glucose (mg/dL)", "mg/dL"),
        ("CRP [mg/L]", "mg/L"),
        ("hba1c_mmol_mol", None),
        ("creatinine_umol_l", "µmol/L"),
        ("sbp_mmHg", "mmHg"),
        ("days_to_last_followup", "days"),
        ("TotalMinutesAsleep", None),
        ("VeryActiveMinutes", "minutes"),
        ("fat_pct", "%"),
        ("height", None),
        ("sample.yr", None),
        ("result (calculated)", None),
    ],
)
def test_units_from_names(name: str, unit: str | None) -> None:
    assert unit_of(name) == unit


@pytest.mark.parametrize(
    ("name", "values", "unit", "why"),
    [
        ("age", [18, 45, 90], "years", "no value is above 120: years."),
        ("age", [3.5, 7.0, 17.9], "years", "no value is above 18: years."),
        ("age", [6, 11, 17], "years", "no value is above 18: years."),
        ("age", [0, 4, 12], "years", "Unsure: the name speaks of age, and no value is above 18: years, or months"),
        ("age", [1, 30, 59], "years", "Unsure: the name speaks of age, and no value is above 60: years, or months"),
        ("age", [0, 37, 216], None, "Unsure: the name speaks of age, and there are values above 120: months"),
        ("gestational_age", [24, 33, 41], None, "Unsure: such an age may be in years, months, weeks or days"),
        ("age_change", [-3, 1, 2], None, ""),
        ("height", [3, 7, 17], None, ""),
    ],
)
def test_the_unit_of_an_age_follows_from_its_values_or_is_left_open(
    name: str, values: list[float], unit: str | None, why: str
) -> None:
    found, reason = unit_of_age(name, np.array(values, dtype=np.float64))
    assert found == unit
    assert why in reason and bool(why) == bool(reason)


def test_names_fall_into_words() -> None:
    assert words("BPSysAve") == ("bp", "sys", "ave")
    assert words("patient_nbr") == ("patient", "nbr")
    assert words("Glucose (mg/dL)") == ("glucose", "mg", "d", "l")
    assert words("größe.cm") == ("grösse", "cm")


def test_roles_by_name_and_shape() -> None:
    schema = infer_schema(
        pa.table(
            {
                "Alter": RNG.integers(20, 90, N),
                "geschlecht": RNG.choice(["m", "w"], N),
                "race": RNG.choice(["a", "b", "c"], N),
                "zip": RNG.integers(10000, 99999, N).astype(str),
                "admitted": (np.datetime64("2020-01-01") + RNG.integers(0, 900, N)).astype(str),
                "age_first_cigarette": RNG.integers(10, 40, N),
                "hospital": RNG.choice(["A", "B", "C"], N),
                "hiv_status": RNG.choice(["pos", "neg"], N),
                "crp": RNG.normal(5, 1, N),
                "readmitted": RNG.choice(["yes", "no"], N),
            }
        )
    )
    quasi = {column.name for column in schema.with_role(Role.QUASI_IDENTIFIER)}
    assert quasi == {"Alter", "geschlecht", "race", "zip", "admitted"}
    assert schema.only(Role.SITE) == schema["hospital"]
    assert schema.only(Role.SENSITIVE) == schema["hiv_status"]
    assert schema.only(Role.OUTCOME) == schema["readmitted"]
    assert (schema["Alter"].unit, schema["Alter"].minimum, schema["Alter"].maximum) == ("years", 0.0, 120.0)


@pytest.mark.parametrize(
    ("time", "event", "others"),
    [
        ("futime", "death", {}),
        ("time", "status", {}),
        ("os_months", "os_status", {"pfs_months": 3.0, "pfs_status": 1}),
        ("dtime", "death", {"rtime": 3.0, "recur": 1}),
        ("futime", "death", {"ptime": 3.0, "pstat": 1}),
        ("days_to_last_followup", "vital_status", {}),
        ("survival_months", "dead", {}),
    ],
)
def test_time_and_event_are_paired(time: str, event: str, others: dict[str, float]) -> None:
    columns = {name: RNG.integers(0, 2, N) if value == 1 else RNG.integers(1, 900, N) for name, value in others.items()}
    raw = pa.table({**columns, time: RNG.integers(1, 900, N), event: RNG.integers(0, 2, N)})
    schema = infer_schema(raw)
    assert schema.only(Role.TIME) == schema[time]
    assert schema.only(Role.EVENT) == schema[event]
    assert (schema[time].kind, schema[time].decimals) == (Kind.DURATION, 0)


def test_no_survival_where_it_is_not_certain() -> None:
    lengths, flags = RNG.integers(1, 900, N), RNG.integers(0, 2, N)
    for columns in (
        {"time_in_hospital": lengths, "status": flags},
        {"time": lengths, "marital_status": flags},
        {"tstart": lengths, "tstop": lengths + 5, "status": flags},
        {"time": lengths, "censored": flags},
    ):
        schema = infer_schema(pa.table(columns))
        assert schema.only(Role.TIME) is None
        assert schema.only(Role.EVENT) is None
    assert any("add the role 'event'" in reason for reason in schema["censored"].reasons)


def test_competing_events_are_said_to_need_a_choice() -> None:
    schema = infer_schema(pa.table({"time": RNG.integers(1, 900, N), "status": RNG.integers(0, 3, N)}))
    assert schema["status"].kind is Kind.CATEGORICAL
    assert any("has 3 levels" in reason for reason in schema["status"].reasons)


def test_the_same_table_gives_the_same_schema_and_reasons_hold_no_text_of_patients() -> None:
    raw = pa.table({"name": ["Anna Muster"] * 3 + ["Bea Beispiel"] * 3, "town": ["Oberwil"] * 6, "psa": range(6)})
    first = infer_schema(raw)
    assert first == infer_schema(raw)
    assert any(column.reasons for column in first.columns)
    for column in first.columns:
        for reason in column.reasons:
            assert not any(word in reason for word in ("Anna", "Bea", "Muster", "Oberwil"))
