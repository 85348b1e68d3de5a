"""How well attacks tell the persons behind the table from others: the closer to the diagonal, the safer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cohortium.pages.scale import Scale
from cohortium.pages.svg import axes, document, line, mark, path, shortened, words

WIDTH, HEIGHT = 460, 400
_CLASSES = ("first", "second", "third", "fourth", "fifth")
_FINEST = 0.8


def strongest(curves: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> list[str]:
    """Names of the attacks that can be told apart in one drawing: those that find most at 1 % false accusations."""
    return sorted(curves, key=lambda name: -_at(*curves[name], 0.01))[: len(_CLASSES)]


def roc(curves: Mapping[str, tuple[Sequence[float], Sequence[float]]], zoom: float | None = None) -> str:
    """False and true positive rate of each attack, with the diagonal of blind guessing; at most five of them.

    zoom : draw only false positive rates up to this one, with the 1 % at which attackers are judged.
    """
    right = zoom or 1.0
    legend = 18 * len(curves) + 6
    floor = HEIGHT - 44 - legend
    top = 1.0 if zoom is None else _top(curves, zoom)
    x, y = Scale(0, right, 46, WIDTH - 12), Scale(0, top, floor, 10)
    body = axes(x, y, x.ticks(5), y.ticks(5)) + line(x(0), y(0), x(min(right, top)), y(min(right, top)), "chance")
    if zoom is not None:
        body += line(x(0.01), y(0), x(0.01), y(top), "mark") + words(x(0.01) + 5, y(top) + 12, "1 %", "note")
    for (fpr, tpr), kind in zip(curves.values(), _CLASSES, strict=False):
        body += mark(path(_thinned(fpr, tpr, x, y, right)), kind)
    for place, (name, kind) in enumerate(zip(curves, _CLASSES, strict=False)):
        level = floor + 52 + 18 * place
        body += line(x.start, level, x.start + 22, level, kind)
        body += words(x.start + 30, level + 4, shortened(name, WIDTH - x.start - 40))
    body += words((x.start + x.end) / 2, floor + 34, "non-members wrongly accused (share)", "note", "middle")
    title = (
        "Attackers' success"
        if zoom is None
        else f"Attackers' success where at most {100 * right:g} % are wrongly accused"
    )
    spoken = "; ".join(f"{name} finds {_at(fpr, tpr, 0.01):.3f}" for name, (fpr, tpr) in curves.items())
    return document(body, WIDTH, HEIGHT, title, f"Share of members found at 1 % false accusations: {spoken}.")


def _at(fpr: Sequence[float], tpr: Sequence[float], rate: float) -> float:
    """The true positive rate at a false positive rate, between the points that enclose it."""
    before = (0.0, 0.0)
    for here in zip(fpr, tpr, strict=True):
        if here[0] > rate:
            span = here[0] - before[0]
            return before[1] + (here[1] - before[1]) * ((rate - before[0]) / span if span else 1.0)
        before = here
    return before[1]


def _top(curves: Mapping[str, tuple[Sequence[float], Sequence[float]]], zoom: float) -> float:
    highest = max([_at(fpr, tpr, zoom) for fpr, tpr in curves.values()] + [zoom])
    return next(top for top in (0.05, 0.1, 0.2, 0.4, 0.6, 1.0) if highest <= top or top == 1.0)


def _thinned(fpr: Sequence[float], tpr: Sequence[float], x: Scale, y: Scale, right: float) -> list[tuple[float, float]]:
    corners = [(x(0), y(0))]
    for rate, found in zip(fpr, tpr, strict=True):
        if rate > right:
            break
        here = (x(rate), y.clip(found))
        if abs(here[0] - corners[-1][0]) + abs(here[1] - corners[-1][1]) >= _FINEST:
            corners.append(here)
    return [*corners, (x(right), y.clip(_at(fpr, tpr, right)))]
