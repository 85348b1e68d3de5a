"""The report as one HTML file that asks nothing of any network."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from cohortium.evaluate.report import palette
from cohortium.evaluate.report.charts import style
from cohortium.evaluate.report.decision import Decision
from cohortium.evaluate.report.numbers import count
from cohortium.evaluate.report.uses import NEVER
from cohortium.evaluate.report.view import report
from cohortium.records import Evidence, Schema

TEMPLATES = Path(__file__).parent / "templates"
_SANS = (
    "-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,'Helvetica Neue','Noto Sans','Liberation Sans',Arial,sans-serif"
)


def html(evidence: Evidence, decision: Decision, schema: Schema) -> str:
    """The page: everything inline, readable without scripts, on paper and in the dark.

    Raises : InvalidRequest where the decision's verdict is none that the report knows.
    """
    script = (TEMPLATES / "page.js").read_text(encoding="utf-8").strip()
    sheet = _stylesheet()
    # The policy names what may run by its digest, so that nothing else can, whatever a column is called.
    allowed = f"style-src {_digest(sheet)}; script-src {_digest(script)}"
    policy = f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            report=report(evidence, decision, schema),
            never=NEVER,
            script=Markup(script),  # noqa: S704 - our own file
            stylesheet=Markup(sheet),  # noqa: S704 - our own file
            policy=policy,
        )
    )


@cache
def environment() -> Environment:
    """Templates with escaping on and no undefined names."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["svg"] = _svg
    made.filters["count"] = count
    return made


def _svg(drawing: str) -> Markup:
    """One of our own charts, whose texts are escaped already; within HTML it needs no namespace."""
    return Markup(drawing.replace(' xmlns="http://www.w3.org/2000/svg"', "", 1))  # noqa: S704


@cache
def _stylesheet() -> str:
    light, dark = palette.variables(palette.LIGHT), palette.variables(palette.DARK)
    colours = (
        f":root{{color-scheme:light;{light}}}"
        f":root[data-theme=dark]{{color-scheme:dark;{dark}}}"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}"
        f"@media print{{:root,:root:not([data-theme=light]),:root[data-theme=dark]{{color-scheme:light;{light}}}}}"
    )
    rules = (TEMPLATES / "page.css").read_text(encoding="utf-8").strip()
    return "\n".join([colours, rules, style(lambda name: f"var(--{name})", _SANS)])


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
