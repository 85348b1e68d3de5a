"""Persons planted wherever files can hide them: none may be in any byte that comes out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from tests.unit.anonymise.dicom.conftest import Run, bundled
from tests.unit.anonymise.dicom.planting import WORDS, every_file, plant, read, write

from cohortium.anonymise.dicom import Settings, deidentify_folder, evidence_of, load_profile
from cohortium.anonymise.dicom.objects import quiet
from cohortium.anonymise.pseudonyms import KeyRing

FEW = ("CT_small.dcm", "test-SR.dcm", "rtplan.dcm", "ExplVR_BigEnd.dcm", "image_dfl.dcm", "JPEG2000.dcm", "chrH31.dcm")


def planted(files: list[Path], folder: Path) -> int:
    folder.mkdir()
    written = 0
    for number, path in enumerate(files):
        dataset = read(path)
        if dataset is None:
            continue
        with quiet():
            plant(dataset)
            write(dataset, folder / f"{number:03d}.dcm")
        written += 1
    return written


def leaks(folder: Path) -> list[tuple[str, int]]:
    found = []
    for number, path in enumerate(sorted(folder.rglob("*"))):
        if path.is_file():
            data = path.read_bytes().lower()
            found += [(word, number) for word in WORDS if word.encode() in data or word.encode("utf-16-le") in data]
    return found + [(word, -1) for path in folder.rglob("*") for word in WORDS if word in path.name.lower()]


@pytest.mark.parametrize("profile", ["basic", "research", "strict"])
def test_no_planted_word_is_in_any_byte(tmp_path: Path, ring: KeyRing, profile: str) -> None:
    files = [path for path in every_file() if path.name in FEW]
    assert planted(files, tmp_path / "in") == len(FEW)
    assert leaks(tmp_path / "in")
    chosen = load_profile(profile)
    tally = deidentify_folder(tmp_path / "in", tmp_path / "out", Settings(chosen, ring))
    assert leaks(tmp_path / "out") == []
    evidence = evidence_of(tally, chosen)
    for metric in ("seeded_words_left", "private_left", "dates_kept", "uids_kept"):
        score = evidence.finding(metric).score
        assert score is not None
        assert score.value == 0


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["basic", "research"])
def test_no_planted_word_is_in_any_byte_of_all_bundled_files(tmp_path: Path, ring: KeyRing, profile: str) -> None:
    assert planted(every_file(), tmp_path / "in") > 150
    tally = deidentify_folder(tmp_path / "in", tmp_path / "out", Settings(load_profile(profile), ring))
    assert tally.counts["files"] > 150
    assert leaks(tmp_path / "out") == []
    assert tally.counts["words left"] == 0


def test_no_planted_word_is_in_any_byte_of_the_data(tmp_path: Path, ring: KeyRing) -> None:
    if "COHORTIUM_DATA" not in os.environ:
        pytest.skip("COHORTIUM_DATA is not set: no folder of data to test with")
    files = sorted((Path(os.environ["COHORTIUM_DATA"]) / "imaging").rglob("*.dcm"))
    assert planted(files, tmp_path / "in") == len(files)
    tally = deidentify_folder(tmp_path / "in", tmp_path / "out", Settings(load_profile(), ring))
    assert tally.counts["files"] == len(files)
    assert leaks(tmp_path / "out") == []


def test_safe_private_elements_stay_and_the_person_in_them_goes(small_ct: Dataset, deidentified: Run) -> None:
    plant(small_ct)
    profile = load_profile("research")
    kept = type(profile)(title="x", retain=frozenset({"safe_private"}), clean=profile.clean, dates="modified")
    [out], tally = deidentified(small_ct, profile=kept)
    block = out.private_block(0x0019, "GEMS_ACQU_01")
    assert str(block[0x23].value) == "15.0"
    assert "QUILL" not in str(block[0x9E].value)
    assert not [element for element in out if element.tag.group == 0x0009]
    assert tally.counts["words left"] == 0
    assert 0 < tally.counts["private left"] < 15


def test_a_leak_that_the_profile_asks_for_is_found_by_the_proof(small_ct: Dataset, deidentified: Run) -> None:
    plant(small_ct)
    chosen = load_profile("research")
    leaky = type(chosen)(title="leaky", attributes={"PatientBirthDate": "K", "StudyDate": "K", "SOPInstanceUID": "K",
                                                    "PatientName": "K"})  # fmt: skip
    _, tally = deidentified(small_ct, profile=leaky)
    assert tally.counts["words left"] > 0
    assert tally.counts["dates left"] >= 2
    assert tally.counts["uids left"] == 1


def test_words_of_a_record_go_though_no_header_has_them(small_ct: Dataset, deidentified: Run) -> None:
    small_ct.PatientID = "P-100"
    small_ct.StudyDescription = "Accompanied by Hortensia, of Gullmarsplan"
    [out], tally = deidentified(small_ct, words={"P-100": ["Hortensia Blomqvist", "Gullmarsplan 4"]})
    assert out.StudyDescription == "Accompanied by ***, of ***"
    assert tally.counts["words left"] == 0


def test_words_of_one_file_go_from_another_of_the_same_patient(deidentified: Run) -> None:
    first, second = bundled("CT_small.dcm"), bundled("CT_small.dcm")
    for number, one in enumerate((first, second), 1):
        one.PatientID, one.InstanceNumber = "P-1", number
        one.SOPInstanceUID = f"1.2.3.{number}"
    first.PatientName, second.PatientName = "Ngata^Wiremu", "Anonymous"
    second.SeriesDescription = "thorax WIREMU"
    outs, _ = deidentified(first, second)
    assert outs[1].SeriesDescription == "thorax ***"


@pytest.mark.parametrize(
    ("charset", "name", "text"),
    [
        ("ISO_IR 100", "Müller-Öztürk^Zoë", "Für Mueller-Oeztuerk und ZOË, auch Muller"),
        ("ISO_IR 192", "Yamada^Tarou=山田^太郎=やまだ^たろう", "山田太郎さんのCT"),
        ("ISO_IR 144", "Иванов^Пётр", "КТ для ИВАНОВ"),
        ("ISO_IR 192", "Li^Na", "CT of Li, liver normal"),
    ],
)
def test_names_go_in_every_script(small_ct: Dataset, deidentified: Run, charset: str, name: str, text: str) -> None:
    small_ct.SpecificCharacterSet = charset
    small_ct.PatientName, small_ct.StudyDescription = name, text
    [out], tally = deidentified(small_ct)
    said = str(out.StudyDescription)
    for part in name.replace("=", "^").split("^"):
        assert part.casefold() not in said.casefold().replace("liver", "")
    assert tally.counts["words left"] == 0


def test_the_preamble_and_the_file_meta_information_are_fresh(
    small_ct: Dataset, deidentified: Run, tmp_path: Path
) -> None:
    plant(small_ct)
    [out], _ = deidentified(small_ct)
    [path] = (tmp_path / "out").rglob("*.dcm")
    assert path.read_bytes()[:128] == bytes(128)
    assert out.file_meta.MediaStorageSOPInstanceUID == out.SOPInstanceUID
    assert "SourceApplicationEntityTitle" not in out.file_meta
    assert "PrivateInformation" not in out.file_meta


def test_words_hidden_behind_the_pixels_and_in_them_are_dropped_or_found(
    small_ct: Dataset, deidentified: Run, tmp_path: Path
) -> None:
    small_ct.PatientName = "Wetherby-Quill^Zephyrine"
    small_ct.add_new(0xFFFCFFFC, "OB", b"WETHERBY-QUILL  ")
    [out], tally = deidentified(small_ct)
    assert 0xFFFCFFFC not in out
    assert tally.counts["words left"] == 0
    again = bundled("CT_small.dcm")
    again.PatientName = "Wetherby-Quill^Zephyrine"
    again.PixelData = b"ZEPHYRINE WETHERBY".ljust(len(again.PixelData), b"\0")
    (tmp_path / "second").mkdir()
    write(again, tmp_path / "second" / "a.dcm")
    found = deidentify_folder(tmp_path / "second", tmp_path / "third", Settings(load_profile(), KeyRing.generate()))
    assert found.counts["words left"] > 0


def test_readers_read_what_comes_out(deidentified: Run) -> None:
    originals = [bundled(name) for name in ("CT_small.dcm", "MR_small.dcm", "MR_small_RLE.dcm")]
    for number, one in enumerate(originals, 1):
        one.InstanceNumber = number
    before = [one.pixel_array.copy() for one in originals]
    outs, _ = deidentified(*originals)
    for old, new in zip(before, outs, strict=True):
        assert (new.pixel_array == old).all()
    assert all(dcmread(Path(str(one.filename))).PatientIdentityRemoved == "YES" for one in outs)
