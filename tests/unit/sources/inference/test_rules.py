"""Rules between columns: functions, inequalities and sums that are there, and none that chance made."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from cohortium.records import FunctionalDependency, Inequality, SumRule
from cohortium.sources import conform, infer_schema

N = 1500


def test_functions_are_found_in_one_direction_and_without_what_follows() -> None:
    rng = np.random.default_rng(1)
    town = rng.integers(0, 60, N)
    education = rng.integers(0, 9, N)
    age = rng.integers(18, 95, N)
    raw = pa.table(
        {
            "education": np.array(list("abcdefghi"))[education],
            "education_num": education + 1,
            "town": [f"town {i}" for i in town],
            "county": [f"county {i // 6}" for i in town],
            "land": [f"land {i // 30}" for i in town],
            "age": age,
            "age_group": [f"{10 * (a // 10)}-{10 * (a // 10) + 9}" for a in age],
            "coin": rng.integers(0, 2, N),
        }
    )
    schema = infer_schema(raw)
    assert set(schema.constraints) == {
        FunctionalDependency("education", "education_num"),
        FunctionalDependency("town", "county"),
        FunctionalDependency("county", "land"),
        FunctionalDependency("age", "age_group"),
    }
    assert not any(rule.violated(conform(raw, schema)).any() for rule in schema.constraints)


def test_one_exception_is_no_function() -> None:
    rng = np.random.default_rng(2)
    town = rng.integers(0, 60, N)
    county = town // 6
    county[7] = (county[7] + 1) % 10
    assert infer_schema(pa.table({"town": town.astype(str), "county": county.astype(str)})).constraints == ()


def test_what_agrees_within_persons_is_a_function_of_the_person() -> None:
    rng = np.random.default_rng(3)
    person = rng.integers(0, 300, N)
    raw = pa.table({"patient_id": person, "sex": rng.choice(["f", "m"], 300)[person], "crp": rng.normal(size=N)})
    assert infer_schema(raw).constraints == (FunctionalDependency("patient_id", "sex"),)


def test_rare_levels_and_unique_values_make_no_functions() -> None:
    rng = np.random.default_rng(4)
    rare = np.array(["no"] * N)
    rare[5] = "yes"
    raw = pa.table({"code": [f"c{i}" for i in rng.integers(0, 300, N)], "rare": rare, "crp": rng.normal(size=N)})
    assert infer_schema(raw).constraints == ()


def test_dates_and_bounds_in_their_order() -> None:
    rng = np.random.default_rng(5)
    born = np.datetime64("1930-01-01") + rng.integers(0, 30_000, N)
    admitted = np.datetime64("2012-03-01") + rng.integers(0, 3000, N)
    left = admitted + rng.integers(0, 40, N)
    raw = pa.table(
        {
            "born": born.astype(str),
            "admitted": admitted.astype(str),
            "discharged": np.where(rng.random(N) < 0.1, "", left.astype(str)),
            "TotalMinutesAsleep": (asleep := rng.integers(100, 500, N)),
            "TotalMinutesInBed": asleep + rng.integers(0, 200, N),
            "crp": rng.normal(0, 1, N),
            "il6": rng.normal(0.5, 1, N),
        }
    )
    rules = infer_schema(raw).constraints
    assert Inequality("admitted", "<=", "discharged") in rules
    assert Inequality("TotalMinutesAsleep", "<=", "TotalMinutesInBed") in rules
    assert not any({"crp", "il6"} & set(rule.columns) for rule in rules)


def test_independent_columns_have_no_rules() -> None:
    rng = np.random.default_rng(6)
    raw = pa.table({f"marker {i}": rng.normal(i % 3, 1, 300).round(2) for i in range(40)})
    assert infer_schema(raw).constraints == ()


def test_exact_sums_of_two_and_of_many() -> None:
    rng = np.random.default_rng(7)
    parts = {f"item_{name}_points": rng.integers(0, 25, N) for name in "abcd"}
    left, right = rng.normal(50, 9, N).round(1), rng.normal(30, 5, N).round(1)
    raw = pa.table(
        {
            **parts,
            "all_points": sum(parts.values()),
            "left_volume": left,
            "right_volume": right,
            "both_volumes": (left + right).round(1),
            "crp": rng.normal(size=N),
        }
    )
    sums = {(rule.total, rule.parts) for rule in infer_schema(raw).constraints if isinstance(rule, SumRule)}
    assert sums == {("both_volumes", ("left_volume", "right_volume")), ("all_points", tuple(parts))}


def test_nearly_a_sum_is_none() -> None:
    rng = np.random.default_rng(8)
    left, right = rng.normal(50, 9, N).round(1), rng.normal(30, 5, N).round(1)
    total = (left + right).round(1)
    total[3] += 0.1
    rules = infer_schema(pa.table({"left": left, "right": right, "total": total})).constraints
    assert not any(isinstance(rule, SumRule) for rule in rules)
