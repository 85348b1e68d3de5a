"""Reading and writing by bytes: what pydicom reads and writes, for every file that it brings."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset, write_file_meta_info
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian
from tests.unit.anonymise.dicom.conftest import bundled
from tests.unit.anonymise.dicom.planting import every_file, read

from cohortium.anonymise.dicom import Settings, deidentify_folder, load_profile
from cohortium.anonymise.dicom.elements import _NotPlain, _plain, as_encoded, read_elements
from cohortium.anonymise.dicom.forms import empty_ill_formed
from cohortium.anonymise.dicom.markers import fresh_meta
from cohortium.anonymise.dicom.objects import NotDicom, quiet, read_head
from cohortium.anonymise.dicom.values import put_texts, texts_of
from cohortium.anonymise.dicom.writing import write_object
from cohortium.anonymise.pseudonyms import KeyRing
from cohortium.errors import SourceUnreadable

READABLE = [path for path in every_file() if read(path) is not None]


@quiet()
def test_elements_are_those_that_pydicom_reads() -> None:
    plain = 0
    for path in READABLE:
        with path.open("rb") as ours, path.open("rb") as theirs:
            wanted = dcmread(theirs, stop_before_pixels=True, force=True)
            found = read_elements(ours)
            assert ours.tell() == theirs.tell(), path.name
            assert list(found.keys()) == list(wanted.keys()), path.name
            for tag in wanted.keys():  # noqa: SIM118 - a data set yields elements
                left, right = found.get_item(tag), wanted.get_item(tag)
                assert (left.value or None) == (right.value or None), f"{path.name} {tag}"
                assert left.VR == right.VR or not left.value, f"{path.name} {tag}"
            assert found.original_encoding == as_encoded(wanted).original_encoding, path.name
            assert found.original_character_set == wanted.original_character_set, path.name
            ours.seek(0)
            try:
                _plain(ours, None)
            except _NotPlain:
                continue
            plain += 1
    assert plain > 0.9 * len(READABLE)


@quiet()
def test_what_nobody_changed_is_written_as_it_was(tmp_path: Path) -> None:
    written = 0
    for path in READABLE:
        try:
            head = read_head(path, "it")
        except (SourceUnreadable, NotDicom):
            continue
        cleaner = SimpleNamespace(keys=KeyRing.generate())
        meta = fresh_meta(head.dataset, head.syntax, cleaner)  # type: ignore[arg-type]
        write_object(head, meta, head.syntax, tmp_path / "out.dcm")
        before, after = dcmread(path, force=True), dcmread(tmp_path / "out.dcm")
        for tag in list(after.keys()):
            assert after[tag].value == before[tag].value or after[tag] == before[tag], f"{path.name} {tag}"
        gone = set(before.keys()) - set(after.keys())
        assert all(tag.element == 0 or tag > Tag(0x7FE00010) for tag in gone), path.name
        written += 1
    assert written > 150


@quiet()
def test_a_private_transfer_syntax_keeps_its_encoding(tmp_path: Path) -> None:
    small_ct = bundled("MR_small_implicit.dcm")
    private = "1.2.840.113619.5.2"
    small_ct.file_meta.TransferSyntaxUID = private
    small_ct.save_as(tmp_path / "in.dcm", implicit_vr=True, little_endian=True)
    head = read_head(tmp_path / "in.dcm", "it")
    cleaner = SimpleNamespace(keys=KeyRing.generate())
    write_object(head, fresh_meta(head.dataset, private, cleaner), private, tmp_path / "out.dcm")  # type: ignore[arg-type]
    assert dcmread(tmp_path / "out.dcm").PixelData == small_ct.PixelData


@pytest.mark.parametrize(
    ("keyword", "value", "vr", "texts"),
    [
        ("PatientName", "Wetherby^Zoë", "PN", ["Wetherby^Zoë"]),
        ("ImageType", ["ORIGINAL", "PRIMARY"], "CS", ["ORIGINAL", "PRIMARY"]),
        ("ImageComments", "a\\b ", "LT", ["a\\b"]),
        ("StudyDescription", "", "LO", []),
        ("SOPInstanceUID", "1.2.3", "UI", ["1.2.3"]),
    ],
)
def test_texts_are_those_of_pydicom(small_ct: Dataset, keyword: str, value: object, vr: str, texts: list[str]) -> None:
    small_ct.SpecificCharacterSet = "ISO_IR 192"
    setattr(small_ct, keyword, value)
    stream = io.BytesIO()
    small_ct.save_as(stream)
    stream.seek(0)
    dataset = read_elements(stream)
    assert texts_of(dataset, dataset.get_item(Tag(keyword)), vr) == texts


def test_texts_are_put_in_any_script(small_ct: Dataset) -> None:
    for texts in (["a", "b"], ["odd"], ["Zoë"], []):
        put_texts(small_ct, Tag("OtherPatientIDs"), "LO", texts)
        assert texts_of(small_ct, small_ct.get_item("OtherPatientIDs"), "LO") == texts


@pytest.mark.parametrize(
    ("vr", "data", "left"),
    [
        ("DS", b"1.5\\-2e3 ", ["1.5", "-2e3"]), ("DS", b"1.5\\Zephyrine", ["1.5", ""]), ("IS", b"QUILL ", [""]),
        ("UI", b"1.2.3\0", ["1.2.3"]), ("UI", b"1.2.Wetherby", [""]), ("TM", b"101530.5", ["101530.5"]),
        ("DA", b"of QUILL", [""]),
    ],
)  # fmt: skip
def test_text_in_the_place_of_a_number_goes(small_ct: Dataset, vr: str, data: bytes, left: list[str]) -> None:
    from pydicom.dataelem import RawDataElement

    tag = Tag("SliceThickness")
    raw = RawDataElement(tag, vr, len(data), data, 0, False, True)
    small_ct[tag] = raw
    assert empty_ill_formed(small_ct, raw, vr) is ("" in left)
    assert (texts_of(small_ct, small_ct.get_item(tag), vr) or [""]) == left


@quiet()
def test_a_file_encoded_against_its_transfer_syntax_comes_out_right(tmp_path: Path) -> None:
    original = bundled("MR_small_implicit.dcm")
    stream = DicomBytesIO()
    stream.write(bytes(128) + b"DICM")
    original.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    stream.is_implicit_VR, stream.is_little_endian = True, True
    write_file_meta_info(stream, original.file_meta)
    write_dataset(stream, original)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.dcm").write_bytes(stream.getvalue())
    deidentify_folder(tmp_path / "in", tmp_path / "out", Settings(load_profile(), KeyRing.generate()))
    [path] = (tmp_path / "out").rglob("*.dcm")
    out = dcmread(path)
    assert out.original_encoding == (False, True)
    assert out.Rows == original.Rows
    assert out.PixelData == original.PixelData


def test_names_in_sequences_without_a_length_are_read_in_the_character_set_of_the_object(
    tmp_path: Path, small_ct: Dataset
) -> None:
    small_ct.SpecificCharacterSet = "ISO_IR 192"
    item = Dataset()
    item.RequestingPhysician = "Žižka^Šárka"
    small_ct.RequestAttributesSequence = Sequence([item])
    small_ct["RequestAttributesSequence"].is_undefined_length = True
    small_ct.StudyDescription = "for ŠÁRKA"
    (tmp_path / "in").mkdir()
    small_ct.save_as(tmp_path / "in" / "a.dcm")
    deidentify_folder(tmp_path / "in", tmp_path / "out", Settings(load_profile(), KeyRing.generate()))
    [path] = (tmp_path / "out").rglob("*.dcm")
    assert dcmread(path).StudyDescription == "for ***"
