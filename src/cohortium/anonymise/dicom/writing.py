"""DICOM files written whole or not at all; elements that nobody has changed, and pixels, by their bytes."""

from __future__ import annotations

import zlib
from pathlib import Path
from struct import Struct
from typing import TYPE_CHECKING, Any, BinaryIO

from cohortium.anonymise.dicom.elements import BIG, DEFLATED, IMPLICIT, MARK, PREAMBLE, STANDARD_ROOT, charset_of
from cohortium.anonymise.dicom.objects import Head
from cohortium.anonymise.dicom.pixel_bytes import UNDEFINED, append_native, copy_pixels

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pydicom.filebase import DicomIO


def write_object(head: Head, meta: bytes, syntax: str, target: Path, pixels: Path | None = None) -> None:
    """Write an object with its pixels: those of the original, or the ones in ``pixels``.

    meta   : file meta information, for this transfer syntax.
    Raises : EOFError where the original's pixels are cut short; nothing is left at ``target`` then.
    """
    implicit = syntax == IMPLICIT if syntax.startswith(STANDARD_ROOT) else head.implicit
    unfinished = target.with_name(target.name + ".unfinished")
    try:
        with unfinished.open("wb") as stream:
            stream.write(b"\0" * PREAMBLE + MARK + meta)
            _write_header(stream, head.dataset, syntax, implicit)
            if pixels is not None:
                append_native(stream, pixels)
            elif head.pixels_at is not None:
                with head.path.open("rb") as original:
                    original.seek(head.pixels_at)
                    copy_pixels(original, stream, big=syntax == BIG, implicit=head.implicit, to_implicit=implicit)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _write_header(stream: BinaryIO, dataset: Dataset, syntax: str, implicit: bool) -> None:
    """All but the pixels; in a deflated object also these."""
    from pydicom.filebase import DicomBytesIO, DicomIO
    from pydicom.filewriter import write_dataset

    file = DicomBytesIO() if syntax == DEFLATED else DicomIO(stream)
    file.is_implicit_VR, file.is_little_endian = implicit, syntax != BIG
    same = dataset.original_encoding == (implicit, syntax != BIG)
    if same and dataset.original_character_set == charset_of(dataset):
        _write_elements(file, dataset)
    else:
        write_dataset(file, dataset)
    if isinstance(file, DicomBytesIO):
        deflated = zlib.compress(file.getvalue(), wbits=-zlib.MAX_WBITS)
        stream.write(deflated + b"\0" * (len(deflated) & 1))


def _write_elements(file: DicomIO, dataset: Dataset) -> None:
    """What pydicom would write, without its buffer for each element that is written by its bytes."""
    from pydicom.filewriter import write_data_element
    from pydicom.valuerep import EXPLICIT_VR_LENGTH_32

    implicit, order = file.is_implicit_VR, "<" if file.is_little_endian else ">"
    bare, short, long = Struct(f"{order}HHL").pack, Struct(f"{order}HH2sH").pack, Struct(f"{order}HH2sHL").pack
    for tag in sorted(dataset.keys()):
        element: Any = dataset.get_item(tag)
        if not element.is_raw or element.length == UNDEFINED or not (implicit or element.VR):
            write_data_element(file, element, dataset.get("SpecificCharacterSet", "ISO_IR 6"))
            continue
        value = element.value or b""
        if implicit:
            head = bare(tag.group, tag.element, len(value))
        elif element.VR in EXPLICIT_VR_LENGTH_32:
            head = long(tag.group, tag.element, element.VR.encode(), 0, len(value))
        else:
            head = short(tag.group, tag.element, element.VR.encode(), len(value))
        file.write(head + value)
