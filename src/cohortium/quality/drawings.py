"""Small pictures of columns, as SVG without colours: the page's style sheet colours the classes of their marks."""

from __future__ import annotations

from collections.abc import Callable

from cohortium.pages.scale import Scale
from cohortium.pages.svg import box, line, mark, short, words
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
    x = Scale(low, high, 1, WIDTH - 1)
    densest = max(_density(bar) for bar in found)
    shapes = "".join(_column(x(bar.low), x(bar.high), _density(bar) / densest) for bar in found)
    body = mark(shapes, "bar") + line(0, _FLOOR + 0.5, WIDTH, _FLOOR + 0.5, "axis")
    middle = summary.quantiles.p50
    if middle is not None and low <= middle <= high:
        body += line(x(middle), _FLOOR + 1, x(middle), _FLOOR + 7, "middle")
    first, last = _ends(summary)
    body += words(0, _FLOOR + 18, first) + words(WIDTH, _FLOOR + 18, last, anchor="end")
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


def _column(left: float, right: float, share: float) -> str:
    return box(left, _FLOOR, max(right - left - 0.7, 0.5), -max(share * (_FLOOR - _TOP), 0.8))


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
        body += words(start - 7, y + 11, _cut(label), anchor="end")
        body += mark(box(start, y + 1, width, 12), "bar")
        body += words(WIDTH, y + 11, percent(share), anchor="end")
    return _svg(body, len(kept) * _PITCH + 2)


def missing_bar(share: float) -> str:
    """A share of rows as a bar that is as wide as all rows."""
    full = 64
    bars = mark(box(0, 0, full, 6), "track") + mark(box(0, 0, full * share, 6), "bar")
    return f'<svg class="gauge" viewBox="0 0 {full} 6" aria-hidden="true">{bars}</svg>'


def _cut(text: str, most: int = 15) -> str:
    return text if len(text) <= most else f"{text[: most - 6].rstrip()}…{text[-5:].lstrip()}"


def _svg(body: str, height: float) -> str:
    # The words beside the picture say what it shows, so a reader of the screen may pass over it.
    return f'<svg class="picture" viewBox="0 0 {WIDTH} {short(height)}" aria-hidden="true">{body}</svg>'
