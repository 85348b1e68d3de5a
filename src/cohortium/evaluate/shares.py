"""Scores that are a share of something counted, and details that list columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from cohortium.errors import TooFewRecords
from cohortium.numerics.intervals import wilson
from cohortium.records import Score


def share(good: int, of: int, rows: int, what: str, detail: dict[str, Any] | None = None) -> Score:
    """``good`` out of ``of`` with Wilson's interval.

    rows   : records behind it.
    what   : what was counted, for the message where there is none.
    Raises : TooFewRecords where nothing could be counted.
    """
    if not of:
        raise TooFewRecords(f"There are no {what} to judge: the synthetic table has none that are known.")
    found = wilson(good, of)
    return Score(found.value, found.low, found.high, n=rows, detail=detail or {})


def by_column(values: Mapping[str, float], worst: Literal["lowest", "highest"] = "lowest") -> dict[str, Any]:
    """Per-column values as a detail, the worst columns first."""
    order = sorted(values, key=lambda name: values[name], reverse=worst == "highest")
    return {"columns": {name: round(float(values[name]), 6) for name in order}}
