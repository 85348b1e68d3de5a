"""Records whose elements have the wrong form: they are refused by name or come out clean, and nothing breaks."""

from __future__ import annotations

import json
import random
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.unit.anonymise.fhir.people_made import ALL, SECRETS, bundle

from cohortium.anonymise.fhir import anonymise_folder, load_configuration
from cohortium.anonymise.pseudonyms import KeyRing
from cohortium.errors import CohortiumError

STRANGE: tuple[Any, ...] = (None, 0, -1.5, True, "", "text", [], {}, [[]], [None], {"a": 1}, [{"a": {}}], ["x", 3])


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every object or list with each of its keys."""
    found = []
    for key, below in value.items() if isinstance(value, dict) else enumerate(value):
        found.append((value, key))
        if isinstance(below, dict | list):
            found += places(below)
    return found


@pytest.mark.parametrize("seed", range(2))
def test_elements_of_the_wrong_form(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    configuration, ring, done = load_configuration("eu_research"), KeyRing.generate(), 0
    for number in range(30):
        records = [*json.loads(json.dumps(ALL)), bundle()]
        for record in chance.sample(records, 3):
            holder, key = chance.choice(places(record))
            holder[key] = chance.choice(STRANGE)
        source = tmp_path / f"{number}.ndjson"
        source.write_text("\n".join(map(json.dumps, records)))
        try:
            anonymise_folder(source, tmp_path / f"out-{number}", configuration, ring, today=date(2026, 11, 1))
        except CohortiumError as error:
            assert [secret for secret in SECRETS if secret in str(error)] == []
            continue
        done += 1
    assert done > 10
