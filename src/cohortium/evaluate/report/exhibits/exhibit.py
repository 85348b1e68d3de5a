"""What a figure of the report consists of, before it is a page or a print."""

from __future__ import annotations

from dataclasses import dataclass

from cohortium.evaluate.report import charts


@dataclass(frozen=True, slots=True)
class Cell:
    """Text of one cell, and a small drawing beside it where there is one."""

    text: str
    drawing: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A small table: its first column names the rows, the others hold numbers."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A figure: its drawings, side by side in at most ``across`` columns; its caption; its table.

    key : what its marks stand for, each as a small drawing and a word.
    """

    title: str
    caption: str
    drawings: tuple[str, ...] = ()
    across: int = 1
    key: tuple[tuple[str, str], ...] = ()
    sheet: Sheet | None = None


def key_of(*items: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    """A key from the classes of marks and what they stand for."""
    return tuple((charts.sample(kind), text) for kind, text in items)
