"""Cohorts: read, counted in a CDM that is small enough to count by hand, told only as the rules allow."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("sqlalchemy", reason="the extra 'govern' is not installed")

from cohortium.anonymise.omop.reading import CdmSource
from cohortium.errors import DisclosureRefused, InvalidRequest, NotApplicable
from cohortium.govern.catalogue.feasibility import (
    Concept,
    ConceptSet,
    Count,
    count_in_cdm,
    count_in_table,
    parse_cohort,
    read_concept_set,
    total,
)
from cohortium.privacy.disclosure import DisclosureRules
from cohortium.records import Column, Kind, Role, Schema, Table

OPEN = DisclosureRules(cell=0)
TODAY = date(2026, 1, 1)
DIABETES, TYPE_2 = 201820, 201826


def count(made: CdmSource, text: str, **sets: ConceptSet) -> int | None:
    return count_in_cdm(made, parse_cohort(text, sets), OPEN, today=TODAY, rounded_to=1).persons


@pytest.mark.parametrize(
    ("text", "persons"),
    [
        ("persons", 40),
        ("persons with condition 201826", 20),
        ("persons with condition 201820", 20),
        ("persons with condition exactly 201820", 0),
        ("persons with condition 201820, 999", 20),
        ("persons with not condition 201826", 20),
        ("persons with sex = female and condition 201826", 20),
        ("persons with sex = male or condition 201826", 40),
        ("persons with sex = male and not (condition 201826 or drug 1503297)", 19),
        ("persons with born >= 1990", 10),
        ("persons with age >= 36", 30),
        ("persons with age >= 36 on 2026-06-30", 30),
        ("persons with age >= 36 on 2026-07-01", 31),
        ("persons with before 2015-01-06 condition 201826", 2),
        ("persons with condition 201826 before 2015-01-06", 2),
        ("persons with after 2015-01-06 condition 201826", 17),
        ("persons with between 2015-01-04 and 2015-01-06 condition 201826", 2),
        ("persons with in 2014 drug 1503297", 5),
        ("persons with drug 1503297", 11),
        ("persons with condition 201826 and drug 1503297", 10),
        ("persons with drug 1503297 within 90 days after condition 201826", 7),
        ("persons with drug 1503297 within 365 days before condition 201826", 5),
        ("persons with drug 1503297 within 364 days before condition 201826", 0),
        ("persons with drug 1503297 within 400 days of condition 201826", 10),
        ("persons with at least 2 times drug 1503297", 2),
        ("persons with measurement 3004410 > 6.5", 14),
        ("persons with measurement 3004410 <= 0.25", 1),
        ("persons with measurement", 40),
        ("persons with [diabetes]", None),
        ("persons with condition 201826 and age >= 18 and before 2020-01-01 drug 1503297", 10),
        ("PERSONS WITH NOT NOT Condition 201826", 20),
    ],
    ids=range(31),
)
def test_cohorts_are_counted_as_by_hand(made: CdmSource, text: str, persons: int | None) -> None:
    if persons is None:
        with pytest.raises(InvalidRequest):
            count(made, text)
    else:
        assert count(made, text) == persons


def test_named_sets_bring_their_exclusions(made: CdmSource) -> None:
    items = [
        {"concept": {"CONCEPT_ID": DIABETES}, "includeDescendants": True},
        {"concept": {"CONCEPT_ID": TYPE_2}, "isExcluded": True},
    ]
    others = read_concept_set(json.dumps({"items": items}))
    assert others.concepts == (Concept(DIABETES), Concept(TYPE_2, descendants=False, is_excluded=True))
    assert count(made, "persons with condition [all]", all=ConceptSet((Concept(DIABETES),))) == 20
    assert count(made, "persons with condition [others]", others=others) == 0


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"items": []}', '{"items": [{"concept": {}}]}', '{"items": [{"concept": {"CONCEPT_ID": "1"}}]}',
     '{"items": [{"concept": {"CONCEPT_ID": 1}, "includeMapped": true}]}', '{"items": 5}',
     '{"items": [{"concept": {"CONCEPT_ID": -5}}]}'],
    ids=range(9),
)  # fmt: skip
def test_what_is_no_concept_set_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        read_concept_set(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "expected 'persons'"),
        ("people", "expected 'persons'"),
        ("persons condition 1", "expected 'with' or the end"),
        ("persons with", "expected one of condition, drug"),
        ("persons with condition 1 and", "expected one of"),
        ("persons with condition 1)", "'and', 'or' or the end"),
        ("persons with (condition 1", "expected ')'"),
        ("persons with age 18", "a comparison"),
        ("persons with age >= old", "an age in years"),
        ("persons with age >= 1000", "from 0 to 150"),
        ("persons with sex = other", "female, male"),
        ("persons with condition 1 > 2", "a condition does not have"),
        ("persons with condition 99999999999", "from 0 to"),
        ("persons with before 2020-02-30 drug 1", "a day that there is"),
        ("persons with before 9999-12-31 drug 1", "a day that there is"),
        ("persons with drug 1 within 5 weeks of drug 2", "'days'"),
        ("persons with condition 1; DROP TABLE person", "cannot be read from character 25"),
        ("persons with condition 1 -- x", "cannot be read"),
        ("persons with condition '1' OR '1'='1'", "cannot be read"),
        ("persons with condition [x]", "no concept set [x]"),
        ("persons with source.person", "cannot be read"),
        ("persons with " + "(" * 50 + "condition 1" + ")" * 50, "40 deep"),
        ("persons with drug 1" + " within 1 days of drug 1" * 50, "40 deep"),
        ("persons with condition " + "1, " * 10_000, "20,000 characters"),
        ("persons with condition 1\x00", "cannot be read"),
        ("persons with condition ١", "cannot be read"),
    ],
    ids=range(26),
)
def test_what_is_no_cohort_says_where(text: str, says: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_cohort(text)
    assert says in str(caught.value)


def test_a_table_that_the_cdm_lacks_is_named(made: CdmSource) -> None:
    with pytest.raises(NotApplicable, match="visit_occurrence"):
        count(made, "persons with visit 9201")


def test_few_persons_are_not_said(made: CdmSource) -> None:
    rules = DisclosureRules()
    few = count_in_cdm(made, parse_cohort("persons with in 2014 drug 1503297"), rules, today=TODAY)
    none = count_in_cdm(made, parse_cohort("persons with condition 5"), rules, today=TODAY)
    many = count_in_cdm(made, parse_cohort("persons with drug 1503297"), rules, today=TODAY)
    assert few.is_suppressed and (none.persons, many.persons) == (0, 10)
    no_zeros = DisclosureRules(zero_cells=False)
    assert count_in_cdm(made, parse_cohort("persons with condition 5"), no_zeros, today=TODAY).is_suppressed


def test_the_history_can_refuse_before_anything_is_said(made: CdmSource) -> None:
    seen: list[int] = []

    def admit(persons: np.ndarray) -> None:
        seen.extend(persons.tolist())
        raise DisclosureRefused("Differencing")

    with pytest.raises(DisclosureRefused):
        count_in_cdm(made, parse_cohort("persons with condition 201826"), OPEN, today=TODAY, admit=admit)
    assert sorted(seen) == list(range(1, 41, 2))


def test_sites_are_summed_without_what_they_do_not_say() -> None:
    found = total({"mainz": Count(120, 10), "turin": Count(None, 10), "lyon": Count(0, 10), "oslo": None})
    assert (found.persons, found.sites, found.suppressed, found.silent) == (120, 2, ("turin",), ("oslo",))


def people() -> Table:
    frame = pd.DataFrame({"patient": [f"p{one // 2}" for one in range(100)], "age": range(100), "sex": ["F", "M"] * 50})
    schema = Schema((Column("patient", Kind.IDENTIFIER, frozenset({Role.PERSON_KEY})), Column("age", Kind.INTEGER),
                     Column("sex", Kind.CATEGORICAL, levels=("F", "M"))))  # fmt: skip
    return Table.from_pandas(frame, schema)


@pytest.mark.parametrize(
    ("text", "persons"),
    [
        ("persons", 50),
        ("persons with age >= 60", 20),
        ("persons where age >= 61 and sex = F", 20),
        ("persons with age >= 84", None),
        ("persons with age >= 84 and age < 84", 0),
    ],
    ids=range(5),
)
def test_persons_of_a_table_are_counted_once(text: str, persons: int | None) -> None:
    assert count_in_table(people(), text, DisclosureRules()).persons == persons


@pytest.mark.parametrize(
    "text", ["", "rows with age > 1", "persons age > 1", "persons with", "persons with x = 1"], ids=range(5)
)
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        count_in_table(people(), text, DisclosureRules())
