"""What a page of the web is made of: sections with words, facts, drawings, tables and forms."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table. link : within this site; badge : sign of an outcome beside the text."""

    text: str
    link: str = ""
    badge: str = ""
    number: bool = False


@dataclass(frozen=True, slots=True)
class Rows:
    """A table; ``empty`` says what to do where it has no row."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell | str, ...], ...]
    empty: str = "Nothing yet."


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a form asks for.

    kind    : "text", "password", "area", "choice", "many" (several of the options), "date", "hidden".
    options : value and label of each.
    """

    name: str
    label: str
    kind: str = "text"
    value: str = ""
    options: tuple[tuple[str, str], ...] = ()
    help: str = ""
    required: bool = True
    autocomplete: str = "off"


@dataclass(frozen=True, slots=True)
class Form:
    """A form that is sent to this site; the token against forged ones is added by the page."""

    action: str
    button: str
    fields: tuple[Field, ...] = ()
    grave: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page."""

    title: str
    intro: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    words: tuple[str, ...] = ()
    drawing: str = ""
    table: Rows | None = None
    forms: tuple[Form, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A page: where one is, and its sections. again_s : seconds after which it is fetched again; never where 0."""

    title: str
    overline: str
    sections: tuple[Section, ...]
    said: str = ""
    wrong: str = ""
    again_s: int = 0
