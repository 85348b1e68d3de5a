"""The identity card: what the evidence's facts say, in words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_LABELS = {
    "rows_real": "Real rows learned from",
    "persons_real": "Real persons learned from",
    "rows_holdout": "Real rows held out",
    "persons_holdout": "Real persons held out",
    "rows_synthetic": "Synthetic rows",
    "columns": "Columns",
    "repetitions": "Repetitions of what varies",
    "synthetic_tables": "Synthetic tables judged",
    "target": "Column to predict",
    "analysis": "Analysis to repeat",
    "digests": "Digests (SHA-256)",
}
_COUNTED = ("row", "person", "patient", "record", "column", "bytes")
_TIMED = ("time", "date", "made", "created")


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the identity card; ``lines`` where it has several, ``is_code`` where it is a digest."""

    label: str
    text: str
    lines: tuple[tuple[str, str], ...] = ()
    is_code: bool = False


def identity(facts: dict[str, Any]) -> tuple[Fact, ...]:
    """Every fact, in the order in which it was stated."""
    return tuple(_fact(key, value) for key, value in facts.items())


def made_at(facts: dict[str, Any]) -> datetime | None:
    """The moment of the release, where a fact states one."""
    said = (_moment(key, value) for key, value in facts.items() if isinstance(value, str))
    return next((moment for moment in said if moment is not None), None)


def _fact(key: str, value: Any) -> Fact:
    plain = key.replace("_", " ")
    label = _LABELS.get(key, plain[:1].upper() + plain[1:])
    if isinstance(value, dict):
        return Fact(label, "", tuple((str(name), _said(str(name), part)) for name, part in value.items()))
    text = _said(key, value)
    return Fact(label, text, is_code=re.fullmatch(r"(sha\d+:)?[0-9a-f]{16,}", text) is not None)


def _said(key: str, value: Any) -> str:
    if value is None:
        return "not stated"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(_said(key, part) for part in value)
    if isinstance(value, int):
        return f"{value:,}" if any(word in key.lower() for word in _COUNTED) else str(value)
    if isinstance(value, float):
        return f"{value:.6g}"
    moment = _moment(key, value) if isinstance(value, str) else None
    if moment is None:
        return str(value)
    zone = f"{moment:%z}"
    return f"{moment:%Y-%m-%d, %H:%M}" + (f" UTC{zone[:3]}:{zone[3:5]}" if zone else "")


def _moment(key: str, text: str) -> datetime | None:
    """The moment that a fact states, where its name speaks of a time and its text is one."""
    if not any(word in key.lower() for word in _TIMED):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
