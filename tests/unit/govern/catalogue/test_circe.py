"""Cohort definitions of ATLAS: counted as by hand, and everything that is not understood refused by its name."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

pytest.importorskip("sqlalchemy", reason="the extra 'govern' is not installed")

from cohortium.anonymise.omop.reading import CdmSource
from cohortium.errors import InvalidRequest, NotApplicable
from cohortium.govern.catalogue.feasibility import cdm, count_in_cdm, parse_cohort, read_circe
from cohortium.privacy.disclosure import DisclosureRules

OPEN = DisclosureRules(cell=0)
DAY = date(2026, 1, 1)
Plain = dict[str, Any]


def concept_set(number: int, *concepts: int) -> Plain:
    items = [{"concept": {"CONCEPT_ID": one}, "isExcluded": False, "includeDescendants": True} for one in concepts]
    return {"id": number, "name": f"set {number}", "expression": {"items": items}}


def definition(primary: Plain, **more: Any) -> Plain:
    """As ATLAS writes it: many parts that ask for nothing."""
    return {
        "ConceptSets": [concept_set(0, 201820), concept_set(1, 1503297), concept_set(2, 3004410)],
        "PrimaryCriteria": {
            "CriteriaList": [primary],
            "ObservationWindow": {"PriorDays": 0, "PostDays": 0},
            "PrimaryCriteriaLimit": {"Type": "First"},
        },
        "QualifiedLimit": {"Type": "First"},
        "ExpressionLimit": {"Type": "First"},
        "InclusionRules": [],
        "EndStrategy": {"DateOffset": {"DateField": "EndDate", "Offset": 7}},
        "CensoringCriteria": [],
        "CollapseSettings": {"CollapseType": "ERA", "EraPad": 0},
        "CensorWindow": {},
        "cdmVersionRange": ">=5.0.0",
        **more,
    }


def occurs(criteria: Plain, kind: int = 2, count: int = 1, first: int | None = None, last: int | None = None) -> Plain:
    def side(days: int | None, sign: int) -> Plain:
        return {"Coeff": sign} if days is None else {"Days": abs(days), "Coeff": -1 if days < 0 else 1}

    window = {"Start": side(first, -1), "End": side(last, 1), "UseEventEnd": False, "UseIndexEnd": False}
    occurrence = {"Type": kind, "Count": count, "IsDistinct": False}
    return {"Criteria": criteria, "StartWindow": window, "Occurrence": occurrence, "RestrictVisit": False}


def group(*criteria: Plain, kind: str = "ALL", **more: Any) -> Plain:
    return {"Type": kind, "CriteriaList": list(criteria), "DemographicCriteriaList": [], "Groups": [], **more}


CONDITION = {"ConditionOccurrence": {"CodesetId": 0, "ConditionTypeExclude": False}}
DRUG = {"DrugExposure": {"CodesetId": 1}}
WOMAN = [{"CONCEPT_ID": 8532}]


def with_dates(op: str, value: str, extent: str | None = None) -> Plain:
    window = {"Op": op, "Value": value, **({"Extent": extent} if extent else {})}
    return {"ConditionOccurrence": {"CodesetId": 0, "OccurrenceStartDate": window}}


@pytest.mark.parametrize(
    ("plain", "persons"),
    [
        (definition(CONDITION), 20),
        (definition(DRUG), 11),
        (definition(with_dates("lt", "2015-01-06")), 2),
        (definition(with_dates("bt", "2015-01-04", "2015-01-06")), 2),
        (definition(with_dates("!bt", "2015-01-04", "2015-01-06")), 18),
        (definition({"ConditionOccurrence": {"CodesetId": 0, "Age": {"Value": 30, "Op": "gte"}}}), 13),
        (definition({"ConditionOccurrence": {"CodesetId": 0, "Gender": [{"CONCEPT_ID": 8507}]}}), 0),
        (definition({"Measurement": {"CodesetId": 2, "ValueAsNumber": {"Value": 6.5, "Op": "gt"}}}), 14),
        (definition({"ConditionOccurrence": {}}), 20),
        (definition(CONDITION, AdditionalCriteria=group(occurs(DRUG, first=0, last=90))), 7),
        (definition(CONDITION, AdditionalCriteria=group(occurs(DRUG, first=-365, last=-1))), 5),
        (definition(CONDITION, AdditionalCriteria=group(occurs(DRUG))), 10),
        (definition(CONDITION, AdditionalCriteria=group(occurs(DRUG, kind=0, count=0))), 10),
        (definition(CONDITION, AdditionalCriteria=group(occurs(DRUG, kind=1, count=1))), 18),
        (definition(CONDITION, AdditionalCriteria=group(occurs(DRUG, count=2))), 2),
        (definition(CONDITION, AdditionalCriteria=group(occurs(DRUG, first=0), occurs(DRUG, last=-1), kind="ANY")), 10),
        (definition(CONDITION, AdditionalCriteria=group(occurs(DRUG, first=0), occurs(DRUG, last=-1))), 2),
        (
            definition(
                CONDITION,
                AdditionalCriteria=group(occurs(DRUG, first=0), occurs(DRUG, last=-1), kind="AT_LEAST", Count=1),
            ),
            10,
        ),
        (
            definition(
                CONDITION,
                AdditionalCriteria=group(occurs(DRUG, first=0), occurs(DRUG, last=-1), kind="AT_MOST", Count=1),
            ),
            18,
        ),
        (
            definition(
                CONDITION,
                InclusionRules=[
                    {
                        "name": "young",
                        "expression": group(DemographicCriteriaList=[{"Age": {"Value": 30, "Op": "lt"}}]),
                    },
                    {"name": "drug", "expression": group(occurs(DRUG))},
                ],
            ),
            3,
        ),
        (definition(CONDITION, InclusionRules=[{"name": "none", "expression": group()}]), 20),
        (
            definition(
                CONDITION,
                AdditionalCriteria=group(
                    Groups=[group(occurs(DRUG, first=0)), group(DemographicCriteriaList=[{"Gender": WOMAN}])],
                    kind="ANY",
                ),
            ),
            20,
        ),
        ({"expression": definition(CONDITION), "name": "Exported"}, 20),
    ],
    ids=range(23),
)
def test_definitions_are_counted_as_by_hand(made: CdmSource, plain: Plain, persons: int) -> None:
    found = count_in_cdm(made, read_circe(json.dumps(plain)), OPEN, today=DAY, rounded_to=1)
    assert found.persons == persons


@pytest.mark.parametrize(("additional", "persons"), [(None, 7), (group(occurs(DRUG)), 5)], ids=["without", "with"])
def test_the_qualified_limit_counts_only_with_additional_criteria(
    made: CdmSource, additional: Plain | None, persons: int
) -> None:
    """As in ATLAS: two persons have an earlier exposure that does not meet the rule."""
    rule = {"name": "after the condition", "expression": group(occurs(CONDITION, first=-60, last=0))}
    plain = definition(DRUG, InclusionRules=[rule], AdditionalCriteria=additional)
    plain["PrimaryCriteria"]["PrimaryCriteriaLimit"] = {"Type": "All"}
    found = count_in_cdm(made, read_circe(json.dumps(plain)), OPEN, today=DAY, rounded_to=1)
    assert found.persons == persons


def test_the_observation_window_counts(made: CdmSource) -> None:
    plain = definition(CONDITION)
    plain["PrimaryCriteria"]["ObservationWindow"] = {"PriorDays": 1826 + 20, "PostDays": 0}
    # Observation begins on 2010-01-01 and condition n on 2015-01-01 plus n days, which is 1,826 + n days later.
    assert count_in_cdm(made, read_circe(json.dumps(plain)), OPEN, today=DAY, rounded_to=1).persons == 10


def changed(path: str, value: Any) -> Plain:
    plain = definition(CONDITION, AdditionalCriteria=group(occurs(DRUG)))
    plain = json.loads(json.dumps(plain))
    where: Any = plain
    *parts, last = path.split(".")
    for part in parts:
        where = where[int(part)] if isinstance(where, list) else where[part]
    where[last] = value
    return plain


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("CensoringCriteria", [{"Death": {}}], "CensoringCriteria"),
        ("CensorWindow", {"StartDate": "2020-01-01"}, "CensorWindow"),
        ("NewThing", 5, "NewThing"),
        ("PrimaryCriteria.PrimaryCriteriaLimit", {"Type": "Last"}, "First or All"),
        ("PrimaryCriteria.CriteriaList", [], "at least one primary"),
        ("PrimaryCriteria.CriteriaList", [{"Specimen": {}}], "Specimen"),
        ("PrimaryCriteria.CriteriaList", [{"ConditionOccurrence": {"CodesetId": 9}}], "not in the definition"),
        ("PrimaryCriteria.CriteriaList", [{"ConditionOccurrence": {"ProviderSpecialty": [{}]}}], "ProviderSpecialty"),
        ("PrimaryCriteria.CriteriaList", [{"ConditionOccurrence": {"CorrelatedCriteria": {"x": 1}}}], "Correlated"),
        (
            "PrimaryCriteria.CriteriaList",
            [{"ConditionOccurrence": {"Age": {"Value": "1 OR 1", "Op": "lt"}}}],
            "numbers",
        ),
        ("PrimaryCriteria.CriteriaList", [{"ConditionOccurrence": {"Age": {"Value": 1, "Op": "; --"}}}], "Op is one"),
        ("PrimaryCriteria.CriteriaList", [{"ConditionOccurrence": {"Gender": [{"CONCEPT_ID": "x"}]}}], "CONCEPT_ID"),
        ("AdditionalCriteria.Type", "NONE", "ALL, ANY"),
        ("AdditionalCriteria.CriteriaList.0.RestrictVisit", True, "RestrictVisit"),
        ("AdditionalCriteria.CriteriaList.0.EndWindow", {"Start": {}}, "EndWindow"),
        ("AdditionalCriteria.CriteriaList.0.Occurrence", {"Type": 2, "Count": 1, "IsDistinct": True}, "IsDistinct"),
        ("AdditionalCriteria.CriteriaList.0.Occurrence", {"Type": 7, "Count": 1}, "Type is 0, 1 or 2"),
        ("AdditionalCriteria.CriteriaList.0.StartWindow.UseIndexEnd", True, "UseIndexEnd"),
        ("AdditionalCriteria.CriteriaList.0.StartWindow.Start", {"Days": "0", "Coeff": 1}, "Days are a whole"),
        ("AdditionalCriteria.CriteriaList.0.StartWindow.Start", {"Coeff": 1}, "has Days"),
        ("ConceptSets.0.expression.items.0.includeMapped", True, "includeMapped"),
        ("ConceptSets.0.expression", None, "expression"),
    ],
    ids=range(22),
)
def test_what_is_not_supported_is_named(path: str, value: Any, says: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_circe(json.dumps(changed(path, value)))
    assert says in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{}", "{", "[" * 99_999, "null"], ids=range(6))
def test_what_is_no_definition_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        read_circe(text)


def test_without_observation_periods_nothing_is_counted(tmp_path: Path) -> None:
    pd.DataFrame({"person_id": [1], "year_of_birth": [1990]}).to_parquet(tmp_path / "person.parquet")
    with cdm(tmp_path, tmp_path) as found, pytest.raises(NotApplicable, match="observation_period"):
        count_in_cdm(found, read_circe(json.dumps(definition(CONDITION))), OPEN, today=DAY)


def test_on_gibleed_both_languages_and_pandas_agree(tmp_path: Path) -> None:
    if "COHORTIUM_DATA" not in os.environ:
        pytest.skip("COHORTIUM_DATA is not set: GiBleed is not here")
    folder = Path(os.environ["COHORTIUM_DATA"]) / "omop" / "gibleed_parquet"
    bleeding, celecoxib = 192671, 1118084
    drugs = pd.read_parquet(folder / "drug_exposure.parquet").query("DRUG_CONCEPT_ID == @celecoxib")
    bled = pd.read_parquet(folder / "condition_occurrence.parquet").query("CONDITION_CONCEPT_ID == @bleeding")
    both = drugs.merge(bled, on="PERSON_ID")
    days = (pd.to_datetime(both.CONDITION_START_DATE) - pd.to_datetime(both.DRUG_EXPOSURE_START_DATE)).dt.days
    expected = both[days.between(0, 365)].PERSON_ID.nunique()
    text = f"persons with condition exactly {bleeding} within 365 days after drug exactly {celecoxib}"
    plain = definition(
        {"DrugExposure": {"CodesetId": 0}}, ConceptSets=[concept_set(0, celecoxib), concept_set(1, bleeding)]
    )
    plain["AdditionalCriteria"] = group(occurs({"ConditionOccurrence": {"CodesetId": 1}}, first=0, last=365))
    plain["PrimaryCriteria"]["PrimaryCriteriaLimit"] = plain["QualifiedLimit"] = {"Type": "All"}
    with cdm(folder, tmp_path) as found:
        ours = count_in_cdm(found, parse_cohort(text), OPEN, today=DAY, rounded_to=1).persons
        atlas = count_in_cdm(found, read_circe(json.dumps(plain)), OPEN, today=DAY, rounded_to=1).persons
        assert count_in_cdm(found, parse_cohort("persons"), OPEN, today=DAY).persons == 2690
    assert expected > 100 and ours == expected == atlas
