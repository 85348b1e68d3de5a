"""Values of elements as texts, taken from and put into their bytes where these are plain.

Most are. To have pydicom convert all of them takes most of the time that de-identification takes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydicom.dataelem import DataElement
    from pydicom.dataset import Dataset
    from pydicom.tag import BaseTag

SINGLE = frozenset({"LT", "ST", "UT", "UR"})
"""Value representations of one value, in which a backslash divides nothing (PS3.5, 6.2)."""
PADDING = " \0"
ESCAPE = b"\x1b"
"""Begins another character set (ISO 2022): bytes that follow it are not what they look like."""


@cache
def entry(tag: int) -> tuple[str, str]:
    """Keyword and value representation of a standard attribute; empty and "UN" where the dictionary lacks it."""
    from pydicom.datadict import dictionary_has_tag, dictionary_keyword, dictionary_VR

    return (dictionary_keyword(tag), dictionary_VR(tag)) if dictionary_has_tag(tag) else ("", "UN")


def representation(raw: Any, known: str) -> str:
    """The value representation of an element: its own, or the dictionary's where its file does not say."""
    return known if raw.VR in (None, "UN") else str(raw.VR)


def items_of(element: DataElement) -> list[Dataset]:
    """The items of a sequence; none where its bytes could not be read as one."""
    value = element.value
    return list(value) if value and not isinstance(value, (bytes, str)) else []


def encoding_of(dataset: Dataset) -> tuple[bool, bool]:
    """Whether an object is encoded without value representations, and whether in little endian."""
    implicit, little = dataset.original_encoding
    return bool(implicit), little is not False


def texts_of(dataset: Dataset, raw: Any, vr: str) -> list[str]:
    """The values of an element that is no sequence, as texts; none where it is empty.

    raw : as ``dataset.items()`` gives it.
    vr  : its value representation, also where its file does not name one.
    """
    data = raw.value
    if raw.is_raw and isinstance(data, bytes) and raw.VR in (None, vr) and data.isascii() and ESCAPE not in data:
        text = data.decode("ascii").rstrip(PADDING)
        if vr in SINGLE:
            return [text] if text else []
        return [part.rstrip(PADDING) for part in text.split("\\")] if text else []
    element = dataset[raw.tag]
    value = element.value
    if isinstance(value, bytes):
        return [value.decode("latin-1")] if value else []
    if value is None or value == "":
        return []
    return [str(one) for one in value] if element.VM > 1 else [str(value)]


def put_texts(dataset: Dataset, tag: BaseTag, vr: str, texts: list[str]) -> None:
    """Put values in the place of an element's own."""
    from pydicom.dataelem import DataElement, RawDataElement

    joined = "\\".join(texts)
    if joined.isascii() and len(joined) <= 0xFFFE:
        data = joined.encode("ascii")
        data += (b"\0" if vr == "UI" else b" ") * (len(data) & 1)
        dataset[tag] = RawDataElement(tag, vr, len(data), data, 0, *encoding_of(dataset))
    else:
        dataset[tag] = DataElement(tag, vr, texts if len(texts) > 1 else joined)


def change_texts(dataset: Dataset, raw: Any, vr: str, change: Callable[[str], str]) -> bool:
    """Change each value of an element; whether any came out otherwise."""
    old = texts_of(dataset, raw, vr)
    new = [change(one) for one in old]
    if new == old:
        return False
    put_texts(dataset, raw.tag, vr, new)
    return True
