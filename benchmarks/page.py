"""Puts the measured tables into ``docs/methods.md``, between its markers, so that no number there is typed by hand.

``python -m benchmarks.page`` after any measurement. A marker is ``<!-- table NAME -->``, its end ``<!-- end -->``.
"""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks import frontier, scale, tables, targets
from benchmarks.datasets import DATASETS
from benchmarks.own import OWN
from benchmarks.peers import PEERS
from benchmarks.results import kept, medians

PAGE = Path(__file__).parent.parent / "docs" / "methods.md"
MARKER = re.compile(r"(<!-- table ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def ratios(dataset: str, own: str) -> str:
    """One of our methods beside every peer on a data set: how many times the cost, how much farther from real."""
    mine = medians(kept(dataset, own))
    lines = [
        f"| peer, against {own} | fit time | a million rows | C2ST - 0.5 | MIA - 0.5 (ours) | TSTR gap less ours |",
        "|---|---|---|---|---|---|",
    ]
    private = own.startswith("private")
    for name in [name for name in PEERS if not private or "mst" in name]:
        theirs = medians(kept(dataset, name))
        if "c2st" in theirs and "c2st" in mine:
            cells = [_times(theirs, mine, "fit_cpu_s"), _times(theirs, mine, "million_cpu_s")]
            cells.append(_times(theirs, mine, "c2st", 0.5))
            cells.append(f"{theirs['mia_nearest'] - 0.5:+.3f} ({mine['mia_nearest'] - 0.5:+.3f})")
            known = "tstr_gap" in theirs and "tstr_gap" in mine
            cells.append(f"{theirs['tstr_gap'] - mine['tstr_gap']:+.3f}" if known else "-")
            lines.append(f"| {PEERS[name].title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _times(theirs: dict[str, float], mine: dict[str, float], key: str, zero: float = 0.0) -> str:
    if key not in theirs or key not in mine or mine[key] <= zero:
        return "-"
    times = (theirs[key] - zero) / (mine[key] - zero)
    return f"{times:.0f} x" if times >= 10 else f"{times:.1f} x"


def block(name: str) -> str:
    """The table that a marker names."""
    if name in DATASETS:
        return tables.shown(name)
    made = {"frontier": frontier.shown, "scale": scale.shown, "targets": targets.shown}
    if name in made:
        return made[name]()
    dataset, _, own = name.removeprefix("ratios-").partition("-")
    if name.startswith("ratios-") and dataset in DATASETS and own in OWN:
        return ratios(dataset, own)
    raise SystemExit(f"docs/methods.md asks for a table '{name}' that nobody makes.")


def main() -> None:
    """Fill every marker."""
    text = PAGE.read_text("utf-8")
    filled = MARKER.sub(lambda found: f"{found[1]}{block(found[2])}\n{found[3]}", text)
    PAGE.write_text(filled, "utf-8")
    frontier.PICTURE.parent.mkdir(parents=True, exist_ok=True)
    frontier.PICTURE.write_text(frontier.drawn(frontier.points()), "utf-8")
    print(f"{PAGE.name}: {len(MARKER.findall(text))} tables")


if __name__ == "__main__":
    main()
