"""Folders: what is left out is counted, damaged files are named by their place, large ones stay on disk."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian
from tests.unit.anonymise.dicom.conftest import Run, bundled
from tests.unit.anonymise.dicom.planting import plant, write

from cohortium.anonymise.dicom import Profile, Settings, deidentify_folder, evidence_of, load_profile
from cohortium.anonymise.dicom.objects import quiet, read_head
from cohortium.anonymise.pseudonyms import KeyRing
from cohortium.errors import InvalidRequest, SourceUnreadable, TargetUnwritable


def settings(ring: KeyRing) -> Settings:
    return Settings(load_profile(), ring)


def test_other_files_and_directories_are_left_out_and_counted(tmp_path: Path, ring: KeyRing, small_ct: Dataset) -> None:
    source = tmp_path / "in"
    (source / "deep" / "er").mkdir(parents=True)
    write(small_ct, source / "deep" / "er" / "Wetherby_Quill.IMA")
    (source / "notes.txt").write_text("Zephyrine")
    (source / "empty.dcm").write_bytes(b"")
    directory = get_testdata_file("DICOMDIR", download=False)
    assert directory is not None
    (source / "DICOMDIR").write_bytes(Path(directory).read_bytes())
    tally = deidentify_folder(source, tmp_path / "out", settings(ring))
    assert (tally.counts["files"], tally.counts["not DICOM"], tally.counts["directories"]) == (1, 2, 1)
    [path] = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    dataset = dcmread(path)
    names = (dataset.PatientID, dataset.StudyInstanceUID, dataset.SeriesInstanceUID, f"{dataset.SOPInstanceUID}.dcm")
    assert path.relative_to(tmp_path / "out").parts == names


@pytest.mark.parametrize("name", ["MR_truncated.dcm", "rtplan_truncated.dcm"])
def test_a_file_that_was_cut_short_is_named_by_its_place_only(tmp_path: Path, ring: KeyRing, name: str) -> None:
    source = tmp_path / "in"
    source.mkdir()
    cut = get_testdata_file(name, download=False)
    assert cut is not None
    (source / "Wetherby.dcm").write_bytes(Path(cut).read_bytes())
    with pytest.raises(SourceUnreadable, match="File 1 of 1") as caught:
        deidentify_folder(source, tmp_path / "out", settings(ring))
    assert "Wetherby" not in str(caught.value)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_file_cut_anywhere_is_never_passed_on(tmp_path: Path, ring: KeyRing, small_ct: Dataset, share: float) -> None:
    source = tmp_path / "in"
    source.mkdir()
    write(small_ct, source / "a.dcm")
    data = (source / "a.dcm").read_bytes()
    (source / "a.dcm").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(SourceUnreadable):
        deidentify_folder(source, tmp_path / "out", settings(ring))
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]


@quiet()
def test_a_file_cut_between_two_elements_is_counted(tmp_path: Path, ring: KeyRing, small_ct: Dataset) -> None:
    small_ct.remove_private_tags()
    write(small_ct, tmp_path / "a.dcm")
    data = (tmp_path / "a.dcm").read_bytes()
    passed = []
    for length in range(140, data.index(b"\xe0\x7f\x10\x00OW") + 1):
        (tmp_path / "a.dcm").write_bytes(data[:length])
        try:
            read_head(tmp_path / "a.dcm", "it")
        except SourceUnreadable:
            continue
        passed.append(length)
    assert 0 < len(passed) < 300
    for length in passed[::20]:
        (tmp_path / "a.dcm").write_bytes(data[:length])
        tally = deidentify_folder(tmp_path / "a.dcm", tmp_path / f"out{length}", settings(ring))
        finding = evidence_of(tally, load_profile()).finding("incomplete_files")
        assert (finding.score is not None and finding.score.value == 1) or length < data.index(b"\x28\0\x10\0US")


def test_no_value_is_warned_of_or_logged(
    tmp_path: Path, ring: KeyRing, small_ct: Dataset, caplog: pytest.LogCaptureFixture
) -> None:
    with quiet():
        plant(small_ct)
        small_ct.StudyDate, small_ct.StudyInstanceUID, small_ct.SliceThickness = "QUILL", "1.WETHERBY", "5"
        small_ct.SpecificCharacterSet = "ISO_IR 999"
        (tmp_path / "in").mkdir()
        write(small_ct, tmp_path / "in" / "a.dcm")
    caplog.clear()
    tally = deidentify_folder(tmp_path / "in", tmp_path / "out", settings(ring))
    assert tally.counts["words left"] == 0
    assert not caplog.records


def test_a_patient_of_whom_no_name_is_known_is_counted(small_ct: Dataset, deidentified: Run) -> None:
    small_ct.PatientName = "Anonymous"
    _, tally = deidentified(small_ct)
    for profile, count in (("research", 1), ("basic", 0)):
        score = evidence_of(tally, load_profile(profile)).finding("unnamed_patients").score
        assert score is not None
        assert score.value == count


def test_a_full_disk_is_said_to_be_one(
    tmp_path: Path, ring: KeyRing, small_ct: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "in").mkdir()
    write(small_ct, tmp_path / "in" / "a.dcm")
    monkeypatch.setattr("cohortium.anonymise.dicom.writing.copy_pixels", full)
    with pytest.raises(TargetUnwritable, match="No space left"):
        deidentify_folder(tmp_path / "in", tmp_path / "out", settings(ring))
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]


def test_an_attribute_that_does_not_exist_is_named(deidentified: Run, small_ct: Dataset) -> None:
    with pytest.raises(InvalidRequest, match="PatientWieght"):
        deidentified(small_ct, profile=Profile("own", attributes={"PatientWieght": "X"}))


def test_a_value_representation_that_does_not_exist_is_damage(tmp_path: Path, ring: KeyRing, small_ct: Dataset) -> None:
    write(small_ct, tmp_path / "a.dcm")
    data = (tmp_path / "a.dcm").read_bytes()
    (tmp_path / "a.dcm").write_bytes(data.replace(b"\x28\0\x04\0CS", b"\x28\0\x04\0C\xc3"))
    with pytest.raises(SourceUnreadable, match="File 1 of 1"):
        deidentify_folder(tmp_path / "a.dcm", tmp_path / "out", settings(ring))


def test_a_transfer_syntax_that_is_none_is_damage(tmp_path: Path, ring: KeyRing, small_ct: Dataset) -> None:
    write(small_ct, tmp_path / "a.dcm")
    data = (tmp_path / "a.dcm").read_bytes()
    (tmp_path / "a.dcm").write_bytes(data.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.QUILL.1.2.1\0", 1))
    with pytest.raises(SourceUnreadable, match="File 1 of 1"):
        deidentify_folder(tmp_path / "a.dcm", tmp_path / "out", settings(ring))


def test_a_folder_without_dicom_files_says_so(tmp_path: Path, ring: KeyRing) -> None:
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(SourceUnreadable, match="No DICOM file is among the 1 files"):
        deidentify_folder(tmp_path, tmp_path / "out", settings(ring))
    with pytest.raises(SourceUnreadable, match="not exist"):
        deidentify_folder(tmp_path / "none", tmp_path / "out", settings(ring))


def test_the_same_instance_twice_makes_two_files(deidentified: Run) -> None:
    outs, _ = deidentified(bundled("CT_small.dcm"), bundled("CT_small.dcm"))
    assert len(outs) == 2


def test_the_same_keys_make_the_same_bytes(tmp_path: Path, ring: KeyRing, small_ct: Dataset) -> None:
    (tmp_path / "in").mkdir()
    write(small_ct, tmp_path / "in" / "a.dcm")
    made = []
    for name in ("one", "two"):
        deidentify_folder(tmp_path / "in", tmp_path / name, settings(ring))
        made.append({path.name: path.read_bytes() for path in (tmp_path / name).rglob("*.dcm")})
    assert made[0] == made[1]


def test_deflated_objects_are_cleaned_too(small_ct: Dataset, deidentified: Run) -> None:
    plant(small_ct)
    small_ct.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    [out], tally = deidentified(small_ct)
    assert out.file_meta.TransferSyntaxUID == DeflatedExplicitVRLittleEndian
    assert out.PixelData == small_ct.PixelData
    assert "Zephyrine" not in str(out)
    assert tally.counts["words left"] == 0


def test_compressed_pixels_are_passed_on_byte_by_byte(deidentified: Run) -> None:
    original = bundled("JPEG2000.dcm")
    [out], _ = deidentified(original)
    assert out.PixelData == original.PixelData
    assert out.file_meta.TransferSyntaxUID == original.file_meta.TransferSyntaxUID


def test_identifiers_lead_out_of_no_folder(deidentified: Run, small_ct: Dataset, tmp_path: Path) -> None:
    with quiet():
        small_ct.StudyInstanceUID = "1.2.840.10008.1/../../../../escaped"
        small_ct.SeriesInstanceUID = ".."
    deidentified(small_ct, profile=Profile("uids", retain=frozenset({"uids"})))
    [path] = tmp_path.rglob("out/**/*.dcm")
    assert path.resolve().is_relative_to(tmp_path / "out")
    assert not list(tmp_path.rglob("escaped*"))


@pytest.mark.slow
def test_a_large_object_takes_the_memory_of_its_header(tmp_path: Path, ring: KeyRing, small_ct: Dataset) -> None:
    frames, side = 64, 1024
    (tmp_path / "in").mkdir()
    small_ct.Rows = small_ct.Columns = side
    small_ct.NumberOfFrames = frames
    del small_ct.PixelData
    path = tmp_path / "in" / "a.dcm"
    with quiet():
        small_ct.save_as(path, enforce_file_format=True)
    size = frames * side * side * 2
    with path.open("ab") as stream:
        stream.write(b"\xe0\x7f\x10\x00OW\0\0" + size.to_bytes(4, "little"))
        stream.truncate(stream.tell() + size)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    deidentify_folder(tmp_path / "in", tmp_path / "out", settings(ring))
    [out] = (tmp_path / "out").rglob("*.dcm")
    assert out.stat().st_size > size
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000
