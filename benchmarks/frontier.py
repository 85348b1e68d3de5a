"""Fidelity against privacy: sequential trees on UCI Adult under other settings, with the peers as points.

``python -m benchmarks.frontier`` measures the settings below and draws ``docs/images/frontier.svg``;
``--draw`` only draws.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from benchmarks.datasets import DATASETS, load, split
from benchmarks.own import OWN
from benchmarks.peers import PEERS
from benchmarks.results import REAL, RESULTS, Run, keep, kept, medians
from benchmarks.scoring import read_made, scores
from benchmarks.tables import SCRATCH, make, prepare

DATASET = "adult"
WHERE = "adult_frontier"
PICTURE = Path(__file__).parent.parent / "docs" / "images" / "frontier.svg"
METRICS = ("c2st", "mia_nearest", "mia_density", "dcr_share", "singling_out_univariate", "tstr_gap", "pair_trends")
LEAVES = (5, 20, 40, 80, 160)
EVIDENCES = (1.0, 5.0, 10.0)
SHRINKS = (0.0, 20.0)


def settings() -> dict[str, dict[str, Any]]:
    """One dial at a time, the others at their defaults."""
    dials: dict[str, dict[str, Any]] = {"default": {}}
    dials |= {f"leaf_{leaf}": {"leaf": leaf} for leaf in LEAVES}
    dials |= {f"evidence_{evidence:g}": {"evidence": evidence} for evidence in EVIDENCES}
    dials |= {f"shrink_{shrink:g}": {"shrink": shrink} for shrink in SHRINKS}
    return dials | {"honest": {"honest": True}}


def measure(seeds: int, only: list[str] | None) -> None:
    """Fit, sample and score every setting, and keep the numbers."""
    table = load(DATASET)
    for seed in range(1, seeds + 1):
        train, holdout = split(table, DATASET, seed)
        place = SCRATCH / f"{WHERE}-{seed}"
        prepare(train, DATASETS[DATASET].target, place)
        for name, dials in settings().items():
            if only and name not in only:
                continue
            cost, failed = make("sequential_trees", place, seed, False, dials)
            if failed:
                keep(WHERE, name, Run(seed, failed=failed), dials)
                continue
            made = read_made(place / "synthetic.parquet", train.schema)
            found = scores(train, made, holdout, DATASETS[DATASET].target, seed, METRICS)
            keep(WHERE, name, Run(seed, cost, found), dials)
            print(name, seed, cost, found, flush=True)


def shown() -> str:
    """The Markdown table of the settings."""
    lines = [
        "| setting | seeds | fit s | C2ST | MIA | DCR share | SO uni | TSTR gap | trend |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in settings():
        runs = [run for run in kept(WHERE, name) if not run.failed]
        if runs:
            m = medians(runs)
            lines.append(
                f"| {name.replace('_', ' ')} | {len(runs)} | {m['fit_cpu_s']:.1f} | {m['c2st']:.3f} "
                f"| {m['mia_nearest']:.3f} | {m['dcr_share']:.3f} | {m['singling_out_univariate']:.3f} "
                f"| {m['tstr_gap']:.3f} | {m['pair_trends']:.3f} |"
            )
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Point:
    """One method or setting in the plane: how well it is told from real persons, how well members are found."""

    label: str
    c2st: float
    mia: float
    family: str


def points() -> list[Point]:
    """What has been measured so far."""
    found = []
    for path in sorted((RESULTS / DATASET).glob("*.json")):
        name = path.stem
        m = medians([run for run in kept(DATASET, name) if not run.failed])
        if name not in (REAL, *OWN, *PEERS) or name == "sequential_trees" or "c2st" not in m:
            continue
        family = "real" if name == REAL else "own" if name in OWN else "peer"
        label = "real persons" if name == REAL else OWN[name].title.strip("*") if name in OWN else PEERS[name].title
        found.append(Point(label, m["c2st"], m["mia_nearest"], family))
    for name in settings():
        runs = [run for run in kept(WHERE, name) if not run.failed]
        if runs and name.startswith(("leaf_", "default")):
            m = medians(runs)
            found.append(Point(name.replace("_", " "), m["c2st"], m["mia_nearest"], "trees"))
    return found


WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 820, 500, 64, 44, 24, 56
NEAREST_C2ST, TICKS_X = 0.515, (0.52, 0.55, 0.6, 0.7, 0.8, 1.0)
LOW_Y, HIGH_Y, TICKS_Y = 0.495, 0.55, (0.50, 0.51, 0.52, 0.53, 0.54, 0.55)
COLOURS = {"trees": "#0b6e4f", "own": "#5aa17f", "peer": "#b3541e", "real": "#444444"}
LABEL_HEIGHT = 13.0
STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#333}.axis{stroke:#999}.grid{stroke:#ddd}.back{fill:#fff}"
    "@media (prefers-color-scheme:dark){.back{fill:#16191d}text{fill:#ddd}.grid{stroke:#333}}"
)


def _x(c2st: float) -> float:
    """Distance from one half on a logarithmic scale: most of what matters lies below 0.6."""
    span = math.log(0.5 / (NEAREST_C2ST - 0.5))
    share = math.log((max(c2st, NEAREST_C2ST) - 0.5) / (NEAREST_C2ST - 0.5)) / span
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(mia: float) -> float:
    share = (min(max(mia, LOW_Y), HIGH_Y) - LOW_Y) / (HIGH_Y - LOW_Y)
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def drawn(found: list[Point]) -> str:
    """The plane as SVG; the lower left corner is best."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        "<title>Fidelity against privacy on UCI Adult</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="back" width="{WIDTH}" height="{HEIGHT}"/>',
        f'<text x="{LEFT}" y="22" style="font-weight:600">UCI Adult: told from real (across), membership found (up); '
        "lower left is best</text>",
    ]
    for tick in TICKS_X:
        parts.append(_line(_x(tick), TOP, _x(tick), HEIGHT - BOTTOM, "grid"))
        parts.append(f'<text x="{_x(tick):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{tick:g}</text>')
    for tick in TICKS_Y:
        parts.append(_line(LEFT, _y(tick), WIDTH - RIGHT, _y(tick), "grid"))
        parts.append(f'<text x="{LEFT - 8}" y="{_y(tick) + 4:.1f}" text-anchor="end">{tick:.2f}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 14}" text-anchor="middle">C2ST, AUC (0.5 cannot be told)</text>')
    parts.append(f'<text transform="translate(16 {HEIGHT / 2}) rotate(-90)" text-anchor="middle">MIA, AUC</text>')
    line = sorted((one for one in found if one.family == "trees" and one.label != "default"), key=lambda one: one.c2st)
    path = " ".join(f"{_x(one.c2st):.1f},{_y(one.mia):.1f}" for one in line)
    parts.append(f'<polyline points="{path}" fill="none" stroke="{COLOURS["trees"]}" stroke-width="1.5"/>')
    parts += _marks(found)
    return "\n".join([*parts, "</svg>", ""])


def _marks(found: list[Point]) -> list[str]:
    """Circles, and beside each its label, at the nearest height and side where it covers no other."""
    parts, taken = [], [(_x(one.c2st) - 5, _x(one.c2st) + 5, _y(one.mia)) for one in found]
    for one in sorted(found, key=lambda one: (one.label != "default", one.mia, one.c2st)):
        x, y = _x(one.c2st), _y(one.mia)
        radius = 6 if one.label == "default" else 4
        note = f"{one.label}: C2ST {one.c2st:.3f}, MIA {one.mia:.3f}"
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{COLOURS[one.family]}">'
            f"<title>{escape(note)}</title></circle>"
        )
        text = "sequential_trees, default" if one.label == "default" else one.label
        left, at = _place(x, y, 6.6 * len(text), taken)
        taken.append((left, left + 6.6 * len(text), at))
        parts.append(f'<text x="{left:.1f}" y="{at + 4:.1f}">{escape(text)}</text>')
        if abs(at - y) > LABEL_HEIGHT:
            parts.append(_line(x, y, max(left, min(x, left + 6.6 * len(text))), at - math.copysign(6, at - y), "grid"))
    return parts


def _place(x: float, y: float, width: float, taken: list[tuple[float, float, float]]) -> tuple[float, float]:
    """Left end and middle height of a free place for a label near (x, y)."""
    steps = sorted(range(-30, 31), key=abs)
    for step in steps:
        at = y + step * LABEL_HEIGHT / 2
        for left in (x + 9, x - 9 - width, x - width / 2):
            inside = left >= LEFT and left + width <= WIDTH and TOP < at < HEIGHT - BOTTOM
            covers = any(
                abs(at - y2) < LABEL_HEIGHT and left < end and start < left + width for start, end, y2 in taken
            )
            if inside and not covers:
                return left, at
    return x + 9, y


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def main() -> None:
    """Measure unless told not to, print the table, draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", nargs="*", choices=list(settings()))
    parser.add_argument("--draw", action="store_true", help="draw what was measured before")
    given = parser.parse_args()
    if not given.draw:
        measure(given.seeds, given.only)
    print(shown())
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(drawn(points()), "utf-8")
    print(f"{PICTURE.name}: {len(points())} points")


if __name__ == "__main__":
    main()
