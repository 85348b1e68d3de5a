"""Text files of cells: CSV, TSV and their kin, plain or compressed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pyarrow as pa
from pyarrow import csv

from cohortium import registry
from cohortium.errors import SourceUnreadable
from cohortium.sources.address import Address, Options
from cohortium.sources.annotations import annotated
from cohortium.sources.batches import Batches
from cohortium.sources.dialect import Dialect, found_dialect
from cohortium.sources.text_encoding import Encoding, found_encoding, opened, readable_bytes

# Bytes read at a time; the longest row must fit in, and Arrow holds some forty blocks at once.
_BLOCK = 1 << 21


@registry.source("csv", suffixes=(".csv", ".tsv", ".txt", ".tab", ".maf"))
def open_delimited(address: Address, options: Options) -> Batches:
    """CSV, TSV and TXT, also compressed; every cell stays the text that the file holds.

    Encoding and separator are found from the file; rows with too many or too few cells are refused by line number.
    """
    encoding = Encoding(options.encoding) if options.encoding else found_encoding(address)
    dialect = found_dialect(address, encoding.name, options.delimiter)
    shared = () if encoding.note is None else (encoding.note,)
    fields = [
        annotated(pa.field(name, pa.string()), (*notes, *shared))
        for name, notes in zip(dialect.names, dialect.notes, strict=True)
    ]
    schema = pa.schema(fields, metadata={b"cohortium.delimiter": dialect.delimiter.encode()})
    return Batches(schema, partial(_rows, address, encoding.name, dialect, schema))


def _rows(address: Address, encoding: str, dialect: Dialect, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    if not dialect.has_rows:
        return
    ragged = _Ragged()
    with opened(address) as stream:
        try:
            reader = csv.open_csv(
                readable_bytes(stream, encoding),
                read_options=csv.ReadOptions(
                    use_threads=False, block_size=_BLOCK, column_names=list(dialect.names), skip_rows=dialect.skip
                ),
                parse_options=csv.ParseOptions(
                    delimiter=dialect.delimiter,
                    newlines_in_values=True,
                    invalid_row_handler=ragged,
                    # A blank line is a row with one empty cell only where there is one column.
                    ignore_empty_lines=len(dialect.names) > 1,
                ),
                convert_options=csv.ConvertOptions(
                    column_types=dict.fromkeys(dialect.names, pa.string()), strings_can_be_null=False
                ),
            )
            for batch in reader:
                ragged.refuse(address, dialect)
                yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)
        except pa.ArrowInvalid as error:
            if "Empty CSV file" in str(error):
                return
            raise SourceUnreadable(_explained(address, str(error))) from None
        except (OSError, UnicodeDecodeError) as error:
            raise SourceUnreadable(
                f"{address} broke off while it was read ({type(error).__name__}). It was cut short or changed: copy it "
                "again."
            ) from None
    ragged.refuse(address, dialect)


def _explained(address: Address, message: str) -> str:
    """Arrow's reason without the cells that it quotes."""
    if "straddling" in message:
        return f"{address} has a row of more than {_BLOCK >> 20} MB, or a quotation mark that is never closed."
    if "invalid UTF8" in message:
        return f"{address} is not in the encoding that was named. Leave the encoding out, so that it is found."
    return f"{address} is not a regular text table. Open it in an editor and look at its quotation marks."


class _Ragged:
    """Collects rows that have not as many cells as there are names."""

    def __init__(self) -> None:
        self.count = 0
        self.first: list[tuple[int, int]] = []

    def __call__(self, row: csv.InvalidRow) -> str:
        self.count += 1
        if len(self.first) < 10:
            self.first.append((row.number, row.actual_columns))
        return "skip"

    def refuse(self, address: Address, dialect: Dialect) -> None:
        if not self.count:
            return
        shown = ", ".join(f"line {line} has {cells}" for line, cells in self.first)
        more = f" and {self.count - len(self.first)} more" if self.count > len(self.first) else ""
        raise SourceUnreadable(
            f"{address} names {len(dialect.names)} columns, but {shown}{more} (a cell with line breaks counts as one "
            f"line; the separator was taken to be {dialect.delimiter!r}). Correct these lines, or name the separator."
        )
