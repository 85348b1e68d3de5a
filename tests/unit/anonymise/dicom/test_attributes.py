"""The table of the standard: whole, of known actions, and in agreement with pydicom's dictionary."""

from __future__ import annotations

import pytest
from pydicom.datadict import dictionary_has_tag, dictionary_keyword, tag_for_keyword

from cohortium.anonymise.dicom.actions import CHOICE, Action, Rules
from cohortium.anonymise.dicom.attributes import attribute_of, rows, table, type_in
from cohortium.anonymise.dicom.private_elements import safe_private
from cohortium.anonymise.dicom.profile import load_profile

CT, SECONDARY, ECG = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.9.1.1"


def test_the_table_is_whole_and_of_known_actions() -> None:
    assert len(table()) == 656
    known = {action.value for action in Action} | set(CHOICE)
    assert {row.basic for row in table().values()} <= known - {"K", "C"}
    assert {action for row in table().values() for action in row.options.values()} == {"K", "C"}


def test_keywords_are_those_of_the_dictionary() -> None:
    for row in table().values():
        if "x" in row.tag or "g" in row.tag:
            continue
        tag = int(row.tag[1:5] + row.tag[6:10], 16)
        assert (dictionary_keyword(tag) if dictionary_has_tag(tag) else "") == row.keyword


@pytest.mark.parametrize(
    ("keyword", "basic"),
    [
        ("PatientName", "Z"), ("PatientID", "Z/D"), ("PatientBirthDate", "Z"), ("StudyInstanceUID", "U"),
        ("StudyDescription", "X"), ("InstitutionName", "X/Z/D"), ("ReferencedImageSequence", "X/Z/U*"),
        ("ContentSequence", "D"), ("AccessionNumber", "Z"), ("StudyDate", "Z"), ("PatientAge", "X"),
    ],
)  # fmt: skip
def test_rows_that_everybody_knows(keyword: str, basic: str) -> None:
    tag = tag_for_keyword(keyword)
    assert tag is not None
    row = attribute_of(tag)
    assert row is not None
    assert row.basic == basic


def test_repeating_groups_and_private_attributes_have_rows() -> None:
    assert attribute_of(0x50100030) is attribute_of(0x50000000)
    assert attribute_of(0x60023000) is not None
    assert attribute_of(0x60020010) is None
    private = attribute_of(0x00091001)
    assert private is not None
    assert private.basic == "X"


def test_types_decide_between_actions() -> None:
    assert type_in("DeviceSerialNumber", CT) == "3"
    assert type_in("DeviceSerialNumber", "1.2.3") == ""
    assert type_in("ContentDate", ECG) in {"1", "2", "3"}
    rules = Rules(load_profile("basic"))
    assert rules.of(0x00181000, "DeviceSerialNumber", "LO", CT, False) is Action.REMOVE
    assert rules.of(0x00181000, "DeviceSerialNumber", "LO", "1.2.3", False) is Action.DUMMY
    assert rules.of(0x00181000, "DeviceSerialNumber", "LO", CT, True) is Action.DUMMY


def test_options_open_what_they_name_and_nothing_else() -> None:
    basic, research = Rules(load_profile("basic")), Rules(load_profile("research"))
    assert basic.of(0x00101010, "PatientAge", "AS", CT, False) is Action.REMOVE
    assert research.of(0x00101010, "PatientAge", "AS", CT, False) is Action.KEEP
    assert research.of(0x00081030, "StudyDescription", "LO", CT, False) is Action.CLEAN
    assert research.of(0x00102110, "Allergies", "LO", CT, False) is Action.CLEAN
    assert research.of(0x00100010, "PatientName", "PN", CT, False) is Action.EMPTY
    assert research.of(0x0020000D, "StudyInstanceUID", "UI", CT, False) is Action.UID


def test_what_no_row_names_is_treated_as_its_likes_are() -> None:
    rules = Rules(load_profile("research"))
    assert rules.of(0x00280010, "Rows", "US", CT, False) is Action.KEEP
    assert rules.of(0x00080016, "SOPClassUID", "UI", CT, False) is Action.KEEP
    assert rules.of(0x00181002, "SomeNewUID", "UI", CT, False) is Action.UID
    assert rules.of(0x00112233, "", "UN", CT, False) is Action.REMOVE
    assert rules.of(0x22225422, "", "UN", CT, False) is Action.REMOVE


def test_files_of_facts_have_no_row_twice() -> None:
    for name, key in (("attributes", ("tag",)), ("attribute_types", ("keyword", "type")), ("object_classes", ("sop_class",))):  # fmt: skip # noqa: E501
        keys = [tuple(row[part] for part in key) for row in rows(name)]
        assert len(keys) == len(set(keys))
    assert not {"OB", "UN", "SQ", "UI"} & set(safe_private().values())
