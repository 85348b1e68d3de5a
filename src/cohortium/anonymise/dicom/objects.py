"""DICOM files read up to their pixels, and checked to be whole."""

from __future__ import annotations

import logging
import re
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from cohortium.anonymise.dicom.elements import (
    BIG,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    MARK,
    PREAMBLE,
    check_whole,
    read_elements,
)
from cohortium.anonymise.dicom.pixel_bytes import TAGS, TAGS_BIG, copy_pixels
from cohortium.errors import MissingExtra, SourceUnreadable

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

DAMAGES = (
    ValueError,
    KeyError,
    AttributeError,
    TypeError,
    EOFError,
    NotImplementedError,
    IndexError,
    OverflowError,
    RecursionError,
    struct.error,
    zlib.error,
)
"""What pydicom raises where a file is not what it claims to be."""
LARGE = 16_000_000
"""Bytes of the largest value that is read before it is written."""


@dataclass(frozen=True, slots=True)
class Head:
    """An object up to its pixels.

    pixels_at : where the element of the pixels begins in the file; None where it has none, or lies in memory whole.
    syntax    : transfer syntax that it names, or else that in which it is encoded.
    implicit  : whether it is encoded without value representations.
    """

    path: Path
    dataset: Dataset
    syntax: str
    implicit: bool
    pixels_at: int | None


class NotDicom(Exception):
    """The file is none of DICOM's; it is counted and left out."""


def needs_pydicom() -> None:
    """Raises MissingExtra where pydicom is absent."""
    try:
        import pydicom  # noqa: F401
    except ImportError as error:
        raise MissingExtra("DICOM files need pydicom. Install it with: pip install 'cohortium[imaging]'") from error


def read_head(path: Path, place: str) -> Head:
    """The object in a file.

    place  : how messages name the file, since its path may tell who the patient is.
    Raises : NotDicom; SourceUnreadable where a DICOM file is damaged or cut short.
    """
    from pydicom import dcmread
    from pydicom.errors import BytesLengthException, InvalidDicomError

    try:
        with path.open("rb") as stream:
            marked = stream.read(PREAMBLE + 4)[PREAMBLE:] == MARK
            stream.seek(0)
            dataset = read_elements(stream, LARGE)
            syntax = _syntax(dataset)
            if syntax == DEFLATED:
                stream.seek(0)
                dataset = dcmread(stream, force=True)
            if not marked and "SOPClassUID" not in dataset and "StudyInstanceUID" not in dataset:
                raise NotDicom
            check_whole(dataset)
            if not dataset:
                raise EOFError
            implicit = bool(dataset.original_encoding[0])
            at = None if syntax == DEFLATED else _pixels(stream, path.stat().st_size, syntax, implicit)
    except OSError as error:
        raise damaged(place, error) from None
    except (*DAMAGES, BytesLengthException, InvalidDicomError) as error:
        if not marked:
            raise NotDicom from None
        raise damaged(place, error) from None
    return Head(path, dataset, syntax, implicit, at)


@contextmanager
def quiet() -> Iterator[None]:
    """Without pydicom's checks, warnings and log, which may show values: real files break the standard's rules."""
    needs_pydicom()
    from pydicom.config import disable_value_validation

    log = logging.getLogger("pydicom")
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings(), disable_value_validation():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


def _syntax(dataset: Dataset) -> str:
    meta = getattr(dataset, "file_meta", None)
    named = str(meta.get("TransferSyntaxUID") or "") if meta is not None else ""
    if not re.fullmatch(r"[0-9.]{0,64}", named):
        raise ValueError("no transfer syntax")
    implicit, little = dataset.original_encoding
    return named or (IMPLICIT if implicit else BIG if little is False else EXPLICIT)


def _pixels(stream: BinaryIO, size: int, syntax: str, implicit: bool) -> int | None:
    at = stream.tell()
    if at > size:
        raise EOFError
    if at == size:
        return None
    following = stream.read(4)
    stream.seek(at)
    if following not in (TAGS_BIG if syntax == BIG else TAGS):
        if size - at < 8 or not stream.read(size - at).strip(b"\0"):
            return None
        raise EOFError
    copy_pixels(stream, None, big=syntax == BIG, implicit=implicit, to_implicit=implicit)
    return at


def damaged(place: str, error: BaseException) -> SourceUnreadable:
    """The error that says which file cannot be read, without what stands in it; pydicom's own may say it."""
    if isinstance(error, (EOFError, zlib.error)) or (isinstance(error, OSError) and error.errno is None):
        return SourceUnreadable(f"{place} ends before it should: it was cut short. Fetch it again, or take it out.")
    return SourceUnreadable(
        f"{place} cannot be read as DICOM: {type(error).__name__}. Mend it, or take it out of the folder."
    )
