"""A file or folder of FHIR turned into a folder that may leave, and what was done on the way."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from cohortium.anonymise.fhir.anonymiser import Anonymiser
from cohortium.anonymise.fhir.audit import Audit
from cohortium.anonymise.fhir.configuration import Configuration
from cohortium.anonymise.fhir.forms import objects
from cohortium.anonymise.fhir.people import People
from cohortium.anonymise.fhir.reading import SourceFile, files_in, resources_of
from cohortium.anonymise.pseudonyms import KeyRing
from cohortium.errors import TargetUnwritable

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Anonymised:
    """What a run did, as counts without a value of any record.

    types    : type of resource -> how many.
    done     : (path, method) -> how many values.
    unknown  : path -> how many elements that R4 does not know, left out.
    """

    files: int
    types: dict[str, int]
    done: dict[tuple[str, str], int]
    unknown: dict[str, int]
    off_codes: int
    emptied: int
    patients: int
    seeds: int
    audit: Audit
    remarks: tuple[str, ...]


def anonymise_folder(
    source: Path,
    target: Path,
    configuration: Configuration,
    ring: KeyRing,
    *,
    today: date,
    progress: Progress | None = None,
) -> Anonymised:
    """Write every file of ``source``, changed, into the new folder ``target``, and look through what was written.

    The records are read three times: to learn who is who, to change them, and to compare. One record is in memory at
    a time, and of all of them their ids.
    Raises : SourceUnreadable, InvalidRecords naming file and line; TargetUnwritable.
    """
    files, remarks = files_in(source)
    say = progress or (lambda _doing, _share: None)
    people, types = _learnt(files, configuration, say)
    anonymiser = Anonymiser(configuration, ring, people, today=today, datasource=source.name)
    after = People()
    _make(target)
    for number, file in enumerate(files):
        say("Changing records", (number / len(files) + 1) / 3)
        _write(target / file.name, _changed(file, anonymiser, after))
    audit = _audited(files, target, people, after, say)
    done: Counter[tuple[str, str]] = Counter()
    for spot in anonymiser.walk.plan.spots():
        done.update({(spot.path, method): times for method, times in spot.tally.items()})
    return Anonymised(len(files), dict(types), dict(done), dict(anonymiser.walk.unknown), anonymiser.walk.off_codes,
                      anonymiser.emptied, len(people.patients), people.seeds.count, audit,
                      (*configuration.remarks, *remarks))  # fmt: skip


def parts_of(record: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """A record itself, or of a bundle itself and what its entries hold, each with its full URL."""
    yield record, ""
    if record["resourceType"] == "Bundle":
        for entry in objects(record.get("entry")):
            if isinstance(entry.get("resource"), dict):
                for part, url in parts_of(entry["resource"]):
                    yield part, url or str(entry.get("fullUrl", ""))


def _learnt(files: tuple[SourceFile, ...], configuration: Configuration, say: Progress) -> tuple[People, Counter[str]]:
    people, types = People(configuration.parameters.identifier_system), Counter[str]()
    for number, file in enumerate(files):
        say("Learning who is who", number / len(files) / 3)
        for _, record in resources_of(file):
            for part, url in parts_of(record):
                types[part["resourceType"]] += 1
                people.learn(part, url)
    return people, types


def _changed(file: SourceFile, anonymiser: Anonymiser, after: People) -> Iterator[dict[str, Any]]:
    for _, record in resources_of(file):
        made = anonymiser.record(record, file.path.name)
        for part, url in parts_of(made):
            after.learn(part, url)
        yield made


def _audited(files: tuple[SourceFile, ...], target: Path, people: People, after: People, say: Progress) -> Audit:
    audit = Audit(people, after)
    for number, file in enumerate(files):
        say("Looking for what is left", (number / len(files) + 2) / 3)
        written = SourceFile(target / file.name, file.name, file.lines)
        for (_, record), (_, made) in zip(resources_of(file), resources_of(written), strict=True):
            audit.pair(record, made)
            audit.references(record, people, "before")
            audit.references(made, after, "after")
    return audit


def _make(target: Path) -> None:
    try:
        target.mkdir(parents=True)
    except OSError as error:
        raise TargetUnwritable(f"The folder {target} cannot be made: {error.strerror}.") from error


def _write(path: Path, records: Iterator[dict[str, Any]]) -> None:
    try:
        with path.open("wb") as plain:
            if path.suffix == ".gz":
                # Neither the time nor the old name of the file goes into the new one.
                with gzip.GzipFile("", "wb", 6, plain, 0) as zipped:
                    zipped.writelines(_line(record) for record in records)
            else:
                plain.writelines(_line(record) for record in records)
    except OSError as error:
        raise TargetUnwritable(f"{path} cannot be written: {error.strerror}.") from error


def _line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
