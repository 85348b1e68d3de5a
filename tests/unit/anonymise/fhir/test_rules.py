"""Rules in Microsoft's vocabulary: order, paths, methods, and mistakes that are named."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.unit.anonymise.fhir.people_made import ALL, CONDITION, OBSERVATION, PATIENT

from cohortium.anonymise.fhir import Anonymiser, People, decrypt, load_configuration, read_configuration
from cohortium.anonymise.pseudonyms import KeyRing
from cohortium.errors import InvalidRecords, InvalidRequest, SourceUnreadable

RING = KeyRing({"1": b"k" * 32}, "1")


def apply(record: dict[str, Any], *rules: dict[str, Any], parameters: dict[str, Any] | None = None) -> dict[str, Any]:
    """The record under these rules, without the labels."""
    configuration = read_configuration({"fhirPathRules": list(rules), "parameters": parameters or {}}, "test")
    people = People()
    for one in ALL:
        people.learn(one)
    before = deepcopy(record)
    made = Anonymiser(configuration, RING, people, today=date(2026, 11, 1)).record(record)
    assert record == before
    made.pop("meta", None)
    return made


def rule(path: str, method: str, **settings: Any) -> dict[str, Any]:
    return {"path": path, "method": method, **settings}


def test_the_first_rule_that_reaches_an_element_decides() -> None:
    made = apply(PATIENT, rule("nodesByType('Address').state", "keep"), rule("Patient.address", "redact"),
                 rule("Patient", "redact"))  # fmt: skip
    assert made == {"resourceType": "Patient", "address": [{"state": "RLP"}]}


def test_a_rule_for_a_whole_counts_before_a_later_one_for_its_part() -> None:
    made = apply(PATIENT, rule("Patient.address", "redact"), rule("nodesByType('Address').state", "keep"))
    assert "address" not in made


@pytest.mark.parametrize(
    ("path", "gone"),
    [
        ("Patient.birthDate", {"birthDate", "_birthDate"}),
        ("Patient.address.city | Patient.gender", {"gender"}),
        ("nodesByName('telecom')", {"telecom"}),
        ("nodesByType('ContactPoint')", {"telecom"}),
        ("Patient.telecom.where(system = 'phone' or system = 'email')", {"telecom"}),
        ("Resource.identifier", {"identifier"}),
        ("DomainResource.managingOrganization", {"managingOrganization"}),
        ("Resource.descendants().where($this is Identifier)", {"identifier"}),
        ("Observation.status", set()),
    ],
)
def test_paths_reach_what_they_name(path: str, gone: set[str]) -> None:
    made = apply(PATIENT, rule(path, "redact"), rule("Resource", "keep"))
    assert set(PATIENT) - set(made) - {"text"} == gone


@pytest.mark.parametrize("path", ["Condition.onset as Age", "Condition.onset.ofType(Age)",
                                  "(Condition.onset as Age).value",
                                  "nodesByType('Age')", "Condition.onset"])  # fmt: skip
def test_choices_of_types(path: str) -> None:
    made = apply(
        CONDITION, rule(path, "redact"), rule("Resource", "keep"), parameters={"enablePartialAgesForRedact": True}
    )
    assert "value" not in made.get("onsetAge", {})
    assert "onsetAge" in apply(CONDITION, rule("Condition.onset as Period", "redact"), rule("Resource", "keep"))


def test_a_condition_within_a_list_takes_one_element_alone() -> None:
    made = apply(PATIENT, rule("nodesByType('ContactPoint').where(system='phone')", "redact"), rule("Resource", "keep"))
    assert [one["system"] for one in made["telecom"]] == ["email"]


def test_age_units_count() -> None:
    def left(value: int, code: str) -> Any:
        record = {**CONDITION, "onsetAge": {"value": value, "code": code}}
        made = apply(record, rule("nodesByType('Age')", "redact"), parameters={"enablePartialAgesForRedact": True})
        return made.get("onsetAge", {}).get("value")

    assert (left(89, "a"), left(90, "a"), left(100, "mo"), left(1200, "mo")) == (89, None, 100, None)


def test_dates_of_more_than_89_years_ago_go_whole() -> None:
    old = {**PATIENT, "birthDate": "1931-05-05"}
    for method in ("redact", "dateShift"):
        made = apply(old, rule("Patient.birthDate", method), parameters={"enablePartialDatesForRedact": True})
        assert "birthDate" not in made


def test_restricted_postal_codes_become_zeros() -> None:
    made = apply(PATIENT, rule("Patient.address", "redact"), parameters={
        "enablePartialZipCodesForRedact": True, "restrictedZipCodeTabulationAreas": ["551"]})  # fmt: skip
    assert made["address"] == [{"postalCode": "00000"}]


def test_substitute_puts_values_and_objects() -> None:
    made = apply(PATIENT, rule("Patient.address", "substitute", replaceWith={"city": "example city"}),
                 rule("Patient.birthDate", "substitute", replaceWith="1990-01-01"))  # fmt: skip
    assert made["address"] == [{"city": "example city"}]
    assert made["birthDate"] == "1990-01-01"


def test_no_method_leaves_a_code_that_fhir_does_not_have() -> None:
    for settings in (
        rule("Observation.status", "substitute", replaceWith="nonsense"),
        rule("Observation.status", "cryptoHash"),
    ):
        made = apply(OBSERVATION, settings)
        assert "status" not in made
        assert made["_status"]["extension"][0]["valueCode"] == "masked"


def test_perturb_stays_within_its_span_and_does_not_average_out() -> None:
    path = "(nodesByType('Observation').value as Quantity).value | Observation.value"
    one = apply(OBSERVATION, rule(path, "perturb", span=0.2, rangeType="proportional", roundTo=3))["valueQuantity"]
    other = apply(OBSERVATION, rule(path, "perturb", span=0.2, rangeType="proportional", roundTo=3))["valueQuantity"]
    assert one == other
    assert one["value"] != 13.4
    assert abs(one["value"] - 13.4) <= 1.34 + 0.001
    assert one["unit"] == "g/dL"


def test_generalize_takes_the_first_case_that_holds() -> None:
    cases = {"$this < 12": "11", "$this >= 12 and $this < 14": "12", "true": "99"}
    assert (
        apply(OBSERVATION, rule("Observation.value.value", "generalize", cases=cases))["valueQuantity"]["value"] == 12
    )
    none = {"$this > 100": "100"}
    assert "value" not in apply(OBSERVATION, rule("Observation.value.value", "generalize", cases=none))["valueQuantity"]
    kept = apply(OBSERVATION, rule("Observation.value.value", "generalize", cases=none, otherValues="keep"))
    assert kept["valueQuantity"]["value"] == 13.4


def test_encrypt_can_be_undone_by_the_ring_alone() -> None:
    made = apply(PATIENT, rule("Patient.address.city", "encrypt"))
    hidden = made["address"][0]["city"]
    assert "Mainz" not in hidden
    assert decrypt(hidden, RING) == "Mainz"
    assert apply(PATIENT, rule("Patient.address.city", "encrypt"))["address"][0]["city"] != hidden
    with pytest.raises(InvalidRequest):
        decrypt(hidden, KeyRing({"1": b"x" * 32}, "1"))
    with pytest.raises(InvalidRequest):
        decrypt("Mainz", RING)


def test_image_uids_are_those_of_dicom() -> None:
    study = {"resourceType": "ImagingStudy", "id": "i", "status": "available",
             "subject": {"reference": "Patient/pat-1"},
             "identifier": [{"system": "urn:dicom:uid", "value": "urn:oid:1.2.840.99.1"}],
             "series": [{"uid": "1.2.840.99.2", "modality": {"code": "CT"}}]}  # fmt: skip
    made = apply(study, rule("ImagingStudy.series.uid | nodesByType('Identifier').value", "cryptoHash"))
    assert made["series"][0]["uid"] == RING.uid("1.2.840.99.2")
    assert made["identifier"][0]["value"] == f"urn:oid:{RING.uid('1.2.840.99.1')}"


def test_a_configuration_of_microsofts_form_is_read(tmp_path: Path) -> None:
    plain = {
        "fhirVersion": "R4", "processingErrors": "raise",
        "fhirPathRules": [rule("nodesByType('Extension')", "redact"), rule("nodesByType('date')", "dateshift"),
                          rule("FamilyMemberHistory.condition.onset as Age", "perturb", span=0.1,
                               rangeType="proportional",
                               roundTo=0)],
        "parameters": {"dateShiftKey": "", "dateShiftScope": "resource", "cryptoHashKey": "hunter2", "encryptKey": "",
                       "enablePartialAgesForRedact": True, "restrictedZipCodeTabulationAreas": ["036"]},
    }  # fmt: skip
    (tmp_path / "c.json").write_text(json.dumps(plain), "utf-8-sig")
    made = load_configuration(str(tmp_path / "c.json"))
    assert [one.method for one in made.rules] == ["redact", "dateShift", "perturb"]
    assert made.parameters.scope == "resource"
    assert any("cryptoHashKey" in remark for remark in made.remarks)
    assert "hunter2" not in str(made.remarks)


@pytest.mark.parametrize(
    ("plain", "message"),
    [
        ({"fhirPathRules": []}, "at least one rule"),
        ({"fhirPathRules": [rule("Patient", "erase")]}, "not 'erase'"),
        ({"fhirPathRules": [rule("Patient", "redact", replaceWith=1)]}, "replaceWith"),
        ({"fhirPathRules": [rule("Patient.name.frobnicate()", "redact")]}, "frobnicate"),
        ({"fhirPathRules": [rule("Patient..name", "redact")]}, "character 9"),
        ({"fhirPathRules": [rule("Patient.name", "substitute")]}, "needs 'replaceWith'"),
        ({"fhirPathRules": [rule("Patient.x", "perturb", span=-1)]}, "span"),
        ({"fhirPathRules": [rule("Patient.x", "perturb", span=1, roundTo=29)]}, "roundTo"),
        ({"fhirPathRules": [rule("Patient.x", "perturb", span=1, rangeType="wide")]}, "rangeType"),
        ({"fhirPathRules": [rule("Patient.x", "generalize")]}, "cases"),
        ({"fhirPathRules": [rule("Patient.x", "generalize", cases={"$this >": "1"})]}, "rule 1"),
        ({"fhirPathRules": [rule("Patient", "keep")], "fhirVersion": "Stu3"}, "Stu3"),
        ({"fhirPathRules": [rule("Patient", "keep")], "extra": 1}, "extra"),
        ({"fhirPathRules": [rule("Patient", "keep")], "parameters": {"dateShiftScpe": "file"}}, "dateShiftScpe"),
        ({"fhirPathRules": [rule("Patient", "keep")], "parameters": {"dateShiftScope": "world"}}, "world"),
        ({"fhirPathRules": [rule("Patient", "keep")], "processingErrors": "ignore"}, "ignore"),
    ],
)
def test_mistakes_are_named(plain: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        read_configuration(plain, "c.json")


def test_a_configuration_that_is_not_there() -> None:
    with pytest.raises(SourceUnreadable, match="safe_harbour"):
        load_configuration("nowhere.toml")


def test_a_rule_that_cannot_be_applied_stops_or_empties() -> None:
    broken = rule("Observation.value.value", "generalize", cases={"$this > 'a'": "1"})
    with pytest.raises(InvalidRecords, match="Observation"):
        apply(OBSERVATION, broken)
    configuration = read_configuration({"fhirPathRules": [broken], "processingErrors": "skip"}, "x")
    anonymiser = Anonymiser(configuration, RING, People(), today=date(2026, 11, 1))
    assert set(anonymiser.record(OBSERVATION)) == {"resourceType", "meta"}
    assert anonymiser.emptied == 1
