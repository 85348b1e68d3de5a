"""The rules that a node applies to its own sums."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cohortium.errors import DisclosureRefused, InvalidRequest, SourceUnreadable
from cohortium.privacy.disclosure import DisclosureRules, load_rules, parameters_in
from cohortium.records import PERSONS, Sums

RULES = load_rules()


def sums(persons: int, levels: list[int], **arrays: np.ndarray) -> Sums:
    return Sums({PERSONS: persons, "levels": np.array(levels), **arrays})


@pytest.mark.parametrize(("persons", "refused"), [(0, False), (1, True), (9, True), (10, False)])
@pytest.mark.parametrize("mode", ["plain", "secure", "dp"])
def test_few_persons_do_not_leave(persons: int, refused: bool, mode: str) -> None:
    if refused:
        with pytest.raises(DisclosureRefused, match="Minimum persons: fewer than 10"):
            RULES.check_sums(sums(persons, [0, 0]), mode=mode)
    else:
        RULES.check_sums(sums(persons, [0, 0]), mode=mode)


def test_a_site_may_give_smaller_sums_where_only_totals_are_seen() -> None:
    rules = replace(RULES, persons_secure=3)
    rules.check_sums(sums(4, [4]), mode="secure")
    with pytest.raises(DisclosureRefused, match="fewer than 10"):
        rules.check_sums(sums(4, [4]), mode="plain")


@pytest.mark.parametrize(
    ("levels", "refused"), [([40, 60], False), ([0, 100], False), ([9, 91], True), ([1, 99], True)]
)
def test_small_cells_are_refused_where_the_hub_sees_them(levels: list[int], refused: bool) -> None:
    RULES.check_sums(sums(100, levels), counts=("levels",), mode="secure")
    RULES.check_sums(sums(100, levels), counts=(), mode="plain")
    if refused:
        with pytest.raises(DisclosureRefused, match="Small cells") as caught:
            RULES.check_sums(sums(100, levels), counts=("levels",))
        assert "91" not in str(caught.value)
    else:
        RULES.check_sums(sums(100, levels), counts=("levels",))


def test_zeros_can_be_small_cells() -> None:
    with pytest.raises(DisclosureRefused, match="none of 0"):
        replace(RULES, zero_cells=False).check_sums(sums(100, [0, 100]), counts=("levels",))


def test_a_model_needs_persons_for_its_parameters() -> None:
    RULES.check_saturation(4, 20)
    with pytest.raises(DisclosureRefused, match="4 parameters"):
        RULES.check_saturation(4, 19)
    RULES.check_saturation(2, 12)
    with pytest.raises(DisclosureRefused, match="10 persons in excess"):
        RULES.check_saturation(2, 11)
    RULES.check_saturation(0, 1)


def test_the_curvature_tells_the_parameters() -> None:
    made = sums(40, [40], gradient=np.zeros(9), hessian=np.zeros((9, 9)), table=np.zeros((3, 3), dtype=np.int64))
    assert parameters_in(made) == 9
    with pytest.raises(DisclosureRefused, match="Saturation"):
        RULES.check_sums(made)
    RULES.check_sums(made, parameters=2)
    RULES.check_sums(made, mode="secure")


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        (np.ones(20), None),
        (np.array([100.0, 100.0, *[1.0] * 10]), "Dominance: 2 persons"),
        (np.array([-100.0, 100.0, *[1.0] * 10]), "Dominance: 2 persons"),
        (np.array([100.0, 5.0, *[1.0] * 8, np.nan]), "Dominance"),
        (np.array([100.0, 20.0, *[1.0] * 9]), "Dominance"),
        (np.zeros(20), None),
        (np.array([np.nan] * 5), None),
    ],
)
def test_a_sum_that_few_persons_make_up_is_refused(values: np.ndarray, rule: str | None) -> None:
    if rule is None:
        RULES.check_contributions(values, "cost")
    else:
        with pytest.raises(DisclosureRefused, match=rule) as caught:
            RULES.check_contributions(values, "cost")
        assert "cost" in str(caught.value)


def test_the_p_percent_rule_stands_on_its_own() -> None:
    values = np.array([100.0, 50.0, 9.0])
    lenient = replace(RULES, dominant_share=1.0)
    with pytest.raises(DisclosureRefused, match=r"p% rule.*10 %"):
        lenient.check_contributions(values, "cost")
    replace(lenient, p_percent=9.0).check_contributions(values, "cost")


def test_messages_never_say_what_was_found() -> None:
    with pytest.raises(DisclosureRefused) as caught:
        RULES.check_contributions(np.array([8_191.0, 1.0]), "cost")
    assert "8191" not in str(caught.value) and "8,191" not in str(caught.value)


def test_the_shipped_rules_are_the_defaults() -> None:
    assert DisclosureRules(title=RULES.title) == RULES


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("persons = 10 ", "person = 10 ", r"unknown \['person'\], missing \['persons'\]"),
        ("zero_cells = true", "", "missing"),
        ("cell = 10", "cell = 10.5", "cell must be of type int"),
        ("cell = 10", "cell = true", "cell must be of type int"),
        ("cell = 10", "cell = -1", "must not be below 0"),
        ('rare_levels = "refuse"', 'rare_levels = "keep"', "'refuse' or 'blank'"),
        ("persons = 10 ", "persons = ", "not TOML"),
    ],
)
def test_mistakes_in_the_rules_are_named(before: str, after: str, message: str, tmp_path: Path) -> None:
    from importlib import resources

    text = resources.files("cohortium.privacy").joinpath("policies/disclosure.toml").read_text("utf-8")
    path = tmp_path / "rules.toml"
    path.write_text(text)
    assert load_rules(path) == RULES
    assert before in text
    path.write_text(text.replace(before, after, 1))
    with pytest.raises(InvalidRequest, match=message):
        load_rules(path)


def test_rules_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="cannot be read"):
        load_rules(tmp_path / "none.toml")
