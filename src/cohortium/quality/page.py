"""The page: one HTML file that asks nothing of any network, for the screen, for the dark and for paper."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from cohortium.quality.findings import CheckResult
from cohortium.quality.palette import stylesheet_colours
from cohortium.quality.profile import Profile
from cohortium.quality.view import view

TEMPLATES = Path(__file__).parent / "templates"


def html(profile: Profile, results: Sequence[CheckResult], title: str) -> str:
    """The page on a profile and the results of the checks, readable without scripts.

    Reveals : what ``profile`` and ``results`` reveal, and nothing more.
    """
    script = (TEMPLATES / "page.js").read_text(encoding="utf-8").strip()
    sheet = stylesheet_colours() + "\n" + (TEMPLATES / "page.css").read_text(encoding="utf-8").strip()
    # The policy names what may run by its digest, so that nothing else can, whatever a column is called.
    policy = (
        f"default-src 'none'; style-src {_digest(sheet)}; script-src {_digest(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            page=view(profile, results, title),
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
    made.filters["svg"] = Markup  # our own drawings, whose texts are escaped already
    return made


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
