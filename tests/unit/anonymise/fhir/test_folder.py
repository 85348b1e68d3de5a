"""Attacks on what comes out: nothing of the patient is in its bytes, and it still holds together."""

from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.unit.anonymise.fhir.people_made import ALL, PATIENT, SECRETS, bulk, bundle

from cohortium.anonymise.fhir import Anonymised, anonymise_folder, evidence_of, load_configuration, read_configuration
from cohortium.anonymise.fhir.configuration import PROFILES
from cohortium.anonymise.pseudonyms import KeyRing
from cohortium.errors import InvalidRecords, SourceUnreadable
from cohortium.privacy.policy import load_policy
from cohortium.privacy.release import decide

RING = KeyRing({"1": b"k" * 32}, "1")
TODAY = date(2026, 11, 1)


def run(source: Path, target: Path, profile: str = "eu_research") -> Anonymised:
    return anonymise_folder(source, target, load_configuration(profile), RING, today=TODAY)


def read(folder: Path) -> dict[str, dict[str, Any]]:
    lines = [line for path in folder.iterdir() for line in path.read_text("utf-8").splitlines()]
    return {one["resourceType"]: one for one in map(json.loads, lines)}


@pytest.mark.parametrize("profile", PROFILES)
def test_nothing_of_the_patient_is_in_the_bytes(tmp_path: Path, profile: str) -> None:
    made = run(bulk(tmp_path / "Zworykin"), tmp_path / "out", profile)
    everything = b"".join(path.name.encode() + path.read_bytes() for path in (tmp_path / "out").iterdir()).lower()
    assert [secret for secret in SECRETS if secret.lower().encode() in everything] == []
    assert b"hospital.example.org/r4" not in everything
    judged, decision = decide(evidence_of(made, load_configuration(profile), "x"), load_policy(shipped="fhir"))
    assert decision.verdict == "released"
    assert judged.finding("references_resolved_after").score == judged.finding("references_resolved_before").score


@pytest.mark.parametrize("profile", PROFILES)
def test_references_go_on_leading_to_what_they_led_to(tmp_path: Path, profile: str) -> None:
    made = run(bulk(tmp_path / "in"), tmp_path / "out", profile)
    counts = made.audit.counts
    assert counts["references_before"] == counts["resolved_before"] == counts["references_after"] > 5
    assert counts["references_after"] == counts["resolved_after"]
    out = read(tmp_path / "out")
    patient = out["Patient"]["id"]
    assert patient == RING.pseudonym("patient", "pat-1")
    assert out["Observation"]["subject"]["reference"] == f"Patient/{patient}"
    assert out["Observation"]["encounter"]["reference"].endswith(f"/Encounter/{out['Encounter']['id']}")
    claim = out["ExplanationOfBenefit"]
    assert claim["referral"]["reference"] == f"#{claim['contained'][0]['id']}"


def test_logical_and_conditional_references_have_the_identifier_of_their_target(tmp_path: Path) -> None:
    run(bulk(tmp_path / "in"), tmp_path / "out")
    out = read(tmp_path / "out")
    number = out["Patient"]["identifier"][0]["value"]
    assert number == RING.pseudonym("patient", "MRN-448812")
    assert out["Condition"]["subject"]["identifier"]["value"] == number
    doctor = out["Practitioner"]["identifier"][0]["value"]
    assert (
        out["Observation"]["performer"][0]["reference"] == f"Practitioner?identifier=https://example.org/npi|{doctor}"
    )


def test_a_bundle_keeps_its_links_and_uuids_stay_uuids(tmp_path: Path) -> None:
    (tmp_path / "Ottoline_Zworykin.json").write_text(json.dumps(bundle(), indent=1))
    run(tmp_path / "Ottoline_Zworykin.json", tmp_path / "out")
    [path] = (tmp_path / "out").iterdir()
    assert path.name == "records-00001.json"
    made = json.loads(path.read_text())
    assert len(made["entry"]) == len(ALL)
    urls = {entry["fullUrl"]: entry["resource"]["resourceType"] for entry in made["entry"]}
    observation = next(
        entry["resource"] for entry in made["entry"] if entry["resource"]["resourceType"] == "Observation"
    )
    assert urls[observation["subject"]["reference"]] == "Patient"
    assert all(url.startswith("urn:uuid:") and "0c3151bd" not in url for url in urls)
    assert [secret for secret in SECRETS if secret.lower() in path.read_text().lower()] == []


def test_dates_move_together_and_times_stay(tmp_path: Path) -> None:
    made = run(bulk(tmp_path / "in"), tmp_path / "out")
    out = read(tmp_path / "out")
    days = RING.shift_days("pat-1")
    shifted = date.fromisoformat(out["Observation"]["effectiveDateTime"][:10])
    assert (shifted - date(2021, 6, 15)).days == days
    assert out["Observation"]["effectiveDateTime"][10:] == "T08:30:00+02:00"
    assert (date.fromisoformat(out["Encounter"]["period"]["start"][:10]) - date(2021, 6, 14)).days == days
    assert (
        date.fromisoformat(out["ExplanationOfBenefit"]["contained"][0]["authoredOn"]) - date(2021, 6, 10)
    ).days == days
    assert made.audit.torn_patients == 0
    assert made.audit.counts["exact_dates"] >= 6
    assert "recordedDate" not in out["Condition"]  # a month cannot be moved by days
    assert "onsetAge" not in out["Condition"]  # 93 years


def test_the_shift_can_follow_the_number_that_other_rooms_use(tmp_path: Path) -> None:
    plain = {"fhirPathRules": [{"path": "nodesByType('date')", "method": "dateShift"}],
             "parameters": {"personIdentifierSystem": "https://hospital.example.org/mrn"}}  # fmt: skip
    anonymise_folder(bulk(tmp_path / "in"), tmp_path / "out", read_configuration(plain, "x"), RING, today=TODAY)
    born = date.fromisoformat(read(tmp_path / "out")["Patient"]["birthDate"])
    assert (born - date(1961, 3, 14)).days == RING.shift_days("MRN-448812")


def test_safe_harbour_leaves_years(tmp_path: Path) -> None:
    run(bulk(tmp_path / "in"), tmp_path / "out", "safe_harbour")
    out = read(tmp_path / "out")
    assert out["Patient"]["birthDate"] == "1961"
    assert out["Patient"]["address"] == [{"state": "RLP", "postalCode": "55100", "country": "DE"}]
    assert out["Observation"]["effectiveDateTime"] == "2021"
    assert "issued" not in out["Observation"]


def test_what_is_required_and_gone_has_a_reason(tmp_path: Path) -> None:
    made = run(bulk(tmp_path / "in"), tmp_path / "out", "strict")
    claim = read(tmp_path / "out")["ExplanationOfBenefit"]
    reason = {
        "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}]
    }
    assert claim["_created"] == reason
    assert claim["insurer"] == reason
    assert claim["insurance"] == [{"_focal": reason, "coverage": reason}]
    assert made.audit.counts["required_missing"] == 0


def test_labels_say_what_was_done_but_not_in_contained_resources(tmp_path: Path) -> None:
    run(bulk(tmp_path / "in"), tmp_path / "out")
    claim = read(tmp_path / "out")["ExplanationOfBenefit"]
    assert {one["code"] for one in claim["meta"]["security"]} == {"REDACTED", "CRYTOHASH", "PERTURBED"}
    assert "meta" not in claim["contained"][0]


def test_the_audit_finds_what_a_careless_configuration_leaves(tmp_path: Path) -> None:
    plain = {"fhirPathRules": [{"path": "Resource", "method": "keep"}]}
    configuration = read_configuration(plain, "careless")
    made = anonymise_folder(bulk(tmp_path / "in"), tmp_path / "out", configuration, RING, today=TODAY)
    judged, decision = decide(evidence_of(made, configuration, "x"), load_policy(shipped="fhir"))
    assert decision.verdict == "refused"
    for metric in ("seeded_words_left", "birth_dates_left", "ages_over_89_left"):
        score = judged.finding(metric).score
        assert score is not None
        assert score.value >= 1


def test_texts_that_no_rule_reaches_lose_known_words_and_narratives_go(tmp_path: Path) -> None:
    plain = {"fhirPathRules": [{"path": "Observation.code.text", "method": "keep"}]}
    anonymise_folder(bulk(tmp_path / "in"), tmp_path / "out", read_configuration(plain, "x"), RING, today=TODAY)
    out = read(tmp_path / "out")
    note = out["Observation"]["note"][0]["text"]
    assert note == "Seen by [removed]; [removed], call [removed]."
    assert out["Condition"]["code"]["text"] == "Anaemia of [removed]"
    assert "text" not in out["Patient"]


def test_scope_resource_tears_intervals_and_that_is_seen(tmp_path: Path) -> None:
    plain = {"fhirPathRules": [{"path": "nodesByType('dateTime')", "method": "dateshift"}],
             "parameters": {"dateShiftScope": "resource"}}  # fmt: skip
    configuration = read_configuration(plain, "x")
    made = anonymise_folder(bulk(tmp_path / "in"), tmp_path / "out", configuration, RING, today=TODAY)
    assert made.audit.torn_patients == 1
    assert "dateShiftScope" in made.remarks[0]


def test_gzip_hides_time_and_name_and_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with gzip.open(tmp_path / "in" / "Patient.000.ndjson.gz", "wt") as stream:
        stream.write(json.dumps(PATIENT) + "\n")
    run(tmp_path / "in", tmp_path / "a")
    run(tmp_path / "in", tmp_path / "b")
    one, other = (tmp_path / name / "Patient.000.ndjson.gz" for name in "ab")
    assert one.read_bytes() == other.read_bytes()
    assert one.read_bytes()[3:8] == b"\0" * 5  # no name, no time


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"resourceType": "Patient"}\n{"resourceType": ', "line 2 of x.ndjson is not JSON"),
        ('{"name": "Zworykin"}', "line 1 of x.ndjson is not a FHIR resource"),
        ('{"resourceType": "ActorDefinition"}', "not FHIR R4"),
        ('{"resourceType": "List", "contained": [{"resourceType": "Basic", "contained": [{"resourceType": "Basic"}]}]}',
         "contains others"),
        ('{"resourceType": "Bundle", "entry": [{"resource": {"id": "Zworykin"}}]}', "entry in line 1"),
        ("[" * 100_000, "nested too deeply|not JSON"),
        ('{"resourceType": "Observation", "valueInteger": NaN}', "not JSON"),
    ],
)  # fmt: skip
def test_bad_lines_are_named_without_their_content(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "x.ndjson").write_text(text)
    with pytest.raises(InvalidRecords, match=f"(?i){message}") as caught:
        run(tmp_path / "x.ndjson", tmp_path / "out")
    assert "Zworykin" not in str(caught.value)


def test_other_encodings_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.ndjson").write_bytes('{"resourceType": "Patient", "id": "Jürgen"}'.encode("latin-1"))
    with pytest.raises(SourceUnreadable, match="UTF-8"):
        run(tmp_path / "x.ndjson", tmp_path / "out")


def test_unknown_elements_do_not_leave(tmp_path: Path) -> None:
    strange = {
        "resourceType": "Patient",
        "id": "a",
        "nickname": "Otti",
        "name": "not a list of objects",
        "gender": ["x"],
    }
    (tmp_path / "x.ndjson").write_text(json.dumps(strange))
    plain = {"fhirPathRules": [{"path": "Resource", "method": "keep"}]}
    made = anonymise_folder(tmp_path / "x.ndjson", tmp_path / "out", read_configuration(plain, "x"), RING, today=TODAY)
    assert "Otti" not in (tmp_path / "out" / "records-00001.ndjson").read_text()
    assert set(made.unknown) == {"Patient.nickname", "Patient.name"}


def test_dangling_references_are_counted(tmp_path: Path) -> None:
    (tmp_path / "x.ndjson").write_text(json.dumps(ALL[2]))
    made = run(tmp_path / "x.ndjson", tmp_path / "out")
    evidence = evidence_of(made, load_configuration("eu_research"), "x")
    assert evidence.facts["dangling_before"] == 3
    assert evidence.finding("references_lost").score.value == 0  # type: ignore[union-attr]


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROFILES)
def test_synthea_bundles(data_folder: Path, tmp_path: Path, profile: str) -> None:
    made = run(data_folder / "fhir" / "synthea_r4_bundles_50.ndjson.gz", tmp_path / "out", profile)
    evidence = evidence_of(made, load_configuration(profile), "x")
    _, decision = decide(evidence, load_policy(shipped="fhir"))
    assert decision.verdict == "released"
    found = {one.metric: one.score.value for one in evidence.findings if one.score is not None}
    assert found["references_resolved_after"] == found["references_resolved_before"] == 1.0
    assert found["intervals_broken"] == found["required_missing"] == found["codes_invalid"] == 0
    assert made.unknown == {}
