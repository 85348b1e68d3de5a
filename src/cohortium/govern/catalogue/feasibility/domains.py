"""Where the OMOP CDM keeps what happened to persons."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Domain:
    """A table of events.

    word    : in our language; circe : in cohort definitions of ATLAS.
    concept : its column of concepts; start, end : of days; an empty end is the start.
    """

    word: str
    circe: str
    table: str
    concept: str
    start: str
    end: str = ""
    has_value: bool = False


DOMAINS = (
    Domain("condition", "ConditionOccurrence", "condition_occurrence", "condition_concept_id", "condition_start_date",
           "condition_end_date"),
    Domain("drug", "DrugExposure", "drug_exposure", "drug_concept_id", "drug_exposure_start_date",
           "drug_exposure_end_date"),
    Domain("procedure", "ProcedureOccurrence", "procedure_occurrence", "procedure_concept_id", "procedure_date"),
    Domain("measurement", "Measurement", "measurement", "measurement_concept_id", "measurement_date", has_value=True),
    Domain("observation", "Observation", "observation", "observation_concept_id", "observation_date", has_value=True),
    Domain("visit", "VisitOccurrence", "visit_occurrence", "visit_concept_id", "visit_start_date", "visit_end_date"),
    Domain("device", "DeviceExposure", "device_exposure", "device_concept_id", "device_exposure_start_date",
           "device_exposure_end_date"),
    Domain("death", "Death", "death", "cause_concept_id", "death_date"),
    Domain("condition_era", "ConditionEra", "condition_era", "condition_concept_id", "condition_era_start_date",
           "condition_era_end_date"),
    Domain("drug_era", "DrugEra", "drug_era", "drug_concept_id", "drug_era_start_date", "drug_era_end_date"),
)  # fmt: skip
BY_WORD = {one.word: one for one in DOMAINS}
BY_CIRCE = {one.circe: one for one in DOMAINS}
SEXES = {"female": 8532, "male": 8507}
"""OMOP's standard concepts."""
