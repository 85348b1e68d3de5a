from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, Literal

import pytest
from tests.conformance.examples import counts, models, neural, statistics, survival, synthesis, trees
from tests.conformance.examples.example import Example

import cohortium.federate.offered
from cohortium.errors import InvalidRequest
from cohortium.records import algorithm_from_plain, algorithm_to_plain
from cohortium.records.settings import check_settings
from cohortium.registry import entries

assert cohortium.federate.offered  # importing it registers the algorithms
EXAMPLES: dict[str, Example] = {
    name: example
    for family in (counts, statistics, survival, models, trees, neural, synthesis)
    for name, example in family.EXAMPLES.items()
}
MADE = {entry.name: entry.thing for entry in entries("algorithm")}
WRONG: dict[str, list[Any]] = {
    "str": [1, ["age"], True, None, {"a": 1}],
    "int": ["1", 1.5, True, None, [1]],
    "float": ["monthly", True, None, [1.0]],
    "bool": [1, "true", None, [True]],
    "tuple[str, ...]": ["age", 1, None, [1], [["age"]], [None]],
    "tuple[float, ...]": [0.5, "0.5", ["0.5"], [True]],
    "str | None": [1, ["age"], False],
    "float | None": ["1", [1.0], True],
    "int | None": ["1", 1.5, True],
}


@pytest.mark.parametrize("name", sorted(MADE))
def test_own_defaults_pass(name: str) -> None:
    made = MADE[name]
    defaults = {
        one.name: one.default_factory() if one.default_factory is not MISSING else one.default
        for one in fields(made)
        if one.default is not MISSING or one.default_factory is not MISSING
    }
    check_settings(name, made, defaults)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_examples_pass_as_they_travel(name: str) -> None:
    algorithm = EXAMPLES[name].algorithm
    assert algorithm_from_plain(json.loads(json.dumps(algorithm_to_plain(algorithm)))) == algorithm


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_every_setting_of_the_wrong_kind_is_refused(name: str) -> None:
    right = json.loads(json.dumps(algorithm_to_plain(EXAMPLES[name].algorithm)))
    tried = 0
    for one in fields(MADE[name]):
        for value in WRONG.get(str(one.type), []):
            with pytest.raises(InvalidRequest, match=f"setting '{one.name}' of '{name}'"):
                algorithm_from_plain({**right, "settings": {**right["settings"], one.name: value}})
            tried += 1
    assert tried > 0


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"step_days": "monthly"}, "is a text; a number was expected. Write a number without quotation marks"),
        (
            {"groups": "mgus"},
            r'is a text; a list of texts was expected. Put the text into brackets, groups = \["..."\]',
        ),
        ({"groups": ["mgus", 3]}, "is a list with a text and a whole number in it; a list of texts was expected"),
        ({"entry": 3}, "is a whole number; a text or nothing was expected"),
        ({"time": True}, "is true or false; a text was expected"),
    ],
)
def test_it_is_said_what_came_and_what_was_expected(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRequest, match=said) as caught:
        algorithm_from_plain({"name": "kaplan_meier", "settings": {"time": "t", "event": "e", **settings}})
    assert "mgus" not in str(caught.value) and "monthly" not in str(caught.value)


def test_settings_that_are_no_names_and_values_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="group of names and values"):
        algorithm_from_plain({"name": "describe", "settings": ["age"]})


class Declared:
    which: Literal["mean", "median"]
    pairs: tuple[tuple[float, float], ...]
    weights: Mapping[str, float] | None
    names: list[str]
    other: complex


@pytest.mark.parametrize(
    ("setting", "right", "wrong"),
    [
        ("which", ["mean"], ["mode", 1]),
        ("pairs", [[], [[0, 1.5]], ((1, 2), (3, 4))], [[1, 2], [[1, 2, 3]], [["0", 1]], 3]),
        ("weights", [None, {}, {"a": 1}], [[], {"a": "1"}, {1: 1.0}, "a"]),
        ("names", [[], ["a"], ("a", "b")], ["a", [1]]),
        ("other", [1, "anything", None], []),
    ],
)
def test_kinds_of_annotations(setting: str, right: list[Any], wrong: list[Any]) -> None:
    for value in right:
        check_settings("declared", Declared, {setting: value})
    for value in wrong:
        with pytest.raises(InvalidRequest, match=f"'{setting}' of 'declared'"):
            check_settings("declared", Declared, {setting: value})
