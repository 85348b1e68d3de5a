"""Objects and settings that the tests of DICOM share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from tests.unit.anonymise.dicom.planting import write

from cohortium.anonymise.dicom import Profile, Settings, Tally, deidentify_folder, load_profile
from cohortium.anonymise.dicom.objects import quiet
from cohortium.anonymise.pseudonyms import KeyRing

Run = Callable[..., tuple[list[Dataset], Tally]]


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing({"1": bytes(range(32))}, "1")


@pytest.fixture
def small_ct() -> Dataset:
    return bundled("CT_small.dcm")


def bundled(name: str) -> Dataset:
    """An object that comes with pydicom, without asking its network for it."""
    path = get_testdata_file(name, download=False)
    assert path is not None
    with quiet():
        return dcmread(path)


@pytest.fixture
def deidentified(tmp_path: Path, ring: KeyRing) -> Run:
    """Writes objects into a folder, de-identifies it, and reads what came out, in the order of instance numbers."""

    def run(*objects: Dataset, profile: Profile | str = "research", **settings: object) -> tuple[list[Dataset], Tally]:
        source, target = tmp_path / "in", tmp_path / "out"
        source.mkdir()
        for number, one in enumerate(objects):
            write(one, source / f"{number:03d}.dcm")
        chosen = load_profile(profile) if isinstance(profile, str) else profile
        tally = deidentify_folder(source, target, Settings(chosen, ring, **settings))  # type: ignore[arg-type]
        with quiet():
            found = [dcmread(path) for path in sorted(target.rglob("*.dcm"))]
        return sorted(found, key=lambda one: int(one.get("InstanceNumber") or 0)), tally

    return run
