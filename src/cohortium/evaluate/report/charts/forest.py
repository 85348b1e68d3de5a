"""Every rule of the policy on one common axis: the best possible on the left, the policy's limit as one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cohortium.evaluate.report.charts.interval import spot
from cohortium.pages.scale import Scale
from cohortium.pages.svg import box, document, line, mark, short, shortened, words

_HEAD = 30


@dataclass(frozen=True, slots=True)
class Rule:
    """A judged finding, measured in steps from the best possible (0) to the limit (1); beyond 1 it breaks the rule.

    said : the value and the limit as text, to stand beside the drawing.
    """

    group: str
    title: str
    value: float
    low: float
    high: float
    reference: float | None
    passes: bool
    said: str


def forest(rules: Sequence[Rule], wide: bool = True) -> str:
    """One line per rule, in the groups of the report; where the page is not ``wide``, titles stand above the lines."""
    width, pitch = (860, 24) if wide else (380, 44)
    x = Scale(-0.15, 2.0, *((340, 676) if wide else (8, width - 16)))
    body, zones, y, group = "", "", 24.0, ""
    for rule in rules:
        if rule.group != group:
            group = rule.group
            body += words(0, y + 20, group, "note") + line(0, y + _HEAD - 4, width, y + _HEAD - 4, "grid")
            y += _HEAD
        middle = y + (12 if wide else 30)
        body += _texts(rule, x, y, width, wide) + _marks(rule, x, middle)
        zones += box(x(1), *((y, x.end - x(1), pitch) if wide else (middle - 10, x.end - x(1), 20)))
        y += pitch
    lines = mark(zones, "zone")
    if wide:
        lines += line(x(0), 20, x(0), y, "best") + line(x(1), 20, x(1), y, "limit")
    heads = words(x(0), 13, "best possible", "note", "middle" if wide else "start")
    heads += words(x(1), 13, "the policy’s limit", "note", "middle")
    broken = "; ".join(rule.title for rule in rules if not rule.passes)
    held = sum(rule.passes for rule in rules)
    spoken = f"{held} of {len(rules)} rules hold." + (f" Broken: {broken}." if broken else "")
    return document(lines + heads + body, width, y + 8, "Every judged finding against its limit", spoken)


def _texts(rule: Rule, x: Scale, y: float, width: float, wide: bool) -> str:
    kind = "tick" if rule.passes else "tick bad"
    if wide:
        left = x.end + 18
        return words(0, y + 16, shortened(rule.title, x.start - 14)) + words(
            left, y + 16, shortened(rule.said, width - left, 11), kind
        )
    return words(0, y + 15, shortened(rule.title, width - 132)) + words(
        width, y + 15, shortened(rule.said, 126, 11), kind, "end"
    )


def _marks(rule: Rule, x: Scale, middle: float) -> str:
    tone = "pass" if rule.passes else "fail"
    body = line(x(1), middle - 10, x(1), middle + 10, "limit") + line(x(0), middle - 10, x(0), middle + 10, "best")
    if rule.reference is not None:
        place = x.clip(rule.reference)
        body += line(place, middle - 7, place, middle + 7, "reference")
    if rule.value <= x.high:
        return body + spot(x, middle, rule.value, rule.low, rule.high, tone)
    # Off the axis: an arrow head at its end stands for the value.
    tail = line(x.clip(rule.low), middle, x.end, middle, "range" if rule.passes else "range-fail")
    head = f"M{short(x.end)} {short(middle - 6)}l9 6l-9 6z"
    return body + tail + mark(head, "dot" if rule.passes else "dot-fail")
