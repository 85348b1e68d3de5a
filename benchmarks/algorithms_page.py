"""Puts what every algorithm declares of itself into ``docs/algorithms.md``, so that no line there is typed by hand.

``python -m benchmarks.algorithms_page`` after an algorithm was added or changed.
"""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from cohortium.federate.offered import offered

PAGE = Path(__file__).parent.parent / "docs" / "algorithms.md"
FAMILIES = {
    "statistics": "Statistics",
    "counts": "Counting",
    "survival": "Survival",
    "models": "Models",
    "trees": "Trees",
    "learning": "Neural networks",
    "synthesis": "Synthetic twins",
}
HEAD = "| algorithm | what it is | settings | what leaves a hospital | source |\n|---|---|---|---|---|"
TABLES = re.compile(r"## Statistics\n.*?(?=## Trust modes)", re.DOTALL)


def tables() -> str:
    """Every family's table under its title."""
    parts = []
    for family, title in FAMILIES.items():
        rows = [row for name, row in sorted(rows_of(family).items())]
        if rows:
            parts.append(f"## {title}\n\n{HEAD}\n" + "\n".join(rows) + "\n\n")
    return "".join(parts)


def rows_of(family: str) -> dict[str, str]:
    """Name -> line of the table, for the algorithms of a family."""
    found = {}
    for entry in offered():
        if entry.facts["family"] == family:
            settings = ", ".join(one.name for one in fields(entry.thing))
            cells = (
                f"`{entry.name}`",
                entry.facts["title"],
                settings,
                entry.facts["leaves_site"],
                entry.facts["source"],
            )
            found[entry.name] = "| " + " | ".join(cells) + " |"
    return found


def main() -> None:
    """Rewrite the tables of the page."""
    made, number = TABLES.subn(lambda _: tables(), PAGE.read_text("utf-8"))
    if number != 1:
        raise SystemExit(f"{PAGE} lacks '## Statistics' or '## Trust modes'.")
    PAGE.write_text(made, "utf-8")


if __name__ == "__main__":
    main()
