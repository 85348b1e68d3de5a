"""What inference knows about the whole file while it looks at one column."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Context:
    """Evidence shared by the columns of one file.

    delimiter : cell separator of a text file; empty where the source has none.
    day_first : whether dates of the file put the day before the month, once a column has proved it.
    comma     : whether numbers of the file have a decimal comma, once a column has proved it.
    """

    delimiter: str = ""
    day_first: bool | None = None
    comma: bool | None = None
