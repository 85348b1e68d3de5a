"""One finding on its own line: the value, its interval, real persons, and the side on which the policy says no."""

from __future__ import annotations

from cohortium.evaluate.report.limits import Limit
from cohortium.pages.scale import Scale
from cohortium.pages.svg import box, document, line, mark, short

WIDTH, HEIGHT = 160, 22
_MIDDLE = HEIGHT / 2


def interval(
    title: str, value: float, low: float, high: float, reference: float | None, limit: Limit | None, tone: str
) -> str:
    """``tone`` is "pass", "fail" or "info"; the axis holds everything that is drawn and nothing more."""
    bounds = () if limit is None else limit.bounds
    known = [value, low, high, *bounds] + ([] if reference is None else [reference])
    pad = (max(known) - min(known)) * 0.12 or max(abs(value) * 0.1, 1e-9)
    x = Scale(min(known) - pad, max(known) + pad, 2, WIDTH - 2)
    body = _refused(limit, x) + line(x.start, _MIDDLE, x.end, _MIDDLE, "grid")
    body += "".join(line(x(bound), 3, x(bound), HEIGHT - 3, "limit") for bound in bounds)
    if reference is not None:
        body += line(x(reference), 5, x(reference), HEIGHT - 5, "reference")
    return document(body + spot(x, _MIDDLE, value, low, high, tone), WIDTH, HEIGHT, title, "")


def spot(x: Scale, y: float, value: float, low: float, high: float, tone: str) -> str:
    """The interval as a line, the value as a dot, or as a square where it fails: shape as well as colour."""
    ending = {"pass": "", "fail": "-fail", "info": "-info"}[tone]
    bar = line(x.clip(low), y, x.clip(high), y, f"range{ending}") if high > low else ""
    place = x.clip(value)
    if tone == "fail":
        return bar + mark(box(place - 4, y - 4, 8, 8), f"dot{ending}")
    return bar + f'<circle class="dot{ending}" cx="{short(place)}" cy="{short(y)}" r="4"/>'


def _refused(limit: Limit | None, x: Scale) -> str:
    if limit is None:
        return ""
    zones = ""
    if limit.low is not None:
        zones += mark(box(x.start, 3, x(limit.low) - x.start, HEIGHT - 6), "zone")
    if limit.high is not None:
        zones += mark(box(x(limit.high), 3, x.end - x(limit.high), HEIGHT - 6), "zone")
    return zones
