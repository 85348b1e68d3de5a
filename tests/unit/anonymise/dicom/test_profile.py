"""Profiles are read as written, and mistakes in them are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from cohortium.anonymise.dicom import Box, load_profile, record_words
from cohortium.anonymise.dicom.profile import SHIPPED
from cohortium.errors import InvalidRequest, SourceUnreadable


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_profiles_load(name: str) -> None:
    assert load_profile(name).title


def test_a_profile_in_a_file_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(
        "title = 'own'\nretain = ['uids', 'safe_private']\nclean = ['graphics']\ndates = 'full'\n"
        "suspicious = ['US']\n[attributes]\nPatientWeight = 'X'\n"
        "[[private]]\ngroup = '0019'\nelement = '23'\ncreator = 'ACME'\n"
        "[[box]]\ncorners = [0, 0, 10, 5]\nmodality = 'US'\n"
    )
    profile = load_profile(path)
    assert profile.options == {"uids", "safe_private", "graphics", "full_dates"}
    assert profile.private == {(0x19, 0x23, "ACME")}
    assert profile.boxes == (Box((0, 0, 10, 5), "US"),)
    assert profile.attributes == {"PatientWeight": "X"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title = 3", "title"),
        ("title = 'x'\nretian = []", "retian"),
        ("title = 'x'\nretain = ['names']", "'retain'"),
        ("title = 'x'\ndates = 'some'", "'dates'"),
        ("title = 'x'\nmost_days = 0", "most_days"),
        ("title = 'x'\n[attributes]\nPatientName = 'keep'", "attributes"),
        ("title = 'x'\n[[box]]\ncorners = [9, 0, 1, 5]", "corners"),
        ("title = 'x'\n[[box]]\ncorners = [9, 0, 1]", "corners"),
        ("title = 'x'\n[[private]]\ngroup = 'zz'", "private"),
        ("title = ", "not TOML"),
    ],
)
def test_mistakes_are_named(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text)
    with pytest.raises(InvalidRequest, match=message):
        load_profile(path)


def test_a_profile_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="research"):
        load_profile(tmp_path / "none.toml")


def test_a_record_gives_the_words_of_each_patient(tmp_path: Path) -> None:
    path = tmp_path / "record.csv"
    path.write_text("number,name,street\nP-1,Ann Lee,Elm Row 4\nP-2,Bo Ek,\n")
    assert record_words(path) == {"P-1": ["P-1", "Ann Lee", "Elm Row 4"], "P-2": ["P-2", "Bo Ek"]}
    path.write_text("number\nP-1\n")
    with pytest.raises(InvalidRequest, match="column"):
        record_words(path)
