"""Table E.1-1 of DICOM PS3.15, Annex E: which attributes may identify a person, and what each profile does to them.

The table lies in ``data/attributes.csv``. Its basic actions are those of edition 2026c, checked against two public
transcriptions that agree on every row they share; its options are those of 2024, since no transcription of 2026c has
them. Attributes that came in between have no options, so the basic action holds for them. Attribute types are those of
PS3.3 (``data/attribute_types.csv``), for the attributes whose action depends on them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

Option = Literal[
    "safe_private",
    "uids",
    "device",
    "institution",
    "patient",
    "full_dates",
    "modified_dates",
    "descriptors",
    "structured",
    "graphics",
]
OPTIONS: tuple[Option, ...] = (
    "safe_private", "uids", "device", "institution", "patient", "full_dates", "modified_dates", "descriptors",
    "structured", "graphics",
)  # fmt: skip
PRIVATE = "(gggg,eeee)"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One row of the table.

    basic   : its action codes in the basic profile, such as "X/Z".
    options : the action under each option that says something about it.
    """

    tag: str
    keyword: str
    name: str
    basic: str
    options: dict[str, str]


def written(tag: int) -> str:
    """A tag as people write it: (gggg,eeee)."""
    return f"({tag >> 16:04x},{tag & 0xFFFF:04x})"


def attribute_of(tag: int) -> Attribute | None:
    """The row that holds for a tag: its own, that of its repeating group, or that of all private attributes."""
    group = tag >> 16
    if group & 1:
        return table()[PRIVATE]
    if group & 0xFF00 == 0x5000:
        return table()["(50xx,xxxx)"]
    if group & 0xFF00 == 0x6000:
        return table().get(f"(60xx,{tag & 0xFFFF:04x})")
    return table().get(written(tag))


@cache
def table() -> dict[str, Attribute]:
    """All rows, by tag."""
    return {
        row["tag"]: Attribute(
            row["tag"],
            row["keyword"],
            row["name"],
            row["basic"],
            {option: row[option] for option in OPTIONS if row[option]},
        )
        for row in rows("attributes")
    }


def type_in(keyword: str, sop_class: str) -> str:
    """ "1", "2" or "3": how much an object of this class needs the attribute; "" where the class is not known.

    Conditional attributes count as needed, since one that is there has its condition met.
    """
    kind = _objects().get(sop_class)
    return "" if kind is None else _types().get((keyword, kind), "3")


@cache
def _objects() -> dict[str, str]:
    return {row["sop_class"]: row["object"] for row in rows("object_classes")}


@cache
def _types() -> dict[tuple[str, str], str]:
    return {(row["keyword"], kind): row["type"] for row in rows("attribute_types") for kind in row["objects"].split()}


def rows(name: str) -> Iterator[dict[str, str]]:
    """The rows of one of the tables that lie beside this module."""
    text = resources.files("cohortium.anonymise.dicom").joinpath(f"data/{name}.csv").read_text("utf-8")
    return csv.DictReader(text.splitlines())
