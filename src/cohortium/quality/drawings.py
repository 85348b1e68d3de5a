"""Small pictures of columns, as SVG without colours: the page's style sheet colours the classes of their marks."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from cohortium.quality.bars import Bar
from cohortium.quality.summaries import Levels, Numbers
from cohortium.quality.wording import month, number, percent

WIDTH, HEIGHT = 224, 76
_FLOOR, _TOP, _ROWS, _PITCH = 56, 4, 4, 18


def draw(summary: object) -> str:
    """The picture of a column; empty where there is nothing that may be shown."""
    if isinstance(summary, Numbers) and summary.histogram.bars:
        return _histogram(summary)
    if isinstance(summary, Levels) and summary.shown:
        return _shares(summary)
    return ""


def _histogram(summary: Numbers) -> str:
    found = summary.histogram.bars
    low, high = found[0].low, found[-1].high
    scale = (WIDTH - 2) / (high - low)
    densest = max(_density(bar) for bar in found)
    shapes = "".join(
        _box(1 + (bar.low - low) * scale, (bar.high - bar.low) * scale, _density(bar) / densest) for bar in found
    )
    body = f'<path class="bar" d="{shapes}"/><path class="axis" d="M0 {_FLOOR + 0.5}h{WIDTH}"/>'
    middle = summary.quantiles.p50
    if middle is not None and low <= middle <= high:
        body += f'<path class="middle" d="M{_short(1 + (middle - low) * scale)} {_FLOOR + 1}v6"/>'
    first, last = _ends(summary)
    body += _text(0, _FLOOR + 18, first) + _text(WIDTH, _FLOOR + 18, last, "end")
    return _svg(body, HEIGHT)


def _ends(summary: Numbers) -> tuple[str, str]:
    """What stands under the two ends; where rows lie beyond, the inner end of the last bar, with a sign."""
    drawn = summary.histogram
    say: Callable[[float | None], str] = month if summary.grain else number
    half = 0.5 if drawn.whole else 0.0
    low, high = drawn.bars[0], drawn.bars[-1]
    first = f"≤ {say(low.high - half)}" if drawn.beyond_low else say(low.low + half)
    last = f"≥ {say(high.low + half)}" if drawn.beyond_high else say(high.high - half)
    return first, last


def _density(bar: Bar) -> float:
    return bar.rows / (bar.high - bar.low)


def _box(x: float, width: float, share: float) -> str:
    tall, wide = _short(max(share * (_FLOOR - _TOP), 0.8)), _short(max(width - 0.7, 0.5))
    return f"M{_short(x)} {_FLOOR}v-{tall}h{wide}v{tall}z"


def _shares(summary: Levels) -> str:
    rows = [(level.level, level.share) for level in summary.shown]
    kept = rows if len(rows) <= _ROWS else sorted(rows, key=lambda row: -row[1])[: _ROWS - 1]
    others = len(rows) - len(kept) + summary.other_levels
    if others:
        rest = 1 - sum(share for _, share in kept) - (summary.rare_share or 0.0)
        kept = [*kept, (f"{others:,} others", max(rest, 0.0))]
    largest = max(share for _, share in kept) or 1.0
    start, end = 96, WIDTH - 46
    body = ""
    for place, (label, share) in enumerate(kept):
        y = place * _PITCH + 2
        width = max((end - start) * share / largest, 0.8)
        body += _text(start - 7, y + 11, _cut(label), "end")
        body += f'<path class="bar" d="M{start} {y + 1}h{_short(width)}v12h-{_short(width)}z"/>'
        body += _text(WIDTH, y + 11, percent(share), "end")
    return _svg(body, len(kept) * _PITCH + 2)


def missing_bar(share: float) -> str:
    """A share of rows as a bar that is as wide as all rows."""
    full, filled = 64, 64 * share
    return (
        f'<svg class="gauge" viewBox="0 0 {full} 6" aria-hidden="true"><path class="track" d="M0 0h{full}v6h-{full}z"/>'
        f'<path class="bar" d="M0 0h{_short(filled)}v6h-{_short(filled)}z"/></svg>'
    )


def _cut(text: str, most: int = 15) -> str:
    return text if len(text) <= most else f"{text[: most - 6].rstrip()}…{text[-5:].lstrip()}"


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    place = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{_short(x)}" y="{_short(y)}"{place}>{escape(text)}</text>'


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _svg(body: str, height: float) -> str:
    # The words beside the picture say what it shows, so a reader of the screen may pass over it.
    return f'<svg class="picture" viewBox="0 0 {WIDTH} {_short(height)}" aria-hidden="true">{body}</svg>'
