"""What every drawing is made of: paths and text, with numbers rounded so that a drawing stays small.

A drawing is a string of SVG without colours: marks carry classes, and whoever draws gives the classes their colours -
as CSS variables on a page, as plain colours in print.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from html import escape

from cohortium.pages.scale import Scale, plain

_NARROW, _WIDE = set("fijlrtI.,:;'|!()[]- "), set("ÄÖÜABCDEGHKNOQRSUVXYZ<>=+~#&")


def short(value: float) -> str:
    """A coordinate with one decimal at most."""
    text = f"{value:.1f}"
    text = text.removesuffix(".0")
    return "0" if text == "-0" else text


def path(points: Iterable[tuple[float, float]], close: bool = False) -> str:
    """The data of a path through ``points``."""
    return "M" + "L".join(f"{short(x)} {short(y)}" for x, y in points) + ("Z" if close else "")


def stairs(points: Iterable[tuple[float, float]], close: bool = False) -> str:
    """The data of a path through ``points`` of which each lies level with, or plumb below or above, the one before."""
    data, before = "", ("", "")
    for x, y in points:
        here = (short(x), short(y))
        if not data:
            data = f"M{here[0]} {here[1]}"
        else:
            data += (f"H{here[0]}" if here[0] != before[0] else "") + (f"V{here[1]}" if here[1] != before[1] else "")
        before = here
    return data + ("Z" if close else "")


def box(x: float, y: float, width: float, height: float) -> str:
    """The data of a rectangle, to be joined with others in one path."""
    return f"M{short(x)} {short(y)}h{short(width)}v{short(height)}h{short(-width)}z"


def mark(data: str, kind: str, extra: str = "") -> str:
    """A path of the class ``kind``."""
    return f'<path class="{kind}" d="{data}"{extra}/>'


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """A straight line of the class ``kind``."""
    return mark(path([(x1, y1), (x2, y2)]), kind)


def words(x: float, y: float, text: str, kind: str = "label", anchor: str = "start") -> str:
    """Text that starts, ends, or is centred at x; escaped."""
    place = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text class="{kind}" x="{short(x)}" y="{short(y)}"{place}>{escape(text)}</text>'


def width_of(text: str, size: float = 12) -> float:
    """About how wide a text of this size is in a sans-serif face; errs on the wide side."""
    return size * sum(map(_em, text))


def _em(letter: str) -> float:
    return 0.32 if letter in _NARROW else 0.87 if letter in "mwMW@%" else 0.71 if letter in _WIDE else 0.565


def shortened(text: str, width: float, size: float = 12) -> str:
    """``text``, cut in its middle where it is wider than ``width``: long names often differ at their ends."""
    if width_of(text, size) <= width:
        return text
    keep = len(text)
    while keep > 4:
        keep -= 1
        head = (2 * keep) // 3
        cut = text[:head].rstrip() + "…" + text[len(text) - (keep - head) :].lstrip()
        if width_of(cut, size) <= width:
            return cut
    return text[:3] + "…"


def axes(x: Scale, y: Scale, xs: Sequence[float], ys: Sequence[float], say: Callable[[float], str] = plain) -> str:
    """Pale grid lines at the ticks ``ys``, a base line, and the numbers along both."""
    grid = "".join(path([(x.start, y(tick)), (x.end, y(tick))]) for tick in ys)
    low = "".join(words(x(tick), y.start + 16, say(tick), "tick", "middle") for tick in xs)
    left = "".join(words(x.start - 6, y(tick) + 4, plain(tick), "tick", "end") for tick in ys)
    return mark(grid, "grid") + line(x.start, y.start, x.end, y.start, "axis") + low + left


def document(body: str, width: float, height: float, title: str, description: str) -> str:
    """A whole drawing, with the title and description that a screen reader speaks."""
    name = f"c{zlib.crc32((title + description + body).encode()):08x}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {short(width)} {short(height)}" '
        f'role="img" aria-labelledby="{name}t {name}d"><title id="{name}t">{escape(title)}</title>'
        f'<desc id="{name}d">{escape(description)}</desc>{body}</svg>'
    )
