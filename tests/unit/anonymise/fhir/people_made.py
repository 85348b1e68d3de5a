"""Made FHIR records of one invented patient, with names, numbers and dates wherever they must not survive."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SECRETS = (
    "Zworykin", "Ottoline", "Quillfeather", "0176-5550199", "ottoline@example.org", "7 Larkspur Lane", "MRN-448812",
    "1961-03-14", "Benedikt", "Achterberg", "NPI-99120045", "pat-1",
)  # fmt: skip
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "pat-1",
    "text": {"status": "generated", "div": "<div xmlns='http://www.w3.org/1999/xhtml'>Ottoline Zworykin</div>"},
    "identifier": [{"system": "https://hospital.example.org/mrn", "value": "MRN-448812"}],
    "name": [{"use": "official", "family": "Zworykin", "given": ["Ottoline", None], "_given": [None, {"extension": [
        {"url": "http://example.org/second", "valueString": "Quillfeather"}]}]}],
    "telecom": [{"system": "phone", "value": "0176-5550199"}, {"system": "email", "value": "ottoline@example.org"}],
    "gender": "female",
    "birthDate": "1961-03-14",
    "_birthDate": {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/patient-birthTime",
                                  "valueDateTime": "1961-03-14T04:05:06+01:00"}]},
    "address": [{"line": ["7 Larkspur Lane"], "city": "Mainz", "state": "RLP", "postalCode": "55116", "country": "DE"}],
    "contact": [{"name": {"family": "Quillfeather", "given": ["Ottokar"]}}],
    "managingOrganization": {"reference": "Organization/org-1"},
}  # fmt: skip
PRACTITIONER: dict[str, Any] = {
    "resourceType": "Practitioner",
    "id": "doc-1",
    "identifier": [{"system": "https://example.org/npi", "value": "NPI-99120045"}],
    "name": [{"family": "Achterberg", "given": ["Benedikt"]}],
}
OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "id": "obs-1",
    "status": "final",
    "code": {
        "coding": [{"system": "http://loinc.org", "code": "718-7", "display": "Hemoglobin for Ottoline Zworykin"}]
    },
    "subject": {"reference": "Patient/pat-1", "display": "Ottoline Zworykin"},
    "performer": [
        {"reference": "Practitioner?identifier=https://example.org/npi|NPI-99120045", "display": "Dr Achterberg"}
    ],
    "encounter": {"reference": "https://fhir.hospital.example.org/r4/Encounter/enc-1"},
    "effectiveDateTime": "2021-06-15T08:30:00+02:00",
    "issued": "2021-06-17T10:00:00.000+02:00",
    "valueQuantity": {"value": 13.4, "unit": "g/dL", "system": "http://unitsofmeasure.org", "code": "g/dL"},
    "note": [{"text": "Seen by Benedikt Achterberg; MRN-448812, call 0176-5550199.", "time": "2021-06-15"}],
}
ENCOUNTER: dict[str, Any] = {
    "resourceType": "Encounter",
    "id": "enc-1",
    "status": "finished",
    "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
    "subject": {"reference": "Patient/pat-1"},
    "period": {"start": "2021-06-14T07:00:00+02:00", "end": "2021-06-20T11:00:00+02:00"},
}
CONDITION: dict[str, Any] = {
    "resourceType": "Condition",
    "id": "con-1",
    "subject": {"identifier": {"system": "https://hospital.example.org/mrn", "value": "MRN-448812"}},
    "code": {"text": "Anaemia of Ottoline"},
    "onsetAge": {"value": 93, "unit": "a", "system": "http://unitsofmeasure.org", "code": "a"},
    "recordedDate": "2021-06",
}
CLAIM: dict[str, Any] = {
    "resourceType": "ExplanationOfBenefit",
    "id": "eob-1",
    "contained": [{"resourceType": "ServiceRequest", "id": "ref-zworykin", "status": "completed", "intent": "order",
                   "subject": {"reference": "Patient/pat-1"}, "authoredOn": "2021-06-10"}],
    "status": "active",
    "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/claim-type", "code": "professional"}]},
    "use": "claim",
    "patient": {"reference": "Patient/pat-1"},
    "created": "2021-07-01",
    "insurer": {"display": "Ottoline's insurer"},
    "provider": {"reference": "Practitioner/doc-1"},
    "outcome": "complete",
    "referral": {"reference": "#ref-zworykin"},
    "insurance": [{"focal": True, "coverage": {"display": "self"}}],
}  # fmt: skip
ORGANIZATION: dict[str, Any] = {"resourceType": "Organization", "id": "org-1", "name": "Some hospital"}
ALL = (PATIENT, PRACTITIONER, OBSERVATION, ENCOUNTER, CONDITION, CLAIM, ORGANIZATION)


def bulk(folder: Path) -> Path:
    """One file per type, the patient's after others that refer to it."""
    folder.mkdir()
    for resource in ALL:
        with (folder / f"{resource['resourceType']}.ndjson").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(resource) + "\n")
    return folder


def bundle() -> dict[str, Any]:
    """A transaction in which everything refers by urn:uuid."""
    urn = {f"{one['resourceType']}/{one['id']}": f"urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e{number}"
           for number, one in enumerate(ALL)}  # fmt: skip
    text = json.dumps([{"fullUrl": urn[f"{one['resourceType']}/{one['id']}"], "resource": one,
                        "request": {"method": "POST", "url": one["resourceType"]}} for one in ALL])  # fmt: skip
    for name, url in urn.items():
        text = text.replace(f'"reference": "{name}"', f'"reference": "{url}"')
    return {"resourceType": "Bundle", "type": "transaction", "entry": json.loads(text)}
