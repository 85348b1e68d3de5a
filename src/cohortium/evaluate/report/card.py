"""The data card: one page of Markdown that travels with the table."""

from __future__ import annotations

import re
from html import escape

from markupsafe import Markup

from cohortium.evaluate.report.decision import Decision
from cohortium.evaluate.report.identity import Fact
from cohortium.evaluate.report.page import TEMPLATES
from cohortium.evaluate.report.uses import NEVER, Standing
from cohortium.evaluate.report.view import report
from cohortium.pages import templates
from cohortium.records import Evidence, Question, Schema, Status

_MARKS = re.compile(r"([\\`*_{}\[\]#|~])")


def card(evidence: Evidence, decision: Decision, schema: Schema) -> str:
    """What the table is, what it may and may not be used for, how it was made, how private it is, and how to cite it.

    Raises : InvalidRequest where the decision's verdict is none that the report knows.
    """
    shown = report(evidence, decision, schema)
    environment = templates(TEMPLATES)
    environment.filters["md"] = markdown
    private = [row for section in shown.sections if section.name == Question.PRIVACY for row in section.rows]
    text = environment.get_template("card.md.j2").render(
        report=shown,
        fit=[use for use in shown.uses if use.standing is Standing.FIT],
        unfit=[use for use in shown.uses if use.standing is not Standing.FIT],
        never=NEVER,
        attacks=[row for row in private if row.value],
        failed=shown.counts[Status.FAIL.value],
        digests=[fact for fact in shown.facts if fact.is_code or "digest" in fact.label.lower()],
        made=[fact for fact in shown.facts if not fact.is_code and "digest" not in fact.label.lower()],
        citation=_citation(shown.title, shown.facts, shown.made.year if shown.made else None),
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def markdown(text: object) -> Markup:
    """``text`` so that neither Markdown nor HTML finds a command in it."""
    one_line = " ".join(str(text).split())
    return Markup(escape(_MARKS.sub(r"\\\1", one_line), quote=False))  # noqa: S704 - escaped here


def _citation(title: str, facts: tuple[Fact, ...], year: int | None) -> str:
    codes = [fact.text for fact in facts if fact.is_code]
    codes += [text for fact in facts for name, text in fact.lines if name.endswith(".parquet")]
    digest = codes[-1] if codes else ""
    parts = [f"{title} (synthetic table)", str(year) if year else "", "made with Cohortium"]
    said = ", ".join(part for part in parts if part)
    return f"{said}. Digest {digest}." if digest else f"{said}."
