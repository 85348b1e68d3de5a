"""Small tables by hand, and what one check says of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from cohortium.quality import CheckResult, run_checks
from cohortium.records import Column, Kind, Role, Schema, Table

TODAY = date(2026, 11, 23)
Given = dict[str, tuple[Any, ...]]


@pytest.fixture
def make() -> Callable[..., Table]:
    """``make({"age": (Kind.INTEGER, [40, 50], {"unit": "years"})}, rules...)``: kind, values and facts per column."""

    def build(columns: Given, *rules: Any, title: str = "") -> Table:
        described, arrays = [], {}
        for name, (kind, values, *rest) in columns.items():
            facts = dict(rest[0]) if rest else {}
            facts["roles"] = frozenset(Role(role) for role in facts.pop("roles", ()))
            described.append(Column(name, Kind(kind), **facts))
            given = values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(list(values))
            arrays[name] = given.cast(pa.string()) if pa.types.is_null(given.type) else given
        return Table(pa.table(arrays), Schema(tuple(described), tuple(rules), title))

    return build


@pytest.fixture
def ask() -> Callable[..., CheckResult]:
    """``ask("outliers", table, "age")``: the one line of a check on a column, a rule or (without one) the table."""

    def found(check: str, table: Table, subject: str = "", today: date | None = TODAY) -> CheckResult:
        lines = [line for line in run_checks(table, today=today) if line.check == check and line.subject == subject]
        assert len(lines) == 1, f"{len(lines)} lines of {check} on '{subject}'"
        return lines[0]

    return found
