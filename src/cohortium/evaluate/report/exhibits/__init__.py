"""The figures and tables of the report's sections, made from ``Evidence.plots``; what is missing is left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cohortium.evaluate.report.exhibits.curves import attacks, follow_up
from cohortium.evaluate.report.exhibits.exhibit import Cell, Exhibit, Sheet, key_of
from cohortium.evaluate.report.exhibits.marginals import marginals
from cohortium.evaluate.report.exhibits.overlay import gives_away, overlay
from cohortium.evaluate.report.exhibits.pairs import pairs
from cohortium.evaluate.report.exhibits.subgroups import subgroups
from cohortium.records import Evidence, Question, Schema

__all__ = ["Cell", "Exhibit", "Sheet", "exhibits", "key_of"]


Draw = Callable[[Any], tuple[Exhibit, ...]]


def exhibits(evidence: Evidence, schema: Schema) -> dict[Question, tuple[Exhibit, ...]]:
    """All that can be drawn, by section."""
    drawers: tuple[tuple[str, Question, Draw], ...] = (
        ("marginals", Question.MARGINALS, lambda plot: marginals(plot, schema)),
        ("correlations", Question.JOINT, lambda plot: (pairs(plot),)),
        ("pca", Question.JOINT, lambda plot: (overlay(plot),)),
        ("gives_away", Question.JOINT, lambda plot: (gives_away(plot),)),
        ("survival", Question.SURVIVAL, lambda plot: (follow_up(plot),)),
        ("roc", Question.PRIVACY, lambda plot: (attacks(plot),)),
        ("subgroups", Question.FAIRNESS, lambda plot: (subgroups(plot),)),
    )
    made: dict[Question, tuple[Exhibit, ...]] = {}
    for name, question, draw in drawers:
        if evidence.plots.get(name):
            made[question] = (*made.get(question, ()), *draw(evidence.plots[name]))
    return made
