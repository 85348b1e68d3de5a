"""What a mark of a chart looks like, by itself, to stand before its word in a key."""

from __future__ import annotations

from cohortium.pages.svg import box, document, line, mark

_UPRIGHT = ("limit", "reference", "synthetic-tick")
_WIDTH, _HEIGHT = 26, 16


def sample(kind: str) -> str:
    """The mark of the class ``kind``: a line, an upright tick, a dot on its interval, or a filled box."""
    middle = _HEIGHT / 2
    if kind in _UPRIGHT:
        body = line(_WIDTH / 2, 1, _WIDTH / 2, _HEIGHT - 1, kind)
    elif kind == "dot":
        body = line(1, middle, _WIDTH - 1, middle, "range")
        body += f'<circle class="dot" cx="{_WIDTH // 2}" cy="{middle:g}" r="4"/>'
    elif kind == "dot-fail":
        body = line(1, middle, _WIDTH - 1, middle, "range-fail") + mark(box(9, middle - 4, 8, 8), kind)
    elif kind.endswith("-line"):
        body = line(0, middle, _WIDTH, middle, kind)
    else:
        body = mark(box(0, 2, _WIDTH, _HEIGHT - 4), kind)
    return document(body, _WIDTH, _HEIGHT, kind, "")
