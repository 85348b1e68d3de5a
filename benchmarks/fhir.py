"""Resources of FHIR per second and core: learning, changing, comparing, and a whole run with reading and writing.

``python -m benchmarks.fhir`` takes the Synthea bundles of COHORTIUM_DATA; ``--source`` any file or folder. Each
figure is the best of ``--repeats``, by CPU time.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from cohortium.anonymise.fhir import Anonymiser, People, anonymise_folder, load_configuration, parts_of
from cohortium.anonymise.fhir.audit import Audit
from cohortium.anonymise.fhir.configuration import PROFILES
from cohortium.anonymise.fhir.reading import files_in, resources_of
from cohortium.anonymise.pseudonyms import KeyRing

TODAY = date(2026, 11, 1)


def seconds(work: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """The least CPU time of several runs, and what the last one gave."""
    best, found = float("inf"), None
    for _ in range(repeats):
        start = time.process_time()
        found = work()
        best = min(best, time.process_time() - start)
    return best, found


def measure(source: Path, profile: str, repeats: int) -> dict[str, float]:
    """Stage -> resources per second."""
    configuration, ring = load_configuration(profile), KeyRing.generate()
    records = [record for file in files_in(source)[0] for _, record in resources_of(file)]
    parts = [part for record in records for part in parts_of(record)]

    def learn() -> People:
        people = People()
        for part, url in parts:
            people.learn(part, url)
        return people

    def compare() -> None:
        audit = Audit(people, after)
        for record, one in zip(records, made, strict=True):
            audit.pair(record, one)

    learning, people = seconds(learn, repeats)
    changing, made = seconds(lambda: change(Anonymiser(configuration, ring, people, today=TODAY), records), repeats)
    after = People()
    for record in made:
        for part, url in parts_of(record):
            after.learn(part, url)
    comparing, _ = seconds(compare, repeats)
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        anonymise_folder(source, Path(folder) / "out", configuration, ring, today=TODAY)
        whole = time.process_time() - start
    stages = {"learning": learning, "changing": changing, "comparing": comparing, "whole run": whole}
    return {stage: len(parts) / spent for stage, spent in stages.items()}


def change(anonymiser: Anonymiser, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All records, changed."""
    return [anonymiser.record(record) for record in records]


def main() -> None:
    """Measure every shipped profile and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    data = Path(os.environ.get("COHORTIUM_DATA", "."))
    parser.add_argument("--source", type=Path, default=data / "fhir" / "synthea_r4_bundles_50.ndjson.gz")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    for profile in PROFILES:
        found = measure(options.source, profile, options.repeats)
        print(profile, "  ".join(f"{stage} {rate:,.0f}/s" for stage, rate in found.items()))


if __name__ == "__main__":
    main()
