"""Where results came from: as an RO-Crate, as W3C PROV, and as a drawing; made from a study's record and receipts.

Sources : RO-Crate 1.1 (https://w3id.org/ro/crate/1.1) with the profile Process Run Crate 0.5
(https://w3id.org/ro/wfrun/process/0.5); PROV-O (W3C Recommendation, 30 April 2013).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cohortium.federate.study import Study
from cohortium.pages import svg
from cohortium.records import Result, name_of

CRATE, PROV = "ro-crate-metadata.json", "provenance.jsonld"
CRATE_1_1, PROCESS_RUN = "https://w3id.org/ro/crate/1.1", "https://w3id.org/ro/wfrun/process/0.5"
WIDTH, ROW, BOX, TALL = 660.0, 46.0, 180.0, 32.0
_KINDS = {".csv": "text/csv", ".json": "application/json", ".html": "text/html", ".pdf": "application/pdf"}


@dataclass(frozen=True, slots=True)
class Lineage:
    """What a folder of results came from.

    outputs : analysis -> names of its files in the folder, relative to it.
    """

    study: Study
    run: str
    begun: str
    ended: str
    sites: tuple[str, ...]
    version: str
    outputs: Mapping[str, tuple[str, ...]]


def lineage_of(study: Study, record: Mapping[str, Any], results: Mapping[str, Result], folder: Path) -> Lineage:
    """The lineage of what has been written into a folder."""
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    outputs = {
        name: tuple(one for one in files if one.startswith((f"{name}-", f"{name}/", f"proof/{name}.")))
        for name in results
    }
    events = record.get("events", [])
    return Lineage(
        study,
        str(record.get("run", "rehearsal")),
        str(record.get("submitted", "")),
        str(events[-1]["at"]) if events else "",
        tuple(record.get("roster") or record.get("sites") or study.sites),
        str(record.get("cohortium", "")),
        outputs,
    )


def _beginnings(name: str) -> tuple[str, ...]:
    """What the names of an analysis' files begin with."""
    return (f"{name}-", f"{name}/", f"proof/{name}.")


def write_lineage(lineage: Lineage, folder: Path) -> None:
    """``ro-crate-metadata.json`` and ``provenance.jsonld`` into the folder."""
    for name, plain in ((CRATE, ro_crate(lineage, folder)), (PROV, prov(lineage, folder))):
        (folder / name).write_text(json.dumps(plain, indent=1, ensure_ascii=False) + "\n", "utf-8")


def ro_crate(lineage: Lineage, folder: Path) -> dict[str, Any]:
    """The crate: every file with its digest, and per analysis the run that made it, from what, by whom, with what."""
    study = lineage.study
    files = sorted({one for names in lineage.outputs.values() for one in names})
    datasets = [_dataset(site, study) for site in lineage.sites]
    actions = [_action(lineage, name) for name in lineage.outputs]
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": study.title,
        "description": study.purpose or f"Results of the study '{study.title}' over {len(lineage.sites)} hospitals.",
        "datePublished": lineage.ended or lineage.begun,
        "license": "No licence was stated; ask the hospitals.",
        "conformsTo": [{"@id": PROCESS_RUN}],
        "hasPart": [{"@id": one} for one in files],
        "mentions": [{"@id": one["@id"]} for one in actions],
    }
    graph: list[dict[str, Any]] = [
        {"@id": CRATE, "@type": "CreativeWork", "about": {"@id": "./"}, "conformsTo": {"@id": CRATE_1_1}},
        root,
        {"@id": PROCESS_RUN, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"},
        *(_file(one, folder) for one in files),
        *datasets,
        *actions,
        *_tools(lineage),
        {"@id": "#researcher", "@type": "Person", "name": study.researcher or "a researcher"},
    ]
    if study.permit:
        graph.append({"@id": f"#{study.permit}", "@type": "CreativeWork", "name": f"Data permit {study.permit}"})
    return {"@context": f"{CRATE_1_1}/context", "@graph": graph}


def prov(lineage: Lineage, folder: Path) -> dict[str, Any]:
    """The same as PROV-O: entities, activities, agents, and how they hang together."""
    study, run = lineage.study, f"urn:cohortium:run:{lineage.run}"
    graph: list[dict[str, Any]] = [
        {"@id": "urn:cohortium:researcher", "@type": ["prov:Agent", "prov:Person"], "label": study.researcher},
        {"@id": f"urn:cohortium:study:{study.digest}", "@type": ["prov:Entity", "prov:Plan"], "label": study.title},
    ]
    for site in lineage.sites:
        graph.append({"@id": f"urn:cohortium:site:{site}", "@type": ["prov:Agent", "prov:Organization"], "label": site})
        graph.append(
            {
                "@id": _data(site, study),
                "@type": "prov:Entity",
                "label": f"{study.dataset} at {site}",
                "wasAttributedTo": f"urn:cohortium:site:{site}",
            }
        )
    for name, files in lineage.outputs.items():
        activity = f"{run}/{name}"
        graph.append(
            {
                "@id": activity,
                "@type": "prov:Activity",
                "label": name,
                "startedAtTime": lineage.begun,
                "endedAtTime": lineage.ended,
                "used": [_data(site, study) for site in lineage.sites],
                "wasAssociatedWith": "urn:cohortium:researcher",
                "hadPlan": f"urn:cohortium:study:{study.digest}",
            }
        )
        graph += [
            {
                "@id": one,
                "@type": "prov:Entity",
                "sha256": _sha256(folder / one),
                "wasGeneratedBy": activity,
                "wasDerivedFrom": [_data(site, study) for site in lineage.sites],
            }
            for one in files
        ]
    return {"@context": _CONTEXT, "@graph": graph}


def drawing(study: Study, sites: tuple[str, ...], answers: tuple[str, ...]) -> str:
    """From the hospitals' records over the sum to the answers, as SVG; empty where there is nothing to draw."""
    if not sites or not answers:
        return ""
    height = ROW * max(len(sites), len(answers), 2) + 20
    middle, body = height / 2, []
    hub = (WIDTH - BOX) / 2
    for number, site in enumerate(sites):
        y = _spread(number, len(sites), height)
        body += [_box(0, y, site), svg.line(BOX, y, hub, middle, "flow")]
    for number, answer in enumerate(answers):
        y = _spread(number, len(answers), height)
        body += [_box(WIDTH - BOX, y, answer.replace("_", " ")), svg.line(hub + BOX, middle, WIDTH - BOX, y, "flow")]
    what = {"plain": "sums, added at the hub", "secure": "sums under masks", "dp": "sums with noise, under masks"}
    body.append(_box(hub, middle, what[study.mode]))
    told = f"Records of {', '.join(sites)} stay there; {what[study.mode]} give {', '.join(answers)}."
    return svg.document("".join(body), WIDTH, height, "Where the results came from", told)


def _box(x: float, y: float, text: str) -> str:
    said = svg.words(x + BOX / 2, y + 4, svg.shortened(text, BOX - 16), "label", "middle")
    return svg.mark(svg.box(x, y - TALL / 2, BOX, TALL), "place") + said


def _spread(number: int, of: int, height: float) -> float:
    return height * (number + 0.5) / of


def _dataset(site: str, study: Study) -> dict[str, Any]:
    return {
        "@id": _data(site, study),
        "@type": "Dataset",
        "name": f"{study.dataset} at {site}",
        "description": "Records that stay in the hospital; only sums left it.",
        "conditionsOfAccess": "By approval of the hospital"
        + (f", under permit {study.permit}" if study.permit else ""),
    }


def _action(lineage: Lineage, name: str) -> dict[str, Any]:
    study = lineage.study
    algorithm = name_of(study.analysis(name).algorithm)
    about: dict[str, Any] = {
        "@id": f"#{lineage.run}-{name}",
        "@type": "CreateAction",
        "name": f"{name}: {algorithm} over {len(lineage.sites)} hospitals, mode {study.mode}",
        "agent": {"@id": "#researcher"},
        "instrument": {"@id": f"#{algorithm}"},
        "object": [{"@id": _data(site, study)} for site in lineage.sites],
        "result": [{"@id": one} for one in lineage.outputs[name]],
    }
    if study.permit:
        about["object"].append({"@id": f"#{study.permit}"})
    for key, value in (("startTime", lineage.begun), ("endTime", lineage.ended)):
        if value:
            about[key] = value
    return about


def _tools(lineage: Lineage) -> list[dict[str, Any]]:
    used = {name_of(lineage.study.analysis(name).algorithm) for name in lineage.outputs}
    return [
        {
            "@id": f"#{one}",
            "@type": "SoftwareApplication",
            "name": f"Cohortium: {one}",
            "softwareVersion": lineage.version,
        }
        for one in sorted(used)
    ]


def _file(name: str, folder: Path) -> dict[str, Any]:
    path = folder / name
    found: dict[str, Any] = {
        "@id": name,
        "@type": "File",
        "name": name,
        "contentSize": str(path.stat().st_size),
        "sha256": _sha256(path),
    }
    if path.suffix in _KINDS:
        found["encodingFormat"] = _KINDS[path.suffix]
    return found


def _data(site: str, study: Study) -> str:
    return f"urn:cohortium:dataset:{site}/{study.dataset}"


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


_CONTEXT: dict[str, Any] = {
    "prov": "http://www.w3.org/ns/prov#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "label": "http://www.w3.org/2000/01/rdf-schema#label",
    "sha256": "https://w3id.org/ro/terms/workflow-run#sha256",
    **{
        name: {"@id": f"prov:{name}", "@type": "@id"}
        for name in ("used", "wasAssociatedWith", "wasAttributedTo", "wasGeneratedBy", "wasDerivedFrom", "hadPlan")
    },
    **{name: {"@id": f"prov:{name}", "@type": "xsd:dateTime"} for name in ("startedAtTime", "endedAtTime")},
}
