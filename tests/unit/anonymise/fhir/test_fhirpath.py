from __future__ import annotations

from typing import Any

import pytest

from cohortium.anonymise.fhir.fhirpath import evaluate, parse, root_node
from cohortium.anonymise.fhir.fhirpath.evaluation import check_functions, evaluate_value
from cohortium.errors import InvalidRequest

PATIENT = {
    "resourceType": "Patient",
    "telecom": [{"use": "home", "value": "1"}, {"use": "work", "value": "2"}],
    "multipleBirthInteger": 2,
    "extension": [{"url": "a", "valueCode": "x"}, {"url": "b", "valueCode": "y"}],
    "contact": [{"gender": "male"}],
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Patient.telecom.value", ["1", "2"]),
        ("telecom.where(use = 'home').value", ["1"]),
        ("telecom[1].value", ["2"]),
        ("telecom[7].value", []),
        ("(Patient.multipleBirth as integer) + 3 * 2", [8]),
        ("multipleBirth is boolean", [False]),
        ("extension('b').value", ["y"]),
        ("nodesByType('code')", ["home", "work", "x", "y", "male"]),
        ("telecom.value | telecom.value", ["1", "2"]),
        ("telecom.exists(use = 'old') or contact.gender = 'male'", [True]),
        ("telecom.all(value.length() = 1) and telecom.count() = 2", [True]),
        ("Observation.value", []),
        ("iif(telecom.empty(), 'none', telecom.first().value)", ["1"]),
        ("contact.select(gender.upper())", ["MALE"]),
    ],
)
def test_expressions_on_a_resource(text: str, found: list[Any]) -> None:
    assert [node.value for node in evaluate(parse(text), [root_node(PATIENT)])] == found


@pytest.mark.parametrize(
    ("text", "value", "made"),
    [
        ("$this >= 0 and $this < 20", 18, True),
        ("($this div 10) * 10", 18, 10),
        ("-$this", 3, -3),
        ("$this in ('en-AU' | 'en-GB')", "en-GB", True),
        ("$this.startsWith('123') or $this.startsWith('234')", "2345", True),
        ("$this.substring(0, 2) + '****'", "12345", "12****"),
        ("$this >= @1990-01-01 and $this <= @2000-01-01", "1995-05-05", True),
        (
            r"$this.replaceMatches('(?<year>\\d{4})-(?<month>\\d\\d)-\\d\\d', '${year}-${month}')",
            "2016-01-03",
            "2016-01",
        ),
        ("@1990", "anything", "1990"),
        ("{}", 1, None),
        ("1 = 1 implies $this.matches('^a')", "abc", True),
    ],
)
def test_expressions_of_microsofts_documentation(text: str, value: Any, made: Any) -> None:
    assert evaluate_value(parse(text), value, "string") == made


@pytest.mark.parametrize("text", ["a.b(", "a +", "'open", "a ! b", "(a", "a.1"])
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="character"):
        parse(text)


@pytest.mark.parametrize("text", ["a.resolve()", "a.where(b.trace('x'))"])
def test_functions_that_are_not_supported_are_named(text: str) -> None:
    with pytest.raises(InvalidRequest, match="not supported"):
        check_functions(parse(text))
