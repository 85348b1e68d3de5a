"""Plants what must not survive into DICOM objects: names, numbers and dates, wherever they hide in real files."""

from __future__ import annotations

import warnings
from pathlib import Path

from pydicom import dcmread
from pydicom.data import get_charset_files, get_testdata_files
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

NAME = "Wetherby-Quill^Zephyrine^Odalys^Dr"
NUMBER = "MRX-7734190"
BORN = "19470423"
WORDS = (
    "wetherby", "quill", "zephyrine", "odalys", "7734190", "19470423", "acx55231", "brabazon", "fennimore",
    "thistlewick", "lavender hill", "0471554433", "kestrelford", "zq-serial-90817", "nightingale-7",
)  # fmt: skip
"""Lower-case words of which none may be in any file that comes out."""
DOCTOR = "Brabazon^Ludovica"


def every_file() -> list[Path]:
    """All files that come with pydicom and that hold a DICOM object which can be read."""
    found = {Path(name) for name in (*get_testdata_files(), *get_charset_files())}
    return sorted(path for path in found if path.is_file() and path.suffix not in {".txt", ".dump", ".json", ".icc"})


def read(path: Path) -> Dataset | None:
    """The object in a file with its pixels untouched, or None where pydicom itself cannot read and write it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = dcmread(path, force=True)
            str(dataset)
        except (ValueError, KeyError, AttributeError, TypeError, EOFError, NotImplementedError, OSError):
            return None
    if "DirectoryRecordSequence" in dataset or len(dataset) == 0 or min(dataset.keys()) < 0x00020000:
        return None
    dataset.setdefault("SOPClassUID", "1.2.840.10008.5.1.4.1.1.7")
    return dataset


def plant(dataset: Dataset) -> None:
    """Put a person into an object: its header, nested items, descriptions, private blocks, codes and bytes."""
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = NAME, NUMBER, BORN
    dataset.PatientAge, dataset.PatientSex = "097Y", "F"
    dataset.OtherPatientIDs = ["ACX55231", NUMBER]
    dataset.AccessionNumber = "ACX55231"
    dataset.ReferringPhysicianName, dataset.OperatorsName = DOCTOR, "Fennimore^Ike"
    dataset.InstitutionName, dataset.StationName = "Thistlewick Hospital", "NIGHTINGALE-7"
    dataset.PatientAddress = "12 Lavender Hill, Kestrelford"
    dataset.PatientTelephoneNumbers = "0471554433"
    dataset.DeviceSerialNumber = "ZQ-SERIAL-90817"
    dataset.StudyDate, dataset.SeriesDate = "20190304", "20190304"
    dataset.StudyDescription = "CT for Zephyrine Wetherby-Quill"
    dataset.SeriesDescription = "QUILL Z, born 23.04.1947, MRX-7734190"
    dataset.ImageComments = "Sent by Dr. Brabazon (Thistlewick), call 0471554433"
    dataset.BodyPartExamined = "ODALYS"
    dataset.ProtocolName = "wetherby_protocol"
    dataset.RequestAttributesSequence = Sequence([_item()])
    dataset.ReferencedImageSequence = Sequence([_reference()])
    for group in (0x0009, 0x0029):
        block = dataset.private_block(group, "THISTLEWICK PRIVATE", create=True)
        block.add_new(0x01, "LO", "Zephyrine Wetherby-Quill")
        block.add_new(0x02, "OB", b"\0\1header WETHERBY-QUILL\0")
        block.add_new(0x03, "SQ", Sequence([_item()]))
        block.add_new(0x04, "UN", b"MRX-7734190 ")
    safe = dataset.private_block(0x0019, "GEMS_ACQU_01", create=True)
    safe.add_new(0x23, "DS", "15.0")
    safe.add_new(0x9E, "LO", "QUILL SEQ")


def _item() -> Dataset:
    inner = Dataset()
    inner.RequestedProcedureDescription = "Wetherby-Quill follow-up of 2019-03-04"
    inner.ScheduledProcedureStepDescription = "Thorax, patient: Zephyrine"
    inner.RequestingPhysician = DOCTOR
    inner.CodeMeaning = "Fennimore's code"
    outer = Dataset()
    outer.RequestedProcedureID = "ACX55231"
    outer.ScheduledProtocolCodeSequence = Sequence([inner])
    outer.TextValue = "Seen Zephyrine on 2019-03-04"
    return outer


def _reference() -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    item.ReferencedSOPInstanceUID = "1.3.6.1.4.1.9999.7734190.1"
    return item


def write(dataset: Dataset, path: Path) -> None:
    """Write an object, with a name in its preamble and in its file meta information."""
    dataset.preamble = b"QUILL^ZEPHYRINE".ljust(128, b"\0")
    if "file_meta" in vars(dataset) and dataset.file_meta:
        dataset.file_meta.SourceApplicationEntityTitle = "THISTLEWICK"
        dataset.file_meta.PrivateInformationCreatorUID = "1.2.3.4"
        dataset.file_meta.PrivateInformation = b"ZEPHYRINE "
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset.save_as(path, enforce_file_format=False)
