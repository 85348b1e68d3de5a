"""How a notebook shows an answer: plain HTML tables, whatever the theme."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

MOST_ROWS = 60


def result_html(title: str, persons: int, tables: Mapping[str, dict[str, list[Any]]], facts: Mapping[str, Any]) -> str:
    """The title, the tables' first rows, single numbers, and notes."""
    parts = [f"<h4>{html.escape(title)}; {persons:,} persons</h4>"]
    singles = {name: value for name, value in facts.items() if isinstance(value, (int, float, str)) and value != ""}
    if singles:
        parts.append(
            "<p>" + ", ".join(f"{_text(name)} <b>{_text(value)}</b>" for name, value in singles.items()) + "</p>"
        )
    parts += [_table(name, table) for name, table in tables.items()]
    parts += [f"<p><i>{html.escape(str(note))}</i></p>" for note in facts.get("notes", [])]
    return "".join(parts)


def _table(name: str, table: dict[str, list[Any]]) -> str:
    rows = list(zip(*table.values(), strict=True))
    head = "".join(f"<th>{_text(column)}</th>" for column in table)
    body = "".join("<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>" for row in rows[:MOST_ROWS])
    more = f"<p>{len(rows) - MOST_ROWS:,} more rows.</p>" if len(rows) > MOST_ROWS else ""
    return f"<table><caption>{_text(name)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    return html.escape(str(value).replace("_", " ") if isinstance(value, str) else str(value))
