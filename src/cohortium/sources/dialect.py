"""How a text file lays out its cells: the separator and the names in its first line."""

from __future__ import annotations

import csv
import io
import itertools
from dataclasses import dataclass

from cohortium.errors import SourceUnreadable
from cohortium.sources.address import Address
from cohortium.sources.annotations import unique_names
from cohortium.sources.text_encoding import opened, readable_bytes

DELIMITERS = (",", ";", "\t", "|")
_HEAD = 1 << 22
_LINES = 200
# A cell may hold a whole clinical note; the csv module stops at 128 kB otherwise.
csv.field_size_limit(1 << 26)


@dataclass(frozen=True, slots=True)
class Dialect:
    """Layout of a text file.

    delimiter : between cells.
    names     : of the columns, made unique.
    notes     : per column, what was changed about its name.
    skip      : lines up to and including the header; blank lines may stand before it, and a name may break its line.
    has_rows  : False where nothing follows the header.
    """

    delimiter: str
    names: tuple[str, ...]
    notes: tuple[tuple[str, ...], ...]
    skip: int
    has_rows: bool


def found_dialect(address: Address, encoding: str, delimiter: str | None) -> Dialect:
    """The layout of the file, from its first lines.

    Raises : SourceUnreadable where there is no line with names.
    """
    head = _head(address, encoding)
    chosen = delimiter or _best_delimiter(head)
    lines = _records(head, chosen)
    if not lines:
        raise SourceUnreadable(f"{address} has no line with column names. Export it with a header line.")
    names, first = lines[0], lines[1:]
    if first and len(names) > 1 and all(len(line) == len(names) + 1 for line in first):
        # A separator may end every row; and R's write.table leaves the name of the row names out.
        names = [*names, ""] if all(line[-1] == "" for line in first) else ["rownames", *names]
    unique = unique_names(names)
    doubtful = _without_header_note(lines[0])
    return Dialect(
        delimiter=chosen,
        names=tuple(name for name, _ in unique),
        notes=tuple((*notes, *doubtful) for _, notes in unique),
        skip=_header_lines(head, chosen),
        has_rows=len(lines) > 1 or _has_more(head, chosen),
    )


def _head(address: Address, encoding: str) -> str:
    with opened(address) as stream:
        taken = readable_bytes(stream, encoding).read(_HEAD)
    return taken.decode("utf-8-sig", errors="ignore")


def _records(head: str, delimiter: str) -> list[list[str]]:
    """The first records; the last one is left out where the head may have cut it."""
    found = [
        record
        for record in itertools.islice(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter), _LINES + 1)
        if record
    ]
    return found[:-1] if len(head) >= _HEAD // 4 and len(found) > 1 else found


def _header_lines(head: str, delimiter: str) -> int:
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
    next(record for record in reader if record)
    return int(reader.line_num)


def _has_more(head: str, delimiter: str) -> bool:
    """Whether anything follows the header, if only blank lines (cells of a single column)."""
    return len(head.splitlines()) > _header_lines(head, delimiter)


def _best_delimiter(head: str) -> str:
    """The separator that gives every record the same number of cells, and the most of them."""
    scores = []
    for delimiter in DELIMITERS:
        widths = [len(record) for record in _records(head, delimiter)]
        if widths and widths[0] > 1:
            steady = sum(abs(width - widths[0]) <= (1 if width > widths[0] else 0) for width in widths) / len(widths)
            scores.append((steady > 0.9, widths[0] if steady > 0.9 else steady, delimiter))
    return max(scores)[2] if scores else ","


def _without_header_note(names: list[str]) -> tuple[str, ...]:
    numbers = sum(name.strip().replace(".", "", 1).lstrip("+-").isdigit() for name in names)
    if len(names) > 1 and numbers > len(names) / 2:
        return ("Unsure: most column names are numbers. If the file has no header line, add one.",)
    return ()
