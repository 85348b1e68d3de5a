"""Typed access to the keys of a TOML table, with messages that say where to look and what to write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from cohortium.errors import InvalidRequest
from cohortium.records import Kind

_EPOCH = datetime(1970, 1, 1)


def is_number(value: Any) -> bool:
    """A TOML integer or float; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_texts(value: Any) -> bool:
    """A TOML array of strings."""
    return isinstance(value, list) and all(isinstance(part, str) for part in value)


@dataclass(frozen=True, slots=True)
class Keys:
    """One TOML table.

    path, where : the file and the place in it, for messages.
    known       : keys that may stand there.
    """

    path: Path
    where: str
    table: dict[str, Any]
    known: set[str]

    def refuse_unknown(self) -> None:
        """Raise InvalidRequest where a key is not known."""
        unknown = sorted(set(self.table) - self.known)
        if unknown:
            raise InvalidRequest(
                f"{self.path}: {self.where} has unknown keys {unknown}; known are {sorted(self.known)}. Correct or "
                "remove them."
            )

    def get(self, key: str, expected: str, suits: Callable[[Any], bool]) -> Any:
        """The value under ``key`` or None; it must suit."""
        value = self.table.get(key)
        if value is not None and not suits(value):
            raise InvalidRequest(f"{self.path}: {self.where}: '{key}' must be {expected}. Correct it.")
        return value

    def text(self, key: str) -> str | None:
        """The text under ``key``, or None."""
        found: str | None = self.get(key, "a text in quotation marks", lambda value: isinstance(value, str))
        return found

    def needed(self, key: str) -> str:
        """The text under ``key``, which must be there."""
        found = self.text(key)
        if found is None:
            raise InvalidRequest(f"{self.path}: {self.where} needs '{key}', a text in quotation marks. Add it.")
        return found

    def texts(self, key: str) -> tuple[str, ...] | None:
        """The list of texts under ``key``, or None."""
        found = self.get(key, "a list of texts, each in quotation marks", is_texts)
        return None if found is None else tuple(found)

    def needed_texts(self, key: str) -> tuple[str, ...]:
        """The list of texts under ``key``, which must be there."""
        found = self.texts(key)
        if not found:
            raise InvalidRequest(f"{self.path}: {self.where} needs '{key}', a list of texts. Add it.")
        return found

    def choice(self, key: str, text: str, choices: tuple[str, ...]) -> str:
        """``text``, which must be one of ``choices``."""
        if text not in choices:
            raise InvalidRequest(
                f"{self.path}: {self.where}: '{key}' must be one of {', '.join(choices)}; '{text}' is none of them."
            )
        return text

    def limit(self, key: str, kind: Kind) -> float | None:
        """A limit as a float; dates in days and datetimes in seconds since 1970-01-01."""
        value = self.get(key, "a number or a date", lambda found: is_number(found) or isinstance(found, date))
        if isinstance(value, date):
            if kind not in (Kind.DATE, Kind.DATETIME):
                raise InvalidRequest(f"{self.path}: {self.where}: '{key}' is a date, but the kind is {kind}.")
            moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
            seconds = (moment.replace(tzinfo=None) - _EPOCH).total_seconds()
            return seconds / 86_400 if kind is Kind.DATE else seconds
        return None if value is None else float(value)
