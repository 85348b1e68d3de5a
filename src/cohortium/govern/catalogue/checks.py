"""What the parts of an entry may look like; each check yields what is wrong, in words, without repeating the value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from cohortium.errors import InvalidRequest

MOST_ITEMS = 2_000
_CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_IN_LINES, _IN_A_LINE = re.compile(f"[{_CONTROLS}]"), re.compile(f"[\t\n{_CONTROLS}]")
"""What is never shown as itself: controls, marks that turn the direction of writing, and halves of characters."""
_IRI = re.compile(r"(?:https?://[^\s/]|urn:[A-Za-z0-9][A-Za-z0-9-]{1,31}:)[^\s<>\"{}|\\^`]*")
_EMAIL = re.compile(r"[^\s@<>\",;:\\]{1,64}@[^\s@<>\",;:\\/]{1,190}")


def refuse(what: str, *problems: Iterable[str]) -> None:
    """Raises InvalidRequest with all problems at once, if there are any."""
    found = [problem for one in problems for problem in one]
    if found:
        raise InvalidRequest(f"{what}: {'; '.join(found)}.")


def text(name: str, value: str, most: int, *, needed: bool = False, lines: bool = False) -> Iterator[str]:
    """A text of at most ``most`` characters that shows itself as it is: no control characters, no reversed writing.

    lines : whether it may have several lines.
    """
    if needed and not value:
        yield f"{name} is missing"
    if len(value) > most:
        yield f"{name} has {len(value):,} characters; {most:,} are the most"
    if value != value.strip():
        yield f"{name} begins or ends with a space"
    if (_IN_LINES if lines else _IN_A_LINE).search(value):
        yield f"{name} has control characters{'' if lines else ' or several lines'}"


def iri(name: str, value: str, *, needed: bool = False) -> Iterator[str]:
    """A web address or URN."""
    if needed and not value:
        yield f"{name} is missing"
    elif value and (len(value) > 500 or not _IRI.fullmatch(value) or any(text(name, value, 500))):
        yield f"{name} must be an address such as https://… or urn:…, of at most 500 characters"


def web(name: str, value: str) -> Iterator[str]:
    """A web address, which a page may link to."""
    yield from iri(name, value)
    if value and not value.startswith(("https://", "http://")):
        yield f"{name} must begin with https:// or http://"


def email(name: str, value: str) -> Iterator[str]:
    """An address of e-mail."""
    if value and (any(text(name, value, 254)) or not _EMAIL.fullmatch(value)):
        yield f"{name} is not an address of e-mail"


def known(name: str, value: str, of: Iterable[str], what: str) -> Iterator[str]:
    """One of a list, or empty."""
    if value and value not in of:
        yield f"{name} must be {what}"


def count(name: str, value: int | None, most: int = 10**15) -> Iterator[str]:
    """A whole number from 0."""
    if value is not None and not 0 <= value <= most:
        yield f"{name} must lie between 0 and {most:,}"


def several(name: str, values: tuple[object, ...], most: int = MOST_ITEMS) -> Iterator[str]:
    """Not too many."""
    if len(values) > most:
        yield f"{name} are {len(values):,}; {most:,} are the most"
