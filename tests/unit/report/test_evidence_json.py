"""The document: described by its published schema, and read back as it was written."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import numpy as np
import pytest

from cohortium.errors import InvalidRequest, SourceUnreadable
from cohortium.evaluate.report import from_json, to_json
from cohortium.records import AllowedCombinations, Evidence, Finding, Question, Score, SumRule

if TYPE_CHECKING:
    from .conftest import Release

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "evidence.schema.json").read_text("utf-8"))


def _strict(text: str) -> Any:
    def refuse(constant: str) -> float:
        raise AssertionError(constant)

    return json.loads(text, parse_constant=refuse)


@pytest.fixture(params=["released", "refused", "overridden", "wide"])
def release(request: pytest.FixtureRequest) -> Release:
    found: Release = request.getfixturevalue(request.param)
    return found


def test_it_obeys_its_published_schema(release: Release) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(_strict(to_json(*release)))


def test_the_schema_can_say_no(released: Release) -> None:
    document = _strict(to_json(*released))
    document["findings"][0]["status"] = "splendid"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(document)


def test_it_reads_back_what_was_written(release: Release) -> None:
    evidence, decision, schema = from_json(to_json(*release))
    assert evidence == release.evidence
    assert decision.verdict == release.decision.verdict
    assert decision.reasons == release.decision.reasons
    assert decision.limits == release.decision.limits
    assert decision.override_reason == release.decision.override_reason
    assert schema.names == release.schema.names
    assert schema.constraints == release.schema.constraints
    assert [(c.kind, c.unit, c.roles) for c in schema.columns] == [
        (c.kind, c.unit, c.roles) for c in release.schema.columns
    ]
    assert to_json(evidence, decision, schema) == to_json(*release)


def test_rules_of_every_kind_come_back(released: Release) -> None:
    schema = released.schema.with_constraints(
        AllowedCombinations(("Geschlecht", "Klinik"), (("weiblich", "Budapest"), ("männlich", "Cleveland"))),
        SumRule("oldpeak", ("Serumcholesterin", "Alter bei Aufnahme")),
    )
    _, _, back = from_json(to_json(released.evidence, released.decision, schema))
    assert back.constraints == schema.constraints


def test_numbers_that_are_not_finite_become_null(released: Release) -> None:
    odd = Finding("odd", Question.JOINT, "Odd", Score(math.nan, reference=math.inf), "lower")
    evidence = replace(released.evidence, findings=(odd,), plots={"x": [1.0, math.nan, -math.inf]})
    text = to_json(evidence, released.decision, released.schema)
    document = _strict(text)
    assert document["findings"][0]["score"]["value"] is None
    assert document["plots"]["x"] == [1.0, None, None]
    back = from_json(text)[0].findings[0].score
    assert back is not None and math.isnan(back.value) and back.reference is None


def test_numpy_values_and_tuples_are_plain_numbers_and_lists(released: Release) -> None:
    evidence = Evidence({"rows": np.int64(7), "share": np.float64(0.5)}, (), plots={"a": np.array([1, 2]), "b": (3,)})
    document = _strict(to_json(evidence, released.decision, released.schema))
    assert document["facts"] == {"rows": 7, "share": 0.5}
    assert document["plots"] == {"a": [1, 2], "b": [3]}


def test_what_json_does_not_know_is_refused_by_its_place(released: Release) -> None:
    evidence = Evidence({"made": date(2026, 1, 1)}, ())
    with pytest.raises(InvalidRequest, match="facts, made, not a date"):
        to_json(evidence, released.decision, released.schema)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "JSON document"),
        ("[]", "format"),
        ('{"format": "cohortium-evidence", "version": 2}', "version 1 was expected, not 2"),
        ('{"format": "cohortium-evidence", "version": 1}', "lacks a part"),
    ],
)
def test_other_documents_are_refused(text: str, said: str) -> None:
    with pytest.raises(SourceUnreadable, match=said):
        from_json(text)


def test_lists_of_numbers_stand_on_one_line(released: Release) -> None:
    lines = to_json(*released).splitlines()
    assert any(line.strip().startswith('"edges": [') and line.strip().endswith("],") for line in lines)
    assert len(lines) < 3_000
