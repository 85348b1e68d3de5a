"""Reads what was written again, as a stranger would, and looks for what should not be there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from cohortium.anonymise.dicom.actions import is_structural
from cohortium.anonymise.dicom.elements import STANDARD_ROOT
from cohortium.anonymise.dicom.matcher import Matcher, hits
from cohortium.anonymise.dicom.pixel_bytes import CHUNK
from cohortium.anonymise.dicom.seeds import common_words
from cohortium.anonymise.dicom.sifting import sifted
from cohortium.anonymise.dicom.text import CODES, FREE_TEXT, STRUCTURAL
from cohortium.anonymise.dicom.values import entry, items_of, representation, texts_of

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

SEARCHED = FREE_TEXT | CODES | {"PN", "UN"}
DAYS = frozenset({"DA", "DT"})
LONGEST_WORD = 512
IN_PIXELS = 7
"""Bytes of the shortest words that are looked for among pixels: by chance, one is in a terabyte."""
PRIVATE, PRIVATE_BIT = "private", 0x10000
"""Set in tags of odd groups."""
OWN = frozenset({"DeidentificationMethod", "DeidentificationMethodCodeSequence"})
"""Written by ``markers``, not by the hospital."""


@dataclass(frozen=True, slots=True)
class Left:
    """What one file still holds.

    words   : places with a word of the patient's: in the text of elements, and in the bytes of the file.
    private : private elements.
    dates   : dates and times of the original.
    uids    : identifiers of the original.
    """

    words: int = 0
    private: int = 0
    dates: int = 0
    uids: int = 0


@dataclass(frozen=True, slots=True)
class Original:
    """What of an original must not come out: its identifiers of things, and its days with the places they stand in.

    Days are compared place by place, since a day that was moved may fall on another one of the original.
    """

    uids: frozenset[str]
    days: frozenset[tuple[str, str]]


def original_values(dataset: Dataset) -> Original:
    """Identifiers and days of an object, at any depth."""
    uids: set[str] = set()
    days: set[tuple[str, str]] = set()
    for one in _values(dataset, DAYS | {"UI"}):
        if one.vr == "UI" and not one.value.startswith(STANDARD_ROOT) and not is_structural(one.keyword):
            uids.add(one.value)
        elif one.vr in DAYS and len(one.value) >= 8:
            days.add((one.place, one.value[:8]))
    return Original(frozenset(uids), frozenset(days))


def left_in(path: Path, matcher: Matcher, original: Original, pseudonym: str) -> Left:
    """What of the original the file at ``path`` still holds."""
    from pydicom import dcmread

    words = private = dates = uids = 0
    with path.open("rb") as stream:
        dataset = dcmread(stream, stop_before_pixels=True)
        pixels_at = stream.tell()
        encodings = _encodings(dataset)
        for one in _values(dataset, SEARCHED | DAYS | {"UI", PRIVATE}):
            private += one.vr == PRIVATE
            if one.vr in SEARCHED and one.keyword not in STRUCTURAL and one.value != pseudonym:
                words += matcher.found(one.value)
            elif one.vr == "UI" and not is_structural(one.keyword):
                uids += one.value in original.uids
            elif one.vr in DAYS:
                dates += (one.place, one.value[:8]) in original.days
        stream.seek(0)
        words += _in_bytes(stream, matcher.byte_forms(encodings, common_words("codes")), pixels_at)
    return Left(words, private, dates, uids)


def _in_bytes(stream: BinaryIO, forms: tuple[bytes, ...], pixels_at: int) -> int:
    """Words in all bytes of a file; short ones not among the pixels, whose numbers make every short word somewhere."""
    long = tuple(form for form in forms if len(form) >= IN_PIXELS)
    found = hits(stream.read(pixels_at), forms)
    tail = b""
    while part := stream.read(CHUNK):
        found += hits(sifted(tail + part, long), long)
        tail = part[-LONGEST_WORD:]
    return found


def _encodings(dataset: Dataset) -> tuple[str, ...]:
    from pydicom.charset import convert_encodings

    named = dataset.get("SpecificCharacterSet") or "ISO_IR 6"
    many = [named] if isinstance(named, str) else list(named)
    return tuple(dict.fromkeys([*convert_encodings(many), "utf-8", "latin-1", "utf-16-le"]))


@dataclass(frozen=True, slots=True)
class _Value:
    """One value of an element; ``place`` tells elements of one object apart."""

    vr: str
    keyword: str
    place: str
    value: str


def _values(dataset: Dataset, wanted: frozenset[str], within: str = "") -> Iterator[_Value]:
    """All values of the wanted representations, at any depth; with PRIVATE among them, one for each private element."""
    for tag, raw in list(dataset.items()):
        keyword, known = entry(int(tag))
        vr = representation(raw, known)
        if keyword in OWN:
            continue
        if tag & PRIVATE_BIT and PRIVATE in wanted:
            yield _Value(PRIVATE, keyword, within, "")
        if vr != "SQ" and vr not in wanted:
            continue
        place = f"{within}/{tag:x}"
        if vr == "SQ":
            for number, item in enumerate(items_of(dataset[tag])):
                yield from _values(item, wanted, f"{place}:{number}")
        else:
            for text in texts_of(dataset, raw, vr):
                yield _Value(vr, keyword, place, text)
