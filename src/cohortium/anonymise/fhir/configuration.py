"""Rules for FHIR in the vocabulary of Microsoft's "Tools for Health Data Anonymization", as their JSON or as TOML.

Source : https://github.com/microsoft/Tools-for-Health-Data-Anonymization, docs/FHIR-anonymization.md.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from cohortium.anonymise.fhir.rule import Rule, rule_of
from cohortium.errors import InvalidRequest, SourceUnreadable

PROFILES = ("safe_harbour", "eu_research", "strict")
SCOPES = ("patient", "resource", "file", "folder")
_TOP = {"title", "fhirVersion", "processingErrors", "processingError", "fhirPathRules", "parameters"}
_FLAGS = {"enablePartialAgesForRedact": "partial_ages", "enablePartialDatesForRedact": "partial_dates",
          "enablePartialZipCodesForRedact": "partial_zips", "dateShiftKeepTime": "keep_time"}  # fmt: skip
_SECRETS = ("dateShiftKey", "cryptoHashKey", "encryptKey")


@dataclass(frozen=True, slots=True)
class Parameters:
    """What holds for all rules.

    scope             : whose dates move together; "patient" is Cohortium's own, and the default.
    partial_*         : redact leaves the year of a date, an age up to 89, the first three digits of a postal code.
    restricted_zips   : beginnings of postal codes of few people, which become zeros as a whole.
    keep_time         : dateShift leaves the time of day; otherwise it becomes midnight.
    identifier_system : the patient's identifier of this system decides shift and pseudonym, as in other rooms; "" = id.
    """

    scope: str = "patient"
    partial_ages: bool = False
    partial_dates: bool = False
    partial_zips: bool = False
    restricted_zips: tuple[str, ...] = ()
    keep_time: bool = False
    identifier_system: str = ""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What is to be done to which elements.

    skip_errors : a resource that a rule cannot be applied to is emptied; otherwise everything stops.
    remarks     : what a person should know about how this configuration was understood.
    """

    title: str
    rules: tuple[Rule, ...]
    parameters: Parameters
    skip_errors: bool = False
    remarks: tuple[str, ...] = ()


def load_configuration(name: str) -> Configuration:
    """A shipped profile by its name, or the JSON or TOML file at a path.

    Raises : SourceUnreadable; InvalidRequest naming the key, rule or path that cannot be understood.
    """
    if name in PROFILES:
        text = resources.files("cohortium.anonymise.fhir").joinpath(f"profiles/{name}.toml").read_text("utf-8")
        return read_configuration(tomllib.loads(text), name)
    path = Path(name)
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceUnreadable(
            f"{name} is none of the shipped profiles {list(PROFILES)}, and cannot be read as a file: {error}."
        ) from error
    try:
        plain = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except (json.JSONDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidRequest(f"{name} cannot be read as a configuration: {error}.") from error
    return read_configuration(plain, path.name)


def read_configuration(plain: Any, name: str) -> Configuration:
    """A configuration from plain data; raises InvalidRequest naming what cannot be understood."""
    if not isinstance(plain, Mapping):
        raise InvalidRequest(f"{name}: a configuration is an object with 'fhirPathRules'.")
    _only(plain, _TOP, name)
    version = str(plain.get("fhirVersion") or "R4")
    if version.upper() != "R4":
        raise InvalidRequest(f"{name}: it is for FHIR '{version}'; this reads R4.")
    handling = str(plain.get("processingErrors", plain.get("processingError", "raise"))).lower()
    if handling not in ("raise", "skip"):
        raise InvalidRequest(f"{name}: processingErrors is 'raise' or 'skip', not '{handling}'.")
    rules = plain.get("fhirPathRules")
    if not isinstance(rules, list) or not rules:
        raise InvalidRequest(f"{name}: 'fhirPathRules' must list at least one rule.")
    parameters, remarks = _parameters(plain.get("parameters", {}), name)
    made = tuple(rule_of(rule, f"{name}, rule {number}") for number, rule in enumerate(rules, 1))
    return Configuration(str(plain.get("title", name)), made, parameters, handling == "skip", remarks)


def _parameters(plain: Any, name: str) -> tuple[Parameters, tuple[str, ...]]:
    if not isinstance(plain, Mapping):
        raise InvalidRequest(f"{name}: 'parameters' must be an object.")
    known = {*_FLAGS, *_SECRETS, "dateShiftScope", "restrictedZipCodeTabulationAreas", "personIdentifierSystem",
             "customSettings"}  # fmt: skip
    _only(plain, known, f"{name}, parameters")
    for flag in _FLAGS:
        if not isinstance(plain.get(flag, False), bool):
            raise InvalidRequest(f"{name}: {flag} must be true or false.")
    scope = str(plain.get("dateShiftScope") or "patient").lower()
    if scope not in SCOPES:
        raise InvalidRequest(f"{name}: dateShiftScope is one of {list(SCOPES)}, not '{scope}'.")
    zips = plain.get("restrictedZipCodeTabulationAreas") or []
    if not isinstance(zips, list) or not all(isinstance(area, str) for area in zips):
        raise InvalidRequest(f"{name}: restrictedZipCodeTabulationAreas must be a list of texts.")
    flags = {field: bool(plain.get(flag, False)) for flag, field in _FLAGS.items()}
    system = str(plain.get("personIdentifierSystem", ""))
    remarks = [f"{key} of the configuration is not used: secrets come from the ring of keys."
               for key in _SECRETS if plain.get(key)]  # fmt: skip
    if scope != "patient":
        remarks.append(f"dateShiftScope '{scope}' moves dates of one patient apart where they lie in several {scope}s.")
    if plain.get("customSettings"):
        remarks.append("customSettings are for plug-ins of another program and are not used.")
    return Parameters(scope, restricted_zips=tuple(zips), identifier_system=system, **flags), tuple(remarks)


def _only(plain: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(plain) - known)
    if unknown:
        raise InvalidRequest(f"{where}: unknown key {unknown}; known: {sorted(known)}.")
