"""A structured record of patients, whose values must not come out of their images: names, addresses, relatives."""

from __future__ import annotations

import csv
from pathlib import Path

from cohortium.errors import InvalidRequest, SourceUnreadable


def record_words(path: Path) -> dict[str, list[str]]:
    """Patient's number -> values, of a CSV file whose first column has the numbers that the images have.

    Raises : SourceUnreadable, InvalidRequest where it has no second column.
    """
    words: dict[str, list[str]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.reader(stream)
            header = next(rows, [])
            for row in rows:
                words.setdefault(row[0].strip(), []).extend(value.strip() for value in row if value.strip())
    except (OSError, UnicodeDecodeError, csv.Error, IndexError) as error:
        raise SourceUnreadable(f"The record {path} cannot be read as CSV in UTF-8: {type(error).__name__}.") from error
    if len(header) < 2:
        raise InvalidRequest("The record needs a first column with patients' numbers, and others with what names them.")
    return words
