"""The elements of an object up to its pixels: those that pydicom reads, in half of its time.

Only what nearly all files are is read here: explicit or implicit little endian, behind a preamble. pydicom reads the
rest, and elements of undefined length.
"""

from __future__ import annotations

from functools import cache
from struct import Struct
from typing import TYPE_CHECKING, Any, BinaryIO

from cohortium.anonymise.dicom.pixel_bytes import TAGS, UNDEFINED

if TYPE_CHECKING:
    from pydicom.dataset import Dataset, FileDataset

STANDARD_ROOT = "1.2.840.10008."
"""Begins the identifiers of the standard, such as those of transfer syntaxes and of classes of objects."""
IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
BIG = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
MARK = b"DICM"
PREAMBLE = 128
META, CHARSET, FIRST = 0x0002, 0x00080005, 0x00080000
PIXELS = frozenset(int.from_bytes(tag[:2], "little") << 16 | int.from_bytes(tag[2:], "little") for tag in TAGS)
_SHORT, _LENGTH, _BARE = Struct("<HH2sH").unpack, Struct("<L").unpack, Struct("<HHL").unpack


class _NotPlain(Exception):
    """For pydicom to read."""


def read_elements(stream: BinaryIO, large: int | None = None) -> FileDataset:
    """The object in a file; the stream then stands at its pixels, or at its end.

    large  : bytes of the largest value that is read now; larger ones are when they are asked for.
    Raises : EOFError where the file ends before the value of an element; what pydicom raises where it is damaged.
    """
    from pydicom import dcmread

    try:
        return _plain(stream, large)
    except _NotPlain:
        stream.seek(0)
        return as_encoded(dcmread(stream, stop_before_pixels=True, defer_size=large, force=True))


def as_encoded(dataset: FileDataset) -> FileDataset:
    """The object, which now says how it is encoded, where it is so against its transfer syntax."""
    first: Any = next(iter(dataset.values()), None)
    _, little = dataset.original_encoding
    if first is not None and first.is_raw and first.VR is None:
        dataset.set_original_encoding(True, little is not False, dataset.original_character_set)
    return dataset


def charset_of(dataset: Dataset) -> Any:
    """The encodings of an object's text, as pydicom names them."""
    from pydicom.charset import convert_encodings, default_encoding

    return convert_encodings(dataset[CHARSET].value) if CHARSET in dataset else default_encoding


def check_whole(dataset: FileDataset) -> None:
    """Raises EOFError where the file ended within a value, which pydicom passes over."""
    element: Any
    for element in dataset.values():
        value = element.value
        if element.is_raw and value is not None and element.length != UNDEFINED and len(value) < element.length:
            raise EOFError


def _plain(stream: BinaryIO, large: int | None) -> FileDataset:
    from pydicom.dataset import FileDataset, FileMetaDataset

    preamble = stream.read(PREAMBLE)
    if stream.read(len(MARK)) != MARK:
        raise _NotPlain
    meta = FileMetaDataset()
    meta.update(_elements(stream, None, implicit=False, meta=True))
    syntax = str(meta.get("TransferSyntaxUID") or "")
    if not syntax.startswith(STANDARD_ROOT) or syntax in (BIG, DEFLATED):
        raise _NotPlain
    implicit = syntax == IMPLICIT
    dataset = FileDataset(stream, _elements(stream, large, implicit=implicit), preamble, meta, implicit, True)
    dataset.set_original_encoding(implicit, True, charset_of(dataset))
    return dataset


def _elements(stream: BinaryIO, large: int | None, *, implicit: bool, meta: bool = False) -> dict[Any, Any]:
    """Elements up to the pixels, or, of the file meta information, up to the object itself."""
    from pydicom.charset import convert_encodings, default_encoding
    from pydicom.dataelem import RawDataElement
    from pydicom.filereader import data_element_generator
    from pydicom.tag import BaseTag

    representations, long = _representations()
    read, found, last, at = stream.read, {}, -1, stream.tell()
    charset: Any = default_encoding
    while len(head := read(8)) == 8:
        if implicit:
            vr = None
            group, number, length = _BARE(head)
        else:
            group, number, code, length = _SHORT(head)
            vr = representations.get(code)
        tag = group << 16 | number
        if tag in PIXELS or (meta and group != META):
            stream.seek(-8, 1)
            break
        if (not meta and (tag <= last or tag < FIRST)) or (vr is None and not implicit):
            raise _NotPlain
        last, began = tag, at
        at += 8
        if vr in long:
            length = _LENGTH(read(4))[0]
            at += 4
        if length == UNDEFINED:
            stream.seek(began)
            element = next(data_element_generator(stream, implicit, True, encoding=charset))
            at = stream.tell()
        else:
            value = None
            if large is not None and length > large:
                stream.seek(length, 1)
            else:
                value = read(length)
            element = RawDataElement(BaseTag(tag), vr, length, value, at, implicit, True)
            at += length
            if tag == CHARSET and value:
                charset = convert_encodings(value.decode("latin-1").rstrip(" \0").split("\\"))
        found[element.tag] = element
    if 0 < len(head) < 8 and head.strip(b"\0"):
        raise EOFError
    return found


@cache
def _representations() -> tuple[dict[bytes, str], frozenset[str]]:
    """Value representations by their bytes, and those whose length takes four bytes."""
    from pydicom.valuerep import EXPLICIT_VR_LENGTH_32, VR

    return {str(vr.value).encode(): str(vr.value) for vr in VR if len(vr.value) == 2}, frozenset(
        str(vr.value) for vr in EXPLICIT_VR_LENGTH_32
    )
