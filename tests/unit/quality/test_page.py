"""The page is one file, escapes what comes from the table, and shows no single patient's value."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.pages import Page

from cohortium.quality import html, profile, run_checks
from cohortium.records import Table

TODAY = date(2026, 11, 23)
PERSON = {"roles": ["person_key"]}


def _page(table: Table, title: str = "a table") -> str:
    return html(profile(table), run_checks(table, today=TODAY), title)


def _tags(text: str) -> list[tuple[str, dict[str, str | None]]]:
    page = Page(text)
    assert not page.open
    return page.tags


@pytest.fixture
def planted(make: Callable[..., Any]) -> Table:
    """300 persons, each column with one value that nobody else has, and that the page therefore must not show."""
    rng = np.random.default_rng(2)
    n = 300

    def last(values: list[Any], odd: Any) -> list[Any]:
        return [*values[:-1], odd]

    return make(
        {
            "pid": ("identifier", last([f"p{row}" for row in range(n)], "XPLANTEDKEY"), PERSON),
            "lab": ("continuous", last(rng.normal(5, 1, n).tolist(), 987654.321)),
            "age": ("integer", last(rng.integers(20, 80, n).tolist(), 777)),
            "town": ("categorical", last(["Basel", "Bern"] * (n // 2), "XPLANTEDTOWN"), {"levels": ("Basel", "Bern")}),
            "note": ("text", last(["slept well"] * n, "XPLANTEDNOTE")),
            "seen": ("date", last([date(2020, 1, 1 + row % 28) for row in range(n)], date(2187, 6, 5))),
            "site": ("categorical", last(["North", "South"] * (n // 2), "XPLANTEDSITE"), {"roles": ["site"]}),
        }
    )


def test_no_single_patients_value_is_shown(planted: Table) -> None:
    page = _page(planted)
    for value in ("XPLANTED", "987654", "987,654", "777", "2187", "p17<"):
        assert value not in page, value
    assert "Basel" in page and "age" in page


def test_column_names_and_levels_are_escaped(make: Callable[..., Any]) -> None:
    nasty = "<script>alert(1)</script>\"'&"
    table = make(
        {nasty: ("categorical", ["<b>x</b>", "y"] * 50), "site": ("categorical", ["a<i>", "b"] * 50)}, title=nasty
    )
    page = _page(table, nasty)
    assert "<script>alert" not in page
    assert "<b>x" not in page and "<i>" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert sum(tag == "script" for tag, _ in _tags(page)) == 1


def test_one_file_that_asks_nothing_of_any_network(planted: Table) -> None:
    page = _page(planted)
    tags = _tags(page)
    assert not {tag for tag, _ in tags} & {"link", "img", "iframe", "object", "embed"}
    assert not [facts for _, facts in tags if "src" in facts or (facts.get("href") or "#")[0] != "#"]
    assert not re.search(r"https?://|url\(|@import", page)
    policy = next(facts["content"] for tag, facts in tags if facts.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None and policy.startswith("default-src 'none'") and "unsafe" not in policy


def test_all_links_within_the_page_lead_somewhere(planted: Table) -> None:
    tags = _tags(_page(planted))
    places = {facts["id"] for _, facts in tags if "id" in facts}
    targets = {(facts.get("href") or "#")[1:] for _, facts in tags if "href" in facts}
    assert targets <= places
    assert len(places) == sum("id" in facts for _, facts in tags)


def test_the_summary_names_what_is_worst_first(make: Callable[..., Any]) -> None:
    table = make(
        {
            "pid": ("identifier", [f"p{row}" for row in range(100)], PERSON),
            "ca": ("integer", [None if row < 60 else row for row in range(100)]),
            "x": ("integer", [5] * 100),
        }
    )
    page = _page(table)
    first = page[page.index('<ol class="first">') : page.index("</ol>", page.index('<ol class="first">'))]
    assert "1 check failed" in page
    assert first.index("Rows without a value") < first.index("Every value is the same")
    assert "ca (60 %)" in first


def test_the_same_table_gives_the_same_page(planted: Table) -> None:
    assert _page(planted) == _page(planted)


EDGES: dict[str, dict[str, Any]] = {
    "empty": {
        "pid": ("identifier", pa.array([], pa.string()), PERSON),
        "x": ("continuous", pa.array([], pa.float64())),
        "level": ("categorical", pa.array([], pa.string()), {"levels": ("a", "b")}),
        "site": ("categorical", pa.array([], pa.string()), {"roles": ["site"]}),
        "seen": ("date", pa.array([], pa.date32())),
        "time": ("continuous", pa.array([], pa.float64()), {"roles": ["time"]}),
        "event": ("boolean", pa.array([], pa.bool_()), {"roles": ["event"]}),
        "note": ("text", pa.array([], pa.string())),
    },
    "one row": {
        "pid": ("identifier", ["p0"], PERSON), "x": ("continuous", [1.0]), "level": ("categorical", ["a"]),
        "site": ("categorical", ["North"], {"roles": ["site"]}), "birth_date": ("date", [date(1950, 1, 1)]),
        "seen": ("datetime", pa.array([1], pa.timestamp("us"))), "event": ("boolean", [True], {"roles": ["event"]}),
    },
    "all missing": {
        "pid": ("identifier", pa.array([None] * 50, pa.string()), PERSON),
        "x": ("continuous", pa.array([None] * 50, pa.float64())),
        "n": ("integer", pa.array([None] * 50, pa.int64())),
        "level": ("categorical", pa.array([None] * 50, pa.string())),
        "site": ("categorical", pa.array([None] * 50, pa.string()), {"roles": ["site"]}),
        "event": ("boolean", pa.array([None] * 50, pa.bool_()), {"roles": ["event"]}),
        "seen": ("date", pa.array([None] * 50, pa.date32())),
        "note": ("text", pa.array([None] * 50, pa.string())),
    },
    "a thousand levels": {
        "code": ("categorical", [f"code {row % 1000}" for row in range(3000)]),
        "site": ("categorical", [f"site {row % 300}" for row in range(3000)], {"roles": ["site"]}),
        "died": ("boolean", [row % 3 == 0 for row in range(3000)], {"roles": ["outcome"]}),
    },
    "huge and infinite numbers": {
        "x": ("continuous", [1e300, -1e300, float("inf"), float("-inf"), float("nan"), 0.0] * 40),
        "y": ("continuous", [5e-324, 1e-310] * 120),
    },
    "no columns of use": {"note": ("text", ["", " ", "\x00"] * 20)},
}  # fmt: skip


@pytest.mark.parametrize("name", EDGES)
def test_odd_tables_have_a_page(name: str, make: Callable[..., Any]) -> None:
    page = _page(make(EDGES[name]))
    _tags(page)
    assert ">nan" not in page.lower() and "inf<" not in page.lower()


def test_an_all_missing_column_fails_once(make: Callable[..., Any]) -> None:
    table = make(EDGES["all missing"])
    lines = [line for line in run_checks(table, today=TODAY) if line.subject == "x" and line.needs_attention]
    assert [line.check for line in lines] == ["empty_column"]


def test_very_wide_tables_are_cut_and_it_is_said(make: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    page = _page(make({f"gene{place}": ("continuous", rng.normal(size=50)) for place in range(320)}))
    assert "first 300 of 320" in page and "first 100 of 320" in page
    assert page.count('class="picture"') == 300
    assert page.count('scope="row"') > 320
