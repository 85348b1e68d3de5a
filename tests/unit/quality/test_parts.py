"""The parts that checks rest on: quantities, spellings, heaps, steps, names, words."""

from __future__ import annotations

import numpy as np
import pytest

from cohortium.quality.columns import is_constant_in_person, starts_of
from cohortium.quality.modes import split_by_factor
from cohortium.quality.quantities import factors_of, quantity_of
from cohortium.quality.spellings import variants
from cohortium.quality.steps import largest_step
from cohortium.quality.wording import joined, month, number, percent
from cohortium.records import Column, Kind


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("age", "age"),
        ("AgeMonths", "age"),
        ("BPSysAve", "systolic blood pressure"),
        ("Heart rate (bpm)", "heart rate"),
        ("Weight_kg", "weight"),
        ("HbA1c", "HbA1c"),
        ("serum creatinine (mg/dL)", "creatinine"),
        ("hgb", "haemoglobin"),
        ("ph", "pH of the blood"),
        ("weight_loss", None),
        ("ph.ecog", None),
        ("DiabetesAge", None),
        ("pulse_pressure", None),
        ("age_of_mother", None),
        ("bmi_group", None),
        ("temperature_outside", None),
    ],
)
def test_names_speak_of_quantities(name: str, called: str | None) -> None:
    found = quantity_of(name)
    assert (found.called if found else None) == called


def test_spellings() -> None:
    def found(*levels: tuple[str, int]) -> list[str]:
        names, rows = [level for level, _ in levels], np.array([count for _, count in levels])
        return [names[place] for place in variants(names, rows)]

    assert found(("Male", 50), ("male ", 3), ("MALE", 2), ("Female", 60)) == ["male ", "MALE"]
    assert found(("Universitätsklinik", 90), ("Universitatsklinik", 2)) == ["Universitatsklinik"]
    assert found(("non-smoker", 50), ("non smoker", 40)) == ["non smoker"]
    assert found(("hypertension", 90), ("hypertention", 3)) == ["hypertention"]
    assert found(("hypertension", 90), ("hypertension", 0)) == []
    for apart in (
        [("E11.1", 90), ("E11.2", 3)],
        [("<5", 50), (">5", 40)],
        [("A+", 50), ("A-", 4)],
        [("Type I", 90), ("Type II", 4)],
        [("1-5", 50), ("15", 9)],
        [("male", 90), ("female", 8)],
        [("treated", 90), ("untreated", 8)],
        [("hypertension", 50), ("hypertention", 40)],
        [("stage IIIA", 90), ("stage IIIB", 5)],
    ):
        assert found(*apart) == [], apart


def test_a_thousand_codes_have_no_other_spellings() -> None:
    codes = [f"{letter}{number:02d}" for letter in "ABCDEFGHIJ" for number in range(100)]
    assert variants(codes, np.arange(1000, 0, -1)) == []


def test_heaps_a_factor_apart() -> None:
    rng = np.random.default_rng(4)
    weight = np.exp(np.log(75) + 0.15 * rng.standard_normal(1000))
    mixed = np.sort(np.r_[weight[:950], weight[950:] * 2.2046])
    found = split_by_factor(mixed, (2.2046, 10.0), 0.005)
    assert found is not None
    assert abs(found[0] - 50) <= 10
    assert found[1] == 2.2046
    assert split_by_factor(np.sort(weight), (2.2046, 10.0), 0.005) is None
    assert split_by_factor(np.sort(np.r_[weight[:900], weight[900:] * 4]), (2.2046, 10.0), 0.005) is None
    wide = np.sort(np.exp(2 * rng.standard_normal(5000)))
    assert split_by_factor(wide, factors_of("anything"), 0.005) is None


def test_largest_step() -> None:
    sums, counts = np.array([10.0, 11, 10, 30, 31, 29]), np.full(6, 10.0)
    step = largest_step(sums, counts, 1.0, 10)
    assert step is not None
    assert (step.place, step.rows) == (3, 30)
    assert (step.before, step.after) == pytest.approx((31 / 30, 3.0))
    assert largest_step(sums, counts, 1.0, 40) is None
    assert largest_step(sums, counts, 0.0, 10) is None


def test_starts_and_ends_are_paired_by_name() -> None:
    names = (
        "admission_date",
        "discharge_date",
        "drug_a_start",
        "drug_a_end",
        "drug_b_end",
        "weekend",
        "date_from",
        "date_to",
    )
    starts = starts_of(Column(name, Kind.DATE) for name in names)
    assert {name: start.name for name, start in starts.items()} == {
        "discharge_date": "admission_date", "drug_a_end": "drug_a_start", "date_to": "date_from",
    }  # fmt: skip
    assert not starts_of([Column("start", Kind.DATE), Column("end", Kind.INTEGER)])


def test_what_a_person_is_born_with() -> None:
    def born(name: str) -> bool:
        return is_constant_in_person(Column(name, Kind.CATEGORICAL))

    assert all(map(born, ("sex", "Gender", "date_of_birth", "birthDate", "blood_group", "Race1")))
    assert not any(map(born, ("birth_weight", "sex_partners", "sexual_history_score", "n_birth", "age")))


def test_numbers_as_people_read_them() -> None:
    assert [number(value) for value in (0.0, 1234567.0, 38.214, -0.00412, 120.0, None, 1e12)] == [
        "0", "1,234,567", "38.2", "−0.00412", "120", "–", "1.00e+12",
    ]  # fmt: skip
    assert [percent(share) for share in (0, 0.0004, 0.024, 0.37, 0.9996, 1)] == [
        "0 %", "< 0.1 %", "2.4 %", "37 %", "> 99.9 %", "100 %",
    ]  # fmt: skip
    assert (month(0.0), month(None), month(1e9)) == ("1970-01", "–", "–")
    assert joined(["a", "b", "c"], 2) == "a, b and 1 more"
