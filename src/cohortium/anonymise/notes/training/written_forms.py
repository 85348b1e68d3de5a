"""In which forms each language writes dates, numbers, streets, hospitals and titles."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True, slots=True)
class Forms:
    """Patterns of one language; what their signs stand for is said at the top of ``forms/<code>.toml``.

    before_surname : what stands before some surnames ("van ", "O'").
    double         : share of surnames that are double.
    """

    dates: tuple[str, ...]
    month_years: tuple[str, ...]
    day_months: tuple[str, ...]
    phones: tuple[str, ...]
    postcodes: tuple[str, ...]
    streets: tuple[str, ...]
    hospitals: tuple[str, ...]
    institutions: tuple[str, ...]
    centres: tuple[str, ...]
    insurance: tuple[str, ...]
    licences: tuple[str, ...]
    titles: tuple[str, ...]
    staff_titles: tuple[str, ...]
    ages: tuple[str, ...]
    before_surname: tuple[str, ...]
    double: float
    records: tuple[str, ...]
    serials: tuple[str, ...]


@cache
def forms(code: str) -> Forms:
    """The forms of a language."""
    text = resources.files("cohortium.anonymise.notes.training").joinpath(f"forms/{code}.toml").read_text("utf-8")
    plain = tomllib.loads(text)
    read: dict[str, Any] = {one.name: plain[one.name] for one in fields(Forms)}
    lists: dict[str, Any] = {name: tuple(value) for name, value in read.items() if isinstance(value, list)}
    return Forms(**{**read, **lists})
