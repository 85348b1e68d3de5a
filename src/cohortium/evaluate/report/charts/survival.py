"""Kaplan-Meier curves of the real, the synthetic and the held-out persons, with the band of the first two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cohortium.pages.scale import Scale
from cohortium.pages.svg import axes, document, mark, stairs, words

WIDTH, HEIGHT = 460, 330
_FINEST = 1.5


def survival(curves: Mapping[str, Mapping[str, Sequence[float]]], unit: str) -> str:
    """``curves`` by name ("real", "synthetic", "holdout"): time, survival, and low and high of the 95 % band."""
    horizon = max(max(curve["time"]) for curve in curves.values())
    x = Scale(0, horizon or 1, 46, WIDTH - 8)
    y = Scale(0, 1, HEIGHT - 44, 10)
    bands = "".join(
        _band(curves[name], x, y, f"{name}-band") for name in ("real", "synthetic") if "low" in curves.get(name, {})
    )
    lines = "".join(
        mark(stairs(_steps(curves[name]["time"], curves[name]["survival"], x, y)), f"{name}-line")
        for name in ("real", "holdout", "synthetic")
        if name in curves
    )
    label = words((x.start + x.end) / 2, HEIGHT - 8, f"time since start, {unit}" if unit else "time", "note", "middle")
    body = axes(x, y, x.ticks(6), [0, 0.25, 0.5, 0.75, 1]) + bands + lines + label
    ends = "; ".join(f"{name} {curve['survival'][-1]:.2f}" for name, curve in curves.items())
    return document(body, WIDTH, HEIGHT, "Survival curves", f"Share still without the event at the end: {ends}.")


def _steps(times: Sequence[float], shares: Sequence[float], x: Scale, y: Scale) -> list[tuple[float, float]]:
    """Corners of a step curve from (0, 1), without those that a reader could not tell apart."""
    corners = [(x(0), y(1))]
    for time, share in zip(times, shares, strict=True):
        here = (x(time), y(share))
        if here[0] - corners[-1][0] < _FINEST and abs(here[1] - corners[-1][1]) < _FINEST:
            continue
        corners += [(here[0], corners[-1][1]), here]
    return [*corners, (x(times[-1]), corners[-1][1]), (x(times[-1]), y(shares[-1]))]


def _band(curve: Mapping[str, Sequence[float]], x: Scale, y: Scale, kind: str) -> str:
    upper = _steps(curve["time"], curve["high"], x, y)
    lower = _steps(curve["time"], curve["low"], x, y)
    return mark(stairs(upper + lower[::-1], close=True), kind)
