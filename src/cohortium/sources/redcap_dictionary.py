"""A REDCap data dictionary: its fields, as text."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from cohortium.errors import SourceUnreadable
from cohortium.sources.address import Address
from cohortium.sources.text_encoding import chunks, found_encoding

# Heads of the CSV as the web page and as the programming interface write them.
_HEADS = {
    "name": ("Variable / Field Name", "field_name"),
    "form": ("Form Name", "form_name"),
    "type": ("Field Type", "field_type"),
    "label": ("Field Label", "field_label"),
    "choices": ("Choices, Calculations, OR Slider Labels", "select_choices_or_calculations"),
    "note": ("Field Note", "field_note"),
    "validation": ("Text Validation Type OR Show Slider Number", "text_validation_type_or_show_slider_number"),
    "minimum": ("Text Validation Min", "text_validation_min"),
    "maximum": ("Text Validation Max", "text_validation_max"),
    "identifier": ("Identifier?", "identifier"),
}
_NEEDED = ("name", "form", "type", "choices", "validation")


@dataclass(frozen=True, slots=True)
class Field:
    """One row of the dictionary, all as text."""

    name: str
    form: str
    type: str
    label: str
    choices: str
    note: str
    validation: str
    minimum: str
    maximum: str
    identifier: str

    @property
    def options(self) -> tuple[tuple[str, str], ...]:
        """Codes and labels of a choice field: ``1, Male | 2, Female``."""
        pairs = [part.partition(",") for part in self.choices.split("|") if part.strip()]
        return tuple((code.strip(), label.strip()) for code, _, label in pairs)


def load_dictionary(path: str | Path) -> tuple[Field, ...]:
    """The fields in the dictionary's order.

    Raises : SourceUnreadable where the file is no data dictionary.
    """
    address = Address.of(path)
    encoding = found_encoding(address)
    text = b"".join(chunks(address)).decode(encoding.name).lstrip("\ufeff")
    rows = csv.reader(text.splitlines(keepends=True))
    head = next(rows, [])
    places = {key: next((head.index(name) for name in names if name in head), None) for key, names in _HEADS.items()}
    absent = [_HEADS[key][0] for key in _NEEDED if places[key] is None]
    if absent:
        raise SourceUnreadable(
            f"{address} is not a REDCap data dictionary: it has no column {absent}. Download it in REDCap under "
            "Project Setup, Data Dictionary."
        )
    fields = []
    for row in rows:
        if row and any(row):
            cells = {
                key: row[place].strip() if place is not None and place < len(row) else ""
                for key, place in places.items()
            }
            fields.append(Field(**cells))
    if not fields:
        raise SourceUnreadable(f"{address} lists no fields; a data dictionary with at least one was expected.")
    return tuple(fields)
