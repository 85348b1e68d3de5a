"""What happens to values: dates, ages, identifiers, text, reports, sequences; and what an object then says."""

from __future__ import annotations

from datetime import datetime

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from tests.unit.anonymise.dicom.conftest import Run, bundled

from cohortium.anonymise.dicom import Profile, load_profile
from cohortium.anonymise.dicom.dates import capped_age, moved_date, moved_moment
from cohortium.anonymise.dicom.matcher import Matcher
from cohortium.anonymise.dicom.text import TextCleaner
from cohortium.anonymise.pseudonyms import KeyRing


def days_between(first: str, second: str) -> int:
    return (datetime.strptime(second[:8], "%Y%m%d") - datetime.strptime(first[:8], "%Y%m%d")).days


def test_dates_of_a_patient_move_together_by_the_ring_and_times_stay(
    small_ct: Dataset, deidentified: Run, ring: KeyRing
) -> None:
    small_ct.PatientID = "P-7"
    small_ct.StudyDate, small_ct.SeriesDate = "20200228", "20200301"
    small_ct.AcquisitionDateTime = "20200228101530.25+0100"
    small_ct.StudyTime = "101530"
    [out], _ = deidentified(small_ct)
    moved = ring.shift_days("P-7")
    assert days_between("20200228", out.StudyDate) == moved
    assert days_between(out.StudyDate, out.SeriesDate) == 2
    assert out.AcquisitionDateTime == f"{out.StudyDate}101530.25+0100"
    assert out.StudyTime == "101530"
    assert out.PatientBirthDate == ""
    assert out.LongitudinalTemporalInformationModified == "MODIFIED"


def test_dates_go_in_the_basic_profile_and_stay_where_they_are_kept(small_ct: Dataset, deidentified: Run) -> None:
    small_ct.StudyDate = "20200228"
    [out], _ = deidentified(small_ct, profile="basic")
    assert out.StudyDate == ""
    assert out.LongitudinalTemporalInformationModified == "REMOVED"


def test_full_dates_stay_where_the_profile_keeps_them(small_ct: Dataset, deidentified: Run) -> None:
    small_ct.StudyDate = "20200228"
    [out], _ = deidentified(small_ct, profile=Profile("full", dates="full"))
    assert out.StudyDate == "20200228"
    assert out.LongitudinalTemporalInformationModified == "UNMODIFIED"


@pytest.mark.parametrize(
    ("text", "days", "expected"),
    [
        ("20200228", 2, "20200301"), ("2020.02.28", 1, "20200229"), ("20191231", 1, "20200101"), ("", 5, ""),
        ("20201340", 1, ""), ("JOHN", 1, ""), ("00010101", -5, ""),
    ],
)  # fmt: skip
def test_a_date_moves_or_goes(text: str, days: int, expected: str) -> None:
    assert moved_date(text, days) == expected


@pytest.mark.parametrize(
    ("text", "days", "expected"),
    [
        ("20200228235959", 2, "20200301235959"), ("2020", 365, "2021"), ("202002", 31, "202003"),
        ("20200228-0500", 1, "20200229-0500"), ("yesterday", 1, ""),
    ],
)  # fmt: skip
def test_a_moment_moves_in_its_precision(text: str, days: int, expected: str) -> None:
    assert moved_moment(text, days) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("097Y", "090Y"), ("090Y", "090Y"), ("089Y", "089Y"), ("012M", "012M"), ("9 years", "")]
)
def test_great_ages_are_one(text: str, expected: str) -> None:
    assert capped_age(text, 89) == expected


def test_identifiers_are_new_consistent_and_valid(deidentified: Run, ring: KeyRing) -> None:
    first, second = bundled("CT_small.dcm"), bundled("CT_small.dcm")
    for number, one in enumerate((first, second), 1):
        one.InstanceNumber, one.SOPInstanceUID = number, f"1.2.840.99999.{number}"
    reference = Dataset()
    reference.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    reference.ReferencedSOPInstanceUID = str(first.SOPInstanceUID)
    second.SourceImageSequence = Sequence([reference])
    one, two = deidentified(first, second, profile=Profile("x", attributes={"SourceImageSequence": "U"}))[0]
    assert one.SOPInstanceUID == ring.uid("1.2.840.99999.1")
    assert two.SourceImageSequence[0].ReferencedSOPInstanceUID == one.SOPInstanceUID
    assert two.SourceImageSequence[0].ReferencedSOPClassUID == "1.2.840.10008.5.1.4.1.1.2"
    assert one.StudyInstanceUID == two.StudyInstanceUID
    assert one.StudyInstanceUID.is_valid
    assert one.SOPClassUID == first.SOPClassUID


def test_a_patient_has_the_pseudonym_of_the_ring(small_ct: Dataset, deidentified: Run, ring: KeyRing) -> None:
    small_ct.PatientID = "P-7 "
    [out], _ = deidentified(small_ct)
    assert out.PatientID == out.PatientName == ring.pseudonym("patient", "P-7")


def test_an_object_says_what_was_done_to_it(small_ct: Dataset, deidentified: Run) -> None:
    [out], _ = deidentified(small_ct)
    codes = [item.CodeValue for item in out.DeidentificationMethodCodeSequence]
    assert codes == ["113100", "113104", "113105", "113107", "113108"]
    assert {item.CodingSchemeDesignator for item in out.DeidentificationMethodCodeSequence} == {"DCM"}
    assert out.PatientIdentityRemoved == "YES"
    assert "BurnedInAnnotation" not in out


def test_values_that_stay_are_those_of_the_original(small_ct: Dataset, deidentified: Run) -> None:
    [out], _ = deidentified(small_ct)
    for keyword in ("ImagePositionPatient", "PixelSpacing", "RescaleSlope", "KVP", "Rows", "ImageType", "Manufacturer"):
        assert out[keyword].value == small_ct[keyword].value
    assert out.PixelData == small_ct.PixelData


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CT for John Smith", "CT for *** ***"),
        ("SMITH^JOHN thorax", "***^*** thorax"),
        ("Thorax with contrast, 5 mm, kernel B30f", "Thorax with contrast, 5 mm, kernel B30f"),
        ("asked by Dr. Adeyemi, see 04.03.2019", "asked by ***, see ***"),
        ("mail a.b@clinic.org or +49 30 1234567", "mail *** or ***"),
        ("Patient: Ruth Adler, abdomen", "***, abdomen"),
        ("matrix 256 256 192, tel 555-123-4567", "matrix 256 256 192, tel ***"),
        ("T1 mprage sag p2 iso 1.0", "T1 mprage sag p2 iso 1.0"),
    ],
)
def test_descriptions_lose_persons_and_keep_the_rest(text: str, expected: str) -> None:
    cleaner = TextCleaner(Matcher({"john", "smith"}))
    assert cleaner.described(text, "LO") == expected


def test_dates_in_descriptions_move_with_the_others() -> None:
    assert TextCleaner(Matcher(()), days=10).described("as of 2019-03-04", "LO") == "as of 2019-03-14"


def report_with(*items: Dataset) -> Dataset:
    report = bundled("test-SR.dcm")
    report.PatientName, report.PatientID = "Ngata^Wiremu", "P-1"
    report.ContentSequence = Sequence(items)
    return report


def content(kind: str, code: str, **values: object) -> Dataset:
    name, item = Dataset(), Dataset()
    name.CodeValue, name.CodingSchemeDesignator, name.CodeMeaning = code, "DCM", "Something 1234567"
    item.RelationshipType, item.ValueType = "CONTAINS", kind
    item.ConceptNameCodeSequence = Sequence([name])
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def test_content_of_reports_is_cleaned_item_by_item(deidentified: Run, ring: KeyRing) -> None:
    deep = content("TEXT", "121071", TextValue="Mr Wiremu seen 2019-03-04 by Dr. House, mass 12 mm")
    report = report_with(
        content("PNAME", "121008", PersonName="House^Gregory"),
        content("TEXT", "121030", TextValue="hospital number of somebody"),
        content("DATE", "121031", Date="19700101"),
        content("UIDREF", "121012", UID="1.2.3.4.5"),
        content("CONTAINER", "111", ContentSequence=Sequence([deep])),
    )
    [out], _ = deidentified(report)
    name, number, date, uid, container = out.ContentSequence
    assert name.PersonName == "REMOVED"
    assert number.TextValue == "REMOVED"
    assert days_between("19700101", date.Date) == ring.shift_days("P-1")
    assert str(uid.UID) == ring.uid("1.2.3.4.5")
    said = container.ContentSequence[0].TextValue
    assert "Wiremu" not in said
    assert "House" not in said
    assert "mass 12 mm" in said
    assert uid.ConceptNameCodeSequence[0].CodeValue == "121012"


def test_content_of_reports_goes_in_the_basic_profile(deidentified: Run) -> None:
    [out], _ = deidentified(report_with(content("TEXT", "121071", TextValue="a finding")), profile="basic")
    assert [item.TextValue for item in out.ContentSequence] == ["REMOVED"]


def test_overlays_and_curves_go_whole(deidentified: Run) -> None:
    original = bundled("examples_overlay.dcm")
    assert any(element.tag.group == 0x6000 for element in original)
    [out], tally = deidentified(original)
    assert not any(element.tag.group & 0xFF00 in (0x5000, 0x6000) for element in out)
    assert tally.actions["(60xx,3000)", "", "X"] == 1


def test_a_profile_decides_on_single_attributes(small_ct: Dataset, deidentified: Run) -> None:
    chosen = load_profile("research")
    own = Profile("own", retain=chosen.retain, attributes={"PatientWeight": "X", "Manufacturer": "D"})
    [out], _ = deidentified(small_ct, profile=own)
    assert "PatientWeight" not in out
    assert out.Manufacturer == "REMOVED"
