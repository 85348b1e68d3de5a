"""One record after another under a configuration: resources, those they contain, and the entries of bundles."""

from __future__ import annotations

from datetime import date
from typing import Any

from cohortium.anonymise.fhir.configuration import Configuration
from cohortium.anonymise.fhir.labels import label
from cohortium.anonymise.fhir.methods import Context
from cohortium.anonymise.fhir.people import Patient, People
from cohortium.anonymise.fhir.pseudonyms import Pseudonyms
from cohortium.anonymise.fhir.walk import Walk
from cohortium.anonymise.pseudonyms import KeyRing
from cohortium.errors import InvalidRecords, InvalidRequest


class Anonymiser:
    """A configuration at work.

    people     : has learnt all records before.
    datasource : name of the folder, for dateShiftScope "folder".
    emptied    : resources that a rule could not be applied to, under processingErrors "skip".
    """

    def __init__(
        self, configuration: Configuration, ring: KeyRing, people: People, *, today: date, datasource: str = ""
    ) -> None:
        self.configuration, self.ring, self.people, self.today = configuration, ring, people, today
        self.walk = Walk(configuration.rules, self._nested)
        self.pseudonyms = Pseudonyms(ring)
        self.datasource = datasource
        self.emptied = 0
        self._shifts: dict[str, int] = {}
        self._file = self._record = ""

    def record(self, record: dict[str, Any], file: str = "") -> dict[str, Any]:
        """A changed copy of a record, with labels.

        Raises : InvalidRecords, without a value of the record, where a rule cannot be applied to it.
        """
        self._file, self._record = file, f"{record['resourceType']}/{record.get('id', '')}"
        return self._changed(record, self.people.patient_of(record))[0]

    def _changed(
        self, resource: dict[str, Any], patient: Patient | None, *, contained: bool = False
    ) -> tuple[dict[str, Any], set[str]]:
        context = Context(self.ring, self.pseudonyms, self.people, self.configuration.parameters, self.today,
                          resource, patient, self._shift(patient), contained)  # fmt: skip
        try:
            made, did = self.walk.resource(resource, context)
        except InvalidRequest as error:
            if not self.configuration.skip_errors:
                raise InvalidRecords(f"A rule cannot be applied to a {resource['resourceType']}: {error}") from error
            self.emptied += 1
            made, did = {"resourceType": resource["resourceType"]}, {"redact"}
        if not contained:  # R4's constraint dom-4: the container carries the labels of what it contains
            label(made, did)
        return made, did

    def _nested(self, resource: dict[str, Any], container: Context) -> tuple[dict[str, Any], set[str]]:
        in_bundle = container.resource["resourceType"] == "Bundle"
        patient = self.people.patient_of(resource)
        if in_bundle:
            return self._changed(resource, patient)
        return self._changed(resource, patient or container.patient, contained=True)

    def _shift(self, patient: Patient | None) -> int | None:
        scope = self.configuration.parameters.scope
        if scope == "patient" and patient is None:
            return None
        whose = {"resource": f"resource {self._record}", "file": f"file {self._file}",
                 "folder": f"folder {self.datasource}"}.get(scope) or (patient.key if patient else "")  # fmt: skip
        if whose not in self._shifts:
            self._shifts[whose] = self.ring.shift_days(whose)
        return self._shifts[whose]
