"""FHIR resources from files: bundles and single resources in JSON, one resource per line in NDJSON, also gzipped."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cohortium.anonymise.fhir.forms import listed, objects
from cohortium.anonymise.fhir.structure import is_resource
from cohortium.errors import InvalidRecords, SourceUnreadable

_KINDS = (".json", ".ndjson", ".jsonl")
_SAFE_NAME = re.compile(r"([A-Z][A-Za-z]+)(?:[.\-_]?\d+)*$")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file.

    name  : what it is called in the result: its own name where that tells a type of resource, else a number.
    lines : one resource per line.
    """

    path: Path
    name: str
    lines: bool


def files_in(source: Path) -> tuple[tuple[SourceFile, ...], tuple[str, ...]]:
    """The files of FHIR at a path (a file, or a folder with all below), and remarks about what is left out.

    Raises : SourceUnreadable where there is none.
    """
    if not source.exists():
        raise SourceUnreadable(f"{source} does not exist.")
    paths = sorted(path for path in source.rglob("*") if path.is_file()) if source.is_dir() else [source]
    fitting = [path for path in paths if _kind(path) in _KINDS and not path.name.startswith(("log.", "."))]
    if not fitting:
        raise SourceUnreadable(f"{source} has no files of FHIR; they end in {', '.join(_KINDS)}, with .gz or without.")
    others = len(paths) - len(fitting)
    remarks = (f"{others} files that are no FHIR (logs, other formats) were left out.",) if others else ()
    return tuple(_named(path, number) for number, path in enumerate(fitting, 1)), remarks


def resources_of(file: SourceFile) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number of the line (1 for a file of one resource) and the resource.

    Raises : SourceUnreadable, InvalidRecords naming file and line of what is no JSON, no FHIR or not R4.
    """
    for number, text in _texts(file):
        yield number, _resource(text, f"line {number:,} of {file.path.name}" if file.lines else file.path.name)


def checked(resource: Any, where: str, depth: int = 0) -> dict[str, Any]:
    """The resource itself; raises InvalidRecords where it, or one within it, is none of R4."""
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    if not isinstance(kind, str) or not isinstance(resource, dict):
        raise InvalidRecords(f"{where.capitalize()} is not a FHIR resource: it has no 'resourceType'.")
    if not is_resource(kind):
        raise InvalidRecords(
            f"{where.capitalize()} is not FHIR R4, which has no such type of resource. Convert it to R4."
        )
    contained = listed(resource.get("contained"))
    if contained and depth:
        raise InvalidRecords(f"{where.capitalize()}: a contained resource contains others, which FHIR does not allow.")
    for one in contained:
        checked(one, f"a contained resource in {where}", 1)
    for entry in objects(resource.get("entry")) if kind == "Bundle" else []:
        if "resource" in entry:
            checked(entry["resource"], f"an entry in {where}")
    return resource


def _texts(file: SourceFile) -> Iterator[tuple[int, str]]:
    opened = gzip.open if file.path.suffix.lower() == ".gz" else open
    number = 0
    try:
        with opened(file.path, "rt", encoding="utf-8-sig") as stream:
            if not file.lines:
                yield 1, stream.read()
                return
            for number, line in enumerate(stream, 1):
                if line.strip():
                    yield number, line
    except UnicodeDecodeError as error:
        raise SourceUnreadable(
            f"{file.path.name} is not UTF-8 after line {number:,}, as FHIR's JSON must be. Convert it first."
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        raise SourceUnreadable(
            f"{file.path.name} cannot be read after line {number:,}: {type(error).__name__}."
        ) from error


def _resource(text: str, where: str) -> dict[str, Any]:
    try:
        plain = json.loads(text, parse_constant=_no_constant)
    except RecursionError as error:
        raise InvalidRecords(f"{where.capitalize()} is nested too deeply to be FHIR.") from error
    except ValueError as error:
        raise InvalidRecords(f"{where.capitalize()} is not JSON.") from error
    return checked(plain, where)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _kind(path: Path) -> str:
    name = path.name.lower().removesuffix(".gz")
    return "." + name.rpartition(".")[2] if "." in name else ""


def _named(path: Path, number: int) -> SourceFile:
    # Names of files name patients ("Smith_John.json"); only those of types are kept.
    plain, kind = path.name, _kind(path)
    zipped = ".gz" if plain.lower().endswith(".gz") else ""
    stem = plain[: len(plain) - len(kind) - len(zipped)]
    found = _SAFE_NAME.match(stem)
    fine = found is not None and is_resource(found[1])
    return SourceFile(path, f"{stem if fine else f'records-{number:05}'}{kind}{zipped}", kind != ".json")
