"""The report as one HTML file that asks nothing of any network."""

from __future__ import annotations

from pathlib import Path

from cohortium import pages
from cohortium.evaluate.report.charts import style
from cohortium.evaluate.report.decision import Decision
from cohortium.evaluate.report.uses import NEVER
from cohortium.evaluate.report.view import report
from cohortium.records import Evidence, Schema

TEMPLATES = Path(__file__).parent / "templates"


def html(evidence: Evidence, decision: Decision, schema: Schema) -> str:
    """The page: everything inline, readable without scripts, on paper and in the dark.

    Raises : InvalidRequest where the decision's verdict is none that the report knows.
    """
    marks = style(lambda name: f"var(--{name})", "var(--sans)")
    return pages.page(TEMPLATES, marks, report=report(evidence, decision, schema), never=NEVER)
