"""Small cells in answers, and the gate for answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cohortium.errors import DisclosureRefused, InvalidRequest
from cohortium.privacy.disclosure import DisclosureRules
from cohortium.privacy.release import Decision, ReleasedResult, release_result
from cohortium.privacy.result_cells import Cells, cells_of, without_small_cells
from cohortium.records import Result

RULES = DisclosureRules("test")
LEVELS = {
    "variable": ["stage", "stage", "stage", "sex", "sex"],
    "level": ["I", "II", "III", "F", "M"],
    "n": [80, 40, 4, 60, 64],
    "share": [0.65, 0.32, 0.03, 0.48, 0.52],
}
ANSWER = Result("levels", 124, {"levels": LEVELS})


def test_a_small_count_goes_with_its_row_and_another_that_hides_it() -> None:
    shown, blanked = without_small_cells(ANSWER, RULES)
    assert shown.tables["levels"]["n"] == [80, None, None, 60, 64]
    assert shown.tables["levels"]["share"] == [0.65, None, None, 0.48, 0.52]
    assert shown.tables["levels"]["level"] == LEVELS["level"]
    assert blanked == {"levels": 2}
    assert ANSWER.tables["levels"]["n"][2] == 4


def test_crossed_labels_are_the_dimensions_of_a_table() -> None:
    rows = [(a, b) for a in "xyz" for b in "pqr"]
    counts = [50, 3, 60, 70, 80, 90, 55, 65, 75]
    table = {"arm": [a for a, _ in rows], "grade": [b for _, b in rows], "n": counts}
    shown, _ = without_small_cells(Result("crossed", sum(counts), {"t": table}), RULES)
    grid = np.array([value is None for value in shown.tables["t"]["n"]]).reshape(3, 3)
    assert grid.sum() == 4
    assert all(line.sum() in (0, 2) for line in (*grid, *grid.T))


def test_the_end_of_a_survival_curve_is_blanked() -> None:
    curve = {"time": [1.0, 2.0, 3.0, 4.0], "at_risk": [120, 80, 40, 6], "survival": [0.9, 0.7, 0.5, 0.2]}
    shown, _ = without_small_cells(Result("curve", 120, {"at_times": curve}), RULES)
    assert shown.tables["at_times"]["survival"] == [0.9, 0.7, None, None]


def test_tables_under_other_names_are_described() -> None:
    odd = Result("odd", 100, {"t": {"who": ["a", "b", "c"], "patients": [3, 50, 47]}})
    assert cells_of(odd) == ()
    shown, _ = without_small_cells(odd, RULES, [Cells("t", ("patients",))])
    assert shown.tables["t"]["patients"] == [None, 50, None]
    with pytest.raises(InvalidRequest, match="no table 'x'"):
        without_small_cells(odd, RULES, [Cells("x")])


def test_arrays_of_counts_are_blanked() -> None:
    answer = Result("array", 100, arrays={"cells": np.array([3, 50, 47]), "model": np.array([1.0, 2.0])})
    released = release_result(answer, RULES, arrays=("cells",))
    assert np.isnan(released.result.arrays["cells"]).tolist() == [True, False, True]
    assert released.result.arrays["model"].tolist() == [1.0, 2.0]


def test_a_statistic_does_not_give_the_cells_back() -> None:
    """Of two by two cells with known margins one number is unknown, and chi-square tells it."""
    cells = {"a": ["x", "x", "y", "y"], "b": ["p", "q", "p", "q"], "n": [3, 50, 40, 60]}
    facts = {"n": 153, "level": 0.95, "chi_square": 17.3, "fisher": {"p": 1e-4, "low": None}, "notes": ["text"]}
    shown, _ = without_small_cells(Result("two by two", 153, {"cells": cells}, facts), RULES)
    assert shown.tables["cells"]["n"] == [None] * 4
    assert shown.facts == {"n": 153, "level": 0.95, "chi_square": None, "fisher": {"p": None, "low": None},
                           "notes": ["text"]}  # fmt: skip
    whole = replace(ANSWER, tables={}, facts=facts)
    assert without_small_cells(whole, RULES)[0].facts == facts


def test_the_gate_says_what_it_blanked() -> None:
    released = release_result(ANSWER, RULES)
    assert released.decision.verdict == "released" and released.decision.policy == "test"
    assert released.decision.limits and "'levels': 2 blanked" in released.decision.limits[0]
    assert not release_result(replace(ANSWER, tables={}), RULES).decision.limits


def test_noisy_answers_are_shown_as_they_are() -> None:
    assert release_result(ANSWER, RULES, mode="dp").result == ANSWER


def test_few_persons_and_saturated_models_stay_in() -> None:
    with pytest.raises(DisclosureRefused, match="fewer than 10 persons of all sites"):
        release_result(replace(ANSWER, persons=9), RULES)
    with pytest.raises(DisclosureRefused, match="Saturation"):
        release_result(ANSWER, RULES, parameters=40)
    release_result(Result("nobody", 0), RULES)


def test_nothing_else_makes_a_released_result() -> None:
    with pytest.raises(DisclosureRefused, match="release_result alone"):
        ReleasedResult(ANSWER, Decision("released", "test"), seal=object())
