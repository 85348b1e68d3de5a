"""Fields of a REDCap data dictionary as columns: kinds, levels, limits, units and identifiers."""

from __future__ import annotations

import re

import pyarrow as pa

from cohortium.records import Column, Kind, Role
from cohortium.sources.cells import read_dates
from cohortium.sources.redcap_dictionary import Field

_DIRECT = frozenset(["email", "phone", "ssn", "mrn_10d", "mrn_generic", "vmrn", "phone_australia", "phone_uk"])
_UNIT = re.compile(r"[(\[]\s*([^()\[\]]{1,16})\s*[)\]]\s*:?\s*$")


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
    read = read_dates(pa.array([text]))
    return float(read.microseconds[0] / unit) if read.readable[0] else None
