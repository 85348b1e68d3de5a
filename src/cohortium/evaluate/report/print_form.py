"""The report on paper: an archivable PDF/A-2b with the same words and the same drawings as the page."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from datetime import datetime
from typing import Any

from cohortium.errors import MissingExtra
from cohortium.evaluate.report.charts import style
from cohortium.evaluate.report.decision import Decision
from cohortium.evaluate.report.page import TEMPLATES
from cohortium.evaluate.report.uses import NEVER
from cohortium.evaluate.report.view import report
from cohortium.pages import LIGHT
from cohortium.records import Evidence, Schema

# PDF/A must carry a date. Evidence that states none gets this one, so that equal evidence gives equal bytes.
_UNDATED = datetime(1970, 1, 1)
_SERIF = "Libertinus Serif"


def pdf(evidence: Evidence, decision: Decision, schema: Schema) -> bytes:
    """The report as PDF/A-2b, set in the fonts that typst brings along; nothing is fetched.

    Raises : MissingExtra where typst is not installed; InvalidRequest as ``html``.
    """
    try:
        import typst
    except ImportError:
        raise MissingExtra("A PDF report needs typst. Install it with: pip install 'cohortium[report]'") from None
    shown = report(evidence, decision, schema)
    made = shown.made or _UNDATED
    content = {
        **asdict(shown),
        "made": [made.year, made.month, made.day, made.hour, made.minute, made.second],
        "never": NEVER,
        "palette": dict(LIGHT),
    }
    # The content travels as data, never as markup, so no name or reason in it can become a command.
    made_pdf: bytes = typst.compile(
        (TEMPLATES / "report.typ").read_bytes(),
        sys_inputs={"content": json.dumps(_dressed(content), ensure_ascii=False)},
        pdf_standards="a-2b",
        ignore_system_fonts=True,
    )
    return made_pdf


def _dressed(value: Any) -> Any:
    """The content with every drawing given its plain colours and its spoken title."""
    if isinstance(value, dict):
        return {key: _dressed(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_dressed(part) for part in value]
    if isinstance(value, str) and value.startswith("<svg "):
        title = re.search(r"<title[^>]*>([^<]*)</title>", value)
        sheet = style(LIGHT.__getitem__, f"'{_SERIF}'")
        return {"svg": value.replace("<title", f"<style>{sheet}</style><title", 1), "alt": title[1] if title else ""}
    return value
