"""REDCap: the CSV export of a project together with its data dictionary."""

from __future__ import annotations

import re

import pyarrow as pa

from cohortium import registry
from cohortium.errors import InvalidRequest, SourceUnreadable
from cohortium.records import Column, Kind, Role
from cohortium.sources.address import Address, Options
from cohortium.sources.annotations import annotated, notes_of
from cohortium.sources.batches import Batches
from cohortium.sources.delimited import open_delimited
from cohortium.sources.redcap_columns import columns_of
from cohortium.sources.redcap_dictionary import Field, load_dictionary

_OF_REDCAP = {
    "redcap_event_name": (Kind.CATEGORICAL, (), "REDCap's event of a longitudinal project."),
    "redcap_repeat_instrument": (Kind.CATEGORICAL, (), "REDCap's repeating form that the row belongs to."),
    "redcap_repeat_instance": (Kind.INTEGER, (), "REDCap's number of the repetition."),
    "redcap_data_access_group": (Kind.CATEGORICAL, (Role.SITE,), "REDCap's data access group: the site."),
    "redcap_survey_identifier": (Kind.IDENTIFIER, (Role.DIRECT_IDENTIFIER,), "REDCap's survey participant."),
}


@registry.source("redcap")
def open_redcap(address: Address, options: Options) -> Batches:
    """A REDCap export (CSV, codes or labels) that its data dictionary explains; chosen by the option ``dictionary``.

    Repeating forms and events give a person several rows; the record id is the person key.
    """
    if options.dictionary is None:
        raise InvalidRequest("A REDCap export needs its data dictionary; name it with 'dictionary'.")
    fields = load_dictionary(options.dictionary)
    export = open_delimited(address, options)
    labelled = _is_labelled(export, fields)
    known = _declared(fields, labelled=labelled)
    if fields[0].name not in export.schema.names:
        raise SourceUnreadable(
            f"{address} has no column '{fields[0].name}', the record id of the dictionary; it is not an export of this "
            "project, or was exported with labels as column names. Export it as CSV with raw names."
        )
    schema = pa.schema(
        [
            annotated(pa.field(field.name, field.type), notes_of(field), known.get(field.name))
            for field in export.schema
        ],
        metadata=export.schema.metadata,
    )
    return Batches(schema, lambda: (_renewed(batch, schema) for batch in export))


def _renewed(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(batch.columns, schema=schema)


def _declared(fields: tuple[Field, ...], *, labelled: bool) -> dict[str, Column]:
    """Columns by name; text fields without a validation are left to inference."""
    known: dict[str, Column] = {}
    for place, field in enumerate(fields):
        is_open = field.type in ("text", "calc", "sql") and not (field.validation or field.choices or field.identifier)
        if place and is_open:
            continue
        for column in columns_of(field, is_first=place == 0, labelled=labelled):
            known[column.name] = column
    for form in dict.fromkeys(field.form for field in fields):
        levels = ("Incomplete", "Unverified", "Complete") if labelled else ("0", "1", "2")
        reason = "REDCap's state of the form: 0 = incomplete, 1 = unverified, 2 = complete."
        known[f"{form}_complete"] = Column(f"{form}_complete", Kind.ORDINAL, levels=levels, reasons=(reason,))
    for name, (kind, roles, reason) in _OF_REDCAP.items():
        known[name] = Column(name, kind, frozenset(roles), reasons=(reason,))
    return known


def _is_labelled(export: Batches, fields: tuple[Field, ...]) -> bool:
    """Whether the export holds labels: told by the first cells of choice fields."""
    first = next(iter(export), None)
    if first is None:
        return False
    codes = labels = 0
    for field in fields:
        if field.name in export.schema.names and field.type in ("radio", "dropdown") and field.options:
            cells = {re.sub(r"\s+", " ", cell) for cell in first.column(field.name).unique().to_pylist()} - {""}
            codes += len(cells & {code for code, _ in field.options})
            labels += len(cells & {label for _, label in field.options})
    return labels > codes
