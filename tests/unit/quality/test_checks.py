"""Every check fails a table that has its fault, counts the fault, and passes the same table without it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from cohortium.quality import CheckResult, run_checks
from cohortium.records import AllowedCombinations, FunctionalDependency, Inequality, SumRule
from cohortium.registry import entries

N = 400
PERSON, SITE, OUTCOME = {"roles": ["person_key"]}, {"roles": ["site"]}, {"roles": ["outcome"]}


def _rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def _sites() -> list[str]:
    return ["North", "South", "East", "West"] * (N // 4)


def _where(bad: Any, values: list[Any], rows: list[int] | range) -> list[Any]:
    return [bad if row in set(rows) else value for row, value in enumerate(values)]


def _days(start: str, count: int = N, step: int = 3) -> list[date]:
    return [date.fromisoformat(start) + timedelta(days=step * row) for row in range(count)]


def _normal(mean: float, spread: float, n: int = N, seed: int = 1) -> list[float]:
    return (mean + spread * _rng(seed).standard_normal(n)).tolist()


@dataclass
class Case:
    """A table with a fault (built by ``build(True)``) and without it, and how many rows should be counted."""

    check: str
    subject: str
    build: Callable[[bool], tuple[dict[str, Any], tuple[Any, ...]]]
    failed: int | None = None
    status: str = "fail"
    note: str = ""


def _case(check: str, subject: str, build: Callable[[bool], Any], failed: int | None = None, status: str = "fail",
          note: str = "") -> Case:  # fmt: skip
    def whole(bad: bool) -> tuple[dict[str, Any], tuple[Any, ...]]:
        made = build(bad)
        return made if isinstance(made, tuple) else (made, ())

    return Case(check, subject, whole, failed, status, note)


def _dates_before(bad: bool) -> dict[str, Any]:
    birth, visit = _days("1940-01-01"), _days("2015-01-01")
    return {
        "birth_date": ("date", birth),
        "visit_date": ("date", _where(date(1930, 5, 5), visit, range(3)) if bad else visit),
    }


def _dates_after(bad: bool) -> dict[str, Any]:
    death = _days("2020-01-01")
    visit = [day - timedelta(days=9) for day in death]
    return {
        "death_date": ("date", death),
        "visit_date": ("date", _where(date(2025, 1, 1), visit, [4]) if bad else visit),
    }


def _spans(bad: bool) -> dict[str, Any]:
    start = _days("2015-01-01")
    end = [day + timedelta(days=9) for day in start]
    return {
        "drug_start": ("date", start),
        "drug_end": ("date", _where(date(2014, 1, 1), end, range(5)) if bad else end),
    }


def _relapse_dates(bad: bool) -> dict[str, Any]:
    seen = _days("2015-01-01")
    relapse = [day - timedelta(days=9) for day in seen]
    late = _where(date(2020, 1, 1), relapse, range(5))
    return {"last_contact": ("date", seen), "relapse_date": ("date", late if bad else relapse)}


def _relapse_times(bad: bool) -> dict[str, Any]:
    time = np.arange(1.0, N + 1)
    relapse = np.where(np.arange(N) < 5, time + 3, time - 0.5) if bad else time - 0.5
    days = {"unit": "days"}
    return {"futime": ("continuous", time, {"roles": ["time"], **days}), "relapse_days": ("continuous", relapse, days)}


def _visits(bad: bool) -> dict[str, Any]:
    persons = [f"p{row // 4}" for row in range(N)]
    number = [row % 4 + 1 for row in range(N)]
    dates = [date(2019, 1, 1) + timedelta(days=30 * (row % 4) + row) for row in range(N)]
    dates = _where(date(2010, 1, 1), dates, [7, 11, 15, 19, 23]) if bad else dates
    return {"pid": ("identifier", persons, PERSON), "visit": ("integer", number), "visit_date": ("date", dates)}


def _born(bad: bool) -> dict[str, Any]:
    persons = [f"p{row // 2}" for row in range(N)]
    sex = ["F" if (row // 2) % 2 else "M" for row in range(N)]
    return {
        "pid": ("identifier", persons, PERSON),
        "sex": ("categorical", _where("X", sex, range(0, 20, 2)) if bad else sex),
    }


def _two_units(bad: bool) -> dict[str, Any]:
    glucose = np.exp(np.log(100) + 0.15 * _rng().standard_normal(N))
    return {"glucose": ("continuous", np.where(np.arange(N) < 60, glucose / 18.016, glucose) if bad else glucose)}


def _site_units(bad: bool) -> dict[str, Any]:
    creatinine = np.array(_normal(1.0, 0.2))
    north = np.array(_sites()) == "North"
    return {
        "hospital": ("categorical", _sites(), SITE),
        "creatinine": ("continuous", np.where(north, creatinine * 88.4, creatinine) if bad else creatinine),
    }


def _site_levels(bad: bool) -> dict[str, Any]:
    level = ["yes" if one < 0.5 else "no" for one in _rng().random(N)]
    sites = _sites()
    own = [
        "ja" if bad and site == "North" and value == "yes" else value for site, value in zip(sites, level, strict=True)
    ]
    return {"hospital": ("categorical", sites, SITE), "smoker": ("categorical", own)}


def _site_gaps(bad: bool) -> dict[str, Any]:
    values = _normal(5, 1)
    gaps = [row for row, site in enumerate(_sites()) if site == "West"] if bad else range(0, N, 10)
    return {"hospital": ("categorical", _sites(), SITE), "ca": ("continuous", _where(None, values, list(gaps)))}


def _outcome_gaps(bad: bool) -> dict[str, Any]:
    died = [row % 2 == 0 for row in range(N)]
    gaps = range(0, N, 4) if bad else range(0, N, 5)
    return {"died": ("boolean", died, OUTCOME), "lactate": ("continuous", _where(None, _normal(2, 0.3), list(gaps)))}


def _gaps_later(bad: bool) -> dict[str, Any]:
    gaps = range(200, N, 2) if bad else range(0, N, 4)
    return {
        "admission_date": ("date", _days("2015-01-01")),
        "crp": ("continuous", _where(None, _normal(5, 1), list(gaps))),
    }


def _shift_later(bad: bool) -> dict[str, Any]:
    crp = np.array(_normal(5, 1)) + (np.arange(N) >= 250) * (2.0 if bad else 0.0)
    return {"admission_date": ("date", _days("2015-01-01")), "crp": ("continuous", crp)}


def _code_later(bad: bool) -> dict[str, Any]:
    code = ["b" if one < (0.8 if bad and row >= 250 else 0.2) else "a" for row, one in enumerate(_rng().random(N))]
    return {"admission_date": ("date", _days("2015-01-01")), "code": ("categorical", code)}


def _records(bad: bool, keyed: bool = True) -> dict[str, Any]:
    columns: dict[str, Any] = {f"lab{place}": ("continuous", _normal(5, 1, seed=place)) for place in range(5)}
    if bad:
        columns = {name: (kind, values[: N - 2] + values[:2]) for name, (kind, values) in columns.items()}
    return ({"pid": ("identifier", [f"p{row}" for row in range(N)], PERSON)} if keyed else {}) | columns


def _times(bad: bool) -> dict[str, Any]:
    values = np.arange(1.0, N + 1)
    return {"time": ("continuous", np.where(np.arange(N) < 6, np.arange(N) % 2 * -1.0, values) if bad else values,
                     {"roles": ["time"]})}  # fmt: skip


def _spelt(bad: bool) -> dict[str, Any]:
    level = ["Hypertension", "Diabetes"] * (N // 2)
    level = _where("hypertension ", level, range(0, 24, 2)) if bad else level
    return {"disease": ("categorical", _where("Diabettes", level, [1, 3]) if bad else level)}


AGES = [20 + row % 60 for row in range(N)]
CASES = [
    _case("empty_column", "x", lambda bad: {"x": ("continuous", [None] * N if bad else _normal(5, 1))}, N),
    _case("missing_share", "x", lambda bad: {"x": ("integer", _where(None, AGES, range(240 if bad else 40)))}, 240),
    _case(
        "missing_person_key",
        "pid",
        lambda bad: {"pid": ("identifier", _where(None, [f"p{row}" for row in range(N)], [3] if bad else []), PERSON)},
        1,
    ),
    _case("missing_by_site", "ca", _site_gaps, 100, "warn", "'West'"),
    _case("missing_by_outcome", "lactate", _outcome_gaps, 100, "warn", "'true'"),
    _case(
        "outside_plausible_range",
        "x",
        lambda bad: {"x": ("integer", _where(900, AGES, range(5 if bad else 0)), {"minimum": 0.0, "maximum": 120.0})},
        5,
        note="5 above",
    ),
    _case("impossible_measurement", "age", lambda bad: {"age": ("integer", _where(205, AGES, [0] if bad else []))}, 1),
    _case(
        "impossible_measurement",
        "temp_c",
        lambda bad: {"temp_c": ("continuous", _where(3.7, _normal(37, 0.4), [0] if bad else []), {"unit": "°C"})},
        1,
    ),
    _case(
        "infinite_values",
        "x",
        lambda bad: {"x": ("continuous", _where(float("inf") if bad else 1.0, _normal(1, 1), [5]))},
        1,
    ),
    _case(
        "outliers",
        "x",
        lambda bad: {"x": ("continuous", _where(50.0 if bad else 5.0, _normal(5, 1), [5, 6]))},
        2,
        "warn",
    ),
    _case(
        "impossible_date",
        "visit",
        lambda bad: {
            "visit": ("date", _where(date(1019, 1, 4) if bad else date(2019, 1, 4), _days("2015-01-01"), [1]))
        },
        1,
    ),
    _case(
        "suspicious_numbers",
        "score",
        lambda bad: {"score": ("integer", _where(999 if bad else 30, AGES, range(12)))},
        12,
        "warn",
        "999",
    ),
    _case(
        "suspicious_numbers",
        "chol",
        lambda bad: {"chol": ("integer", _where(0 if bad else 200, [int(v) for v in _normal(240, 30)], range(12)))},
        12,
        "warn",
        "0",
    ),
    _case(
        "suspicious_dates",
        "seen",
        lambda bad: {
            "seen": ("date", _where(date(1900, 1, 1) if bad else date(2015, 2, 2), _days("2015-01-01"), range(12)))
        },
        12,
        "warn",
        "1900-01-01",
    ),
    _case(
        "suspicious_texts",
        "stage",
        lambda bad: {"stage": ("categorical", _where("Unknown" if bad else "I", ["I", "II"] * 200, range(12)))},
        12,
        "warn",
        "Unknown",
    ),
    _case(
        "suspicious_texts",
        "note",
        lambda bad: {
            "note": ("text", _where("n/a" if bad else "slept well", [f"note {row}" for row in range(N)], range(3)))
        },
        3,
        "warn",
    ),
    _case(
        "digit_preference",
        "sbp",
        lambda bad: {
            "sbp": ("integer", [int(v) // 10 * 10 if bad and v % 10 < 6 else int(v) for v in _normal(130, 25)])
        },
        None,
        "warn",
        "multiples of 10",
    ),
    _case(
        "date_preference",
        "seen",
        lambda bad: {
            "seen": (
                "date",
                [day.replace(day=1) if bad and row % 2 else day for row, day in enumerate(_days("2010-01-01"))],
            )
        },
        None,
        "warn",
        "on the 1st",
    ),
    _case("mixed_units", "glucose", _two_units, 60, "warn", "18"),
    _case(
        "unexpected_levels",
        "sex",
        lambda bad: {
            "sex": ("categorical", _where("x" if bad else "F", ["F", "M"] * 200, range(11)), {"levels": ("F", "M")})
        },
        11,
        note="'x'",
    ),
    _case("near_duplicate_levels", "disease", _spelt, 14, "warn", "'hypertension '"),
    _case(
        "damaged_letters",
        "town",
        lambda bad: {
            "town": ("categorical", _where("MÃ¼nchen" if bad else "München", ["Köln", "Basel"] * 200, range(9)))
        },
        9,
    ),
    _case(
        "damaged_letters",
        "note",
        lambda bad: {
            "note": ("text", _where("gr\ufffdn" if bad else "grün", [f"né {row}" for row in range(N)], range(9)))
        },
        9,
    ),
    _case(
        "broken_rule",
        "a <= b",
        lambda bad: (
            {"a": ("integer", _where(99, [1] * N, range(5 if bad else 0))), "b": ("integer", AGES)},
            (Inequality("a", "<=", "b"),),
        ),
        5,
    ),
    _case(
        "broken_rule",
        "total = a + b",
        lambda bad: (
            {
                "a": ("integer", AGES),
                "b": ("integer", AGES),
                "total": ("integer", _where(1, [2 * age for age in AGES], range(7 if bad else 0))),
            },
            (SumRule("total", ("a", "b")),),
        ),
        7,
    ),
    _case(
        "broken_rule",
        "(sex, pregnant) in 3 combinations",
        lambda bad: (
            {
                "sex": ("categorical", ["F", "M"] * 200),
                "pregnant": ("categorical", _where("yes", ["no"] * N, [1, 3, 5, 7, 9] if bad else [0])),
            },
            (AllowedCombinations(("sex", "pregnant"), (("F", "yes"), ("F", "no"), ("M", "no"))),),
        ),
        5,
    ),
    _case(
        "broken_dependency",
        "ward -> clinic",
        lambda bad: (
            {
                "ward": ("categorical", ["a", "b"] * 200),
                "clinic": ("categorical", _where("Z" if bad else "X", ["X", "Y"] * 200, range(0, 10, 2))),
            },
            (FunctionalDependency("ward", "clinic"),),
        ),
        5,
    ),
    _case(
        "event_not_two_valued",
        "status",
        lambda bad: {"status": ("integer", _where(2 if bad else 1, [0, 1] * 200, range(9)), {"roles": ["event"]})},
        9,
        note="3 values",
    ),
    _case("level_of_one_site", "smoker", _site_levels, None, "warn", "'ja'"),
    _case("site_scale", "creatinine", _site_units, 100, "warn", "'North' is larger"),
    _case("constant_column", "x", lambda bad: {"x": ("integer", [7] * N if bad else AGES)}, N, "warn"),
    _case(
        "repeated_columns",
        "",
        lambda bad: {"x": ("integer", AGES), "y": ("integer", AGES if bad else AGES[::-1])},
        1,
        "warn",
        "'y' repeats 'x'",
    ),
    _case("repeated_rows", "", lambda bad: _records(bad, keyed=False), 2, "warn"),
    _case("repeated_but_for_key", "", _records, 2, "warn"),
    _case(
        "repeated_person",
        "pid",
        lambda bad: {"pid": ("identifier", _where("p0", [f"p{row}" for row in range(N)], [5] if bad else []), PERSON)},
        1,
    ),
    _case(
        "repeated_identifier",
        "sample",
        lambda bad: {"sample": ("identifier", _where("s0", [f"s{row}" for row in range(N)], [5, 6] if bad else []))},
        2,
        "warn",
    ),
    _case("varies_within_person", "sex", _born, 10),
    _case(
        "date_in_future",
        "seen",
        lambda bad: {
            "seen": ("datetime", _where(datetime(2027, 1, 1), [datetime(2020, 1, 1)] * N, [3] if bad else []))
        },
        1,
    ),
    _case("date_before_birth", "visit_date", _dates_before, 3),
    _case("date_after_death", "visit_date", _dates_after, 1),
    _case("end_before_start", "drug_end", _spans, 5, note="drug_start"),
    _case(
        "dates_out_of_order",
        "in_ <= out",
        lambda bad: (
            {
                "in_": ("date", _days("2015-01-01")),
                "out": ("date", _where(date(2000, 1, 1) if bad else date(2030, 1, 1), _days("2015-01-03"), range(5))),
            },
            (Inequality("in_", "<=", "out"),),
        ),
        5,
    ),
    _case("after_follow_up", "relapse_date", _relapse_dates, 5, note="last_contact"),
    _case("after_follow_up", "relapse_days", _relapse_times, 5, note="futime"),
    _case("time_not_positive", "time", _times, 6, note="3 are zero, 3 are negative"),
    _case("visits_out_of_order", "visit", _visits, 5),
    _case("missingness_drift", "crp", _gaps_later, None, "warn", "2016-0"),
    _case("value_drift", "crp", _shift_later, None, "warn", "2017-0"),
    _case("value_drift", "code", _code_later, None, "warn", "2017-0"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.check}-{case.subject}")
def test_fault_is_found_and_its_absence_passes(
    case: Case, make: Callable[..., Any], ask: Callable[..., CheckResult]
) -> None:
    columns, rules = case.build(True)
    bad = ask(case.check, make(columns, *rules), case.subject)
    assert bad.status == case.status, f"{bad.status}: {bad.failed}/{bad.considered} {bad.note}"
    if case.failed is not None:
        assert bad.failed == case.failed
    assert case.note in bad.note
    assert bad.advice
    columns, rules = case.build(False)
    good = ask(case.check, make(columns, *rules), case.subject)
    assert good.status == "pass", f"{good.status}: {good.failed}/{good.considered} {good.note}"
    assert not good.advice


def test_every_check_has_a_case() -> None:
    assert {entry.name for entry in entries("check")} == {case.check for case in CASES}


def test_every_check_says_what_it_expects_and_what_to_do() -> None:
    for entry in entries("check"):
        assert entry.facts["title"] and entry.facts["advice"].endswith("."), entry.name
        assert entry.summary.endswith("."), entry.name
        assert entry.facts["severity"] in ("fail", "warn")


NOT_APPLICABLE: list[tuple[str, str, dict[str, Any]]] = [
    ("date_in_future", "next_appointment", {"next_appointment": ("date", [date(2030, 1, 1)] * N)}),
    ("outliers", "income", {"income": ("continuous", _where(500.0, _normal(5, 1), range(12)))}),
    ("digit_preference", "ratio", {"ratio": ("continuous", _rng().random(N))}),
    ("digit_preference", "score", {"score": ("integer", [row % 12 for row in range(N)])}),
    ("repeated_person", "pid", {"pid": ("identifier", [f"p{row // 3}" for row in range(N)], PERSON)}),
    ("varies_within_person", "sex", {"sex": ("categorical", ["F", "M"] * 200)}),
    ("impossible_measurement", "weight_loss_kg", {"weight_loss_kg": ("continuous", _normal(-3, 2))}),
    ("missing_by_site", "x", {"x": ("integer", AGES)}),
    ("repeated_rows", "", {"x": ("integer", [1, 2] * 200)}),
    ("value_drift", "x", {"x": ("integer", AGES)}),
]


@pytest.mark.parametrize(("check", "subject", "columns"), NOT_APPLICABLE, ids=lambda value: str(value)[:30])
def test_no_verdict_where_there_is_no_meaning(
    check: str, subject: str, columns: dict[str, Any], make: Callable[..., Any], ask: Callable[..., CheckResult]
) -> None:
    line = ask(check, make(columns), subject)
    assert line.status == "not applicable", f"{line.failed}/{line.considered} {line.note}"
    assert line.note.endswith(".")
    assert not line.failed


def test_true_zeros_are_no_defaults(make: Callable[..., Any], ask: Callable[..., CheckResult]) -> None:
    gains = np.where(_rng().random(N) < 0.9, 0, np.round(np.exp(6 + _rng(2).standard_normal(N))))
    assert ask("suspicious_numbers", make({"capital_gain": ("integer", gains)}), "capital_gain").status == "pass"


def test_a_column_that_describes_the_site_is_left_alone(
    make: Callable[..., Any], ask: Callable[..., CheckResult]
) -> None:
    country = ["CH" if site in ("North", "South") else "FR" for site in _sites()]
    table = make({"hospital": ("categorical", _sites(), SITE), "country": ("categorical", country)})
    assert ask("level_of_one_site", table, "country").status == "not applicable"


def test_long_tails_and_skew_are_not_outliers(make: Callable[..., Any], ask: Callable[..., CheckResult]) -> None:
    rng = _rng()
    for values in (rng.lognormal(0, 1, 5000), rng.exponential(3, 5000), rng.poisson(2, 5000), rng.gamma(0.8, 2, 5000)):
        line = ask("outliers", make({"x": ("continuous", np.asarray(values, float))}), "x")
        assert not line.needs_attention, line.note


def test_levels_of_few_persons_are_counted_but_not_named(
    make: Callable[..., Any], ask: Callable[..., CheckResult]
) -> None:
    levels = _where("Smith", ["F", "M"] * 200, range(9))
    line = ask("unexpected_levels", make({"sex": ("categorical", levels, {"levels": ("F", "M")})}), "sex")
    assert line.failed == 9
    assert "Smith" not in line.note


def test_one_person_with_many_rows_does_not_make_a_level_common(
    make: Callable[..., Any], ask: Callable[..., CheckResult]
) -> None:
    persons = ["p0"] * 50 + [f"p{row}" for row in range(N - 50)]
    levels = ["Smith"] * 50 + ["F", "M"] * 175
    table = make({"pid": ("identifier", persons, PERSON), "sex": ("categorical", levels, {"levels": ("F", "M")})})
    line = ask("unexpected_levels", table, "sex")
    assert line.failed == 50
    assert "Smith" not in line.note


def test_without_a_day_nothing_is_said_about_the_future(
    make: Callable[..., Any], ask: Callable[..., CheckResult]
) -> None:
    table = make({"seen": ("date", [date(2999, 1, 1)] * 20)})
    assert ask("date_in_future", table, "seen", today=None).status == "not applicable"
    assert ask("date_in_future", table, "seen").failed == 20


def test_shares_between_the_two_limits_warn(make: Callable[..., Any], ask: Callable[..., CheckResult]) -> None:
    def status(gaps: int) -> str:
        return str(ask("missing_share", make({"x": ("integer", _where(None, AGES, range(gaps)))}), "x").status)

    assert [status(gaps) for gaps in (40, 41, 200, 201)] == ["pass", "warn", "warn", "fail"]


def test_a_check_that_suits_no_column_leaves_one_line(make: Callable[..., Any]) -> None:
    lines = [line for line in run_checks(make({"x": ("integer", AGES)})) if line.check == "broken_dependency"]
    assert [(line.status, line.subject) for line in lines] == [("not applicable", "")]
