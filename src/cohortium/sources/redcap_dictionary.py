"""A REDCap data dictionary read as columns: kinds, levels, limits, units and identifiers."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from cohortium.errors import SourceUnreadable
from cohortium.records import Column, Kind, Role
from cohortium.sources.address import Address
from cohortium.sources.cells import read_dates
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
_DIRECT = frozenset(["email", "phone", "ssn", "mrn_10d", "mrn_generic", "vmrn", "phone_australia", "phone_uk"])
_UNIT = re.compile(r"[(\[]\s*([^()\[\]]{1,16})\s*[)\]]\s*:?\s*$")


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


def columns_of(field: Field, *, is_first: bool, labelled: bool) -> tuple[Column, ...]:
    """The columns that an export has for ``field``: one, one per choice of a checkbox, or none.

    labelled : the export holds labels instead of codes.
    """
    if field.type == "descriptive":
        return ()
    if field.type == "checkbox":
        return tuple(
            _column(field, f"{field.name}___{code.lower().replace('-', '_')}", Kind.BOOLEAN, f"Ticked: {label}.")
            for code, label in field.options
        )
    if is_first:
        reason = "The first field of a REDCap project names the record: the person."
        return (Column(field.name, Kind.IDENTIFIER, frozenset({Role.PERSON_KEY}), reasons=(_about(field), reason)),)
    return (_single(field, labelled=labelled),)


def _single(field: Field, *, labelled: bool) -> Column:
    if field.type in ("radio", "dropdown", "sql") and field.options:
        levels = tuple(label if labelled else code for code, label in field.options)
        meaning = "; ".join(f"{code} = {label}" for code, label in field.options)
        return _column(field, field.name, Kind.CATEGORICAL, f"Choices: {meaning}.", levels=tuple(dict.fromkeys(levels)))
    if field.type in ("yesno", "truefalse"):
        return _column(field, field.name, Kind.BOOLEAN)
    if field.type == "notes":
        return _column(field, field.name, Kind.TEXT)
    if field.type == "file" or field.validation in _DIRECT:
        return _column(field, field.name, Kind.IDENTIFIER, roles=frozenset({Role.DIRECT_IDENTIFIER}))
    if field.type == "slider":
        limits = (_number(field.minimum) or 0.0, _number(field.maximum) or 100.0)
        return _column(field, field.name, Kind.INTEGER, limits=limits)
    return _validated(field)


def _validated(field: Field) -> Column:
    """Text and calculated fields, by their validation."""
    check = field.validation
    if check.startswith("datetime"):
        limits = (_moment(field.minimum, 1e6), _moment(field.maximum, 1e6))
        return _column(field, field.name, Kind.DATETIME, limits=limits, roles=frozenset({Role.QUASI_IDENTIFIER}))
    if check.startswith("date"):
        limits = (_moment(field.minimum, 86_400e6), _moment(field.maximum, 86_400e6))
        return _column(field, field.name, Kind.DATE, limits=limits, roles=frozenset({Role.QUASI_IDENTIFIER}))
    if check.startswith("time"):
        return _column(field, field.name, Kind.DURATION, unit="hours")
    if check == "integer":
        return _column(field, field.name, Kind.INTEGER, limits=(_number(field.minimum), _number(field.maximum)))
    if check.startswith("number"):
        decimals = re.search(r"(\d)dp", check)
        return _column(
            field,
            field.name,
            Kind.CONTINUOUS,
            limits=(_number(field.minimum), _number(field.maximum)),
            decimals=int(decimals.group(1)) if decimals else None,
            comma="comma" in check,
        )
    if check in ("zipcode", "postalcode_australia", "postalcode_canada", "postalcode_germany", "postalcode_french"):
        return _column(field, field.name, Kind.CATEGORICAL, roles=frozenset({Role.QUASI_IDENTIFIER}))
    kind = Kind.CONTINUOUS if field.type == "calc" else Kind.CATEGORICAL
    return _column(field, field.name, kind)


def _column(
    field: Field,
    name: str,
    kind: Kind,
    reason: str = "",
    *,
    roles: frozenset[Role] = frozenset(),
    levels: tuple[str, ...] | None = None,
    limits: tuple[float | None, float | None] = (None, None),
    unit: str | None = None,
    decimals: int | None = None,
    comma: bool = False,
) -> Column:
    if field.identifier.casefold() == "y":
        roles = roles - {Role.QUASI_IDENTIFIER} | {Role.DIRECT_IDENTIFIER}
        kind = kind if kind in (Kind.DATE, Kind.DATETIME) else Kind.IDENTIFIER
        levels = None
        reason = (reason + " The dictionary marks it as an identifier.").strip()
    if unit is None and kind.is_numeric and kind not in (Kind.DATE, Kind.DATETIME):
        found = _UNIT.search(field.label) or _UNIT.search(field.note)
        unit = found.group(1).strip() if found else None
    return Column(
        name=name,
        kind=kind,
        roles=roles,
        unit=unit,
        minimum=limits[0],
        maximum=limits[1],
        levels=levels,
        decimals=decimals,
        decimal_comma=comma,
        reasons=tuple(sentence for sentence in (_about(field), reason) if sentence),
    )


def _about(field: Field) -> str:
    """What the dictionary says of the field, in a sentence."""
    label = " ".join(re.sub(r"<[^>]*>", " ", field.label).split())
    checked = f", checked as {field.validation}" if field.validation else ""
    return f"REDCap field of type {field.type}{checked}, form {field.form}: {label or field.name}."


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", ".")) if text else None
    except ValueError:
        return None  # limits may also be words such as "today", or other fields in brackets


def _moment(text: str, unit: float) -> float | None:
    import pyarrow as pa

    read = read_dates(pa.array([text]))
    return float(read.microseconds[0] / unit) if read.readable[0] else None
