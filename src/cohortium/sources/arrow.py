"""Arrow files: the IPC file format, Feather version 2, and IPC streams."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from cohortium import registry
from cohortium.errors import SourceUnreadable
from cohortium.sources.address import Address, Options
from cohortium.sources.batches import Batches
from cohortium.sources.stored_types import plain_batch, readable_schema


@registry.source("arrow", suffixes=(".arrow", ".feather", ".ipc", ".arrows"))
def open_arrow(address: Address, options: Options) -> Batches:
    """Arrow IPC files and streams, and Feather version 2."""
    path = address.file
    try:
        with pa.OSFile(str(path)) as file:
            is_file = file.read(6) == b"ARROW1"
            file.seek(0)
            stored = (pa.ipc.open_file(file) if is_file else pa.ipc.open_stream(file)).schema
    except (pa.ArrowInvalid, OSError) as error:
        raise SourceUnreadable(_explained(address)) from error
    schema = readable_schema(stored, address)

    def rows() -> Iterator[pa.RecordBatch]:
        try:
            with pa.OSFile(str(path)) as file:
                if is_file:
                    reader = pa.ipc.open_file(file)
                    batches = (reader.get_batch(place) for place in range(reader.num_record_batches))
                else:
                    batches = iter(pa.ipc.open_stream(file))
                for batch in batches:
                    yield plain_batch(batch, schema)
        except (pa.ArrowInvalid, OSError) as error:
            raise SourceUnreadable(_explained(address)) from error

    return Batches(schema, rows)


def _explained(address: Address) -> str:
    return f"{address} is not a whole Arrow file. It was cut short or is something else: copy or export it again."
