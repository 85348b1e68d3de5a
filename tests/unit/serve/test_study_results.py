"""Results on the terminal and on the page."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console
from tests.pages import Page
from tests.unit.serve.conftest import OFFERED

from cohortium.records import Result
from cohortium.serve.study_page import study_page
from cohortium.serve.study_results import print_results


def _result(rows: int) -> Result:
    table: dict[str, list[Any]] = {"term": [f"sex[female]{n}" for n in range(rows)], "n": list(range(rows))}
    return Result("Terms", 400, {"terms": table, "absent": {"term": [], "n": []}}, {})


def _printed(result: Result) -> str:
    console = Console(file=io.StringIO(), width=100)
    print_results(console, {"who": result})
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def _page(result: Result) -> str:
    return study_page(OFFERED, {"who": result}, {})


def test_a_level_in_brackets_is_shown_as_it_is() -> None:
    assert "sex[female]0" in _printed(_result(3))
    assert "sex[female]0" in _page(_result(3)) and "\\[" not in _page(_result(3))


def test_rows_that_are_not_printed_are_counted() -> None:
    assert "160 more rows in the files" in _printed(_result(180))
    assert "more rows" not in _printed(_result(20))


def test_a_table_without_rows_is_not_shown() -> None:
    assert "absent" not in _printed(_result(3))
    assert "Absent" not in _page(_result(3))


def test_a_long_table_is_folded_on_the_page() -> None:
    assert Page(_page(_result(31))).text("summary") == "31 rows"
    assert not Page(_page(_result(30))).named("details")
