"""One HTML file that asks nothing of any network, for the screen, for the dark and for paper."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from cohortium.pages.palette import stylesheet_colours

_SHARED = Path(__file__).parent / "templates"
LISTING = _SHARED / "listing.css"
"""The look of facts, tables of words and numbers, and charts, for the pages that have them."""


def page(
    folder: Path,
    rules: str = "",
    *,
    name: str = "page",
    sheets: Sequence[Path] = (),
    scripts: Sequence[Path] = (),
    forms: bool = False,
    **content: object,
) -> str:
    """The page whose ``page.html.j2`` and ``page.css`` lie in ``folder``, everything inline, readable without scripts.

    The template extends ``frame.html.j2`` and fills its blocks; its style sheet comes after the frame's.
    rules   : further rules of the style sheet, such as the look of drawings.
    name    : of the template and its style sheet, where it is not "page".
    sheets  : files of rules that come between those of the frame and the page's own, such as ``LISTING``.
    scripts : files of scripts beside the frame's.
    forms   : whether forms may be sent to where the page came from.
    content : the names that the template uses.
    """
    script = "\n".join(map(_text, (_SHARED / "frame.js", *scripts)))
    files = (_SHARED / "frame.css", *sheets, folder / f"{name}.css")
    sheet = "\n".join([stylesheet_colours(), *map(_text, files), rules]).strip()
    # The policy names what may run by its digest, so that nothing else can, whatever a column is called.
    target = "'self'" if forms else "'none'"
    allowed = f"style-src {_digest(sheet)}; script-src {_digest(script)}"
    return (
        templates(folder)
        .get_template(f"{name}.html.j2")
        .render(
            script=Markup(script),  # noqa: S704 - our own file
            stylesheet=Markup(sheet),  # noqa: S704 - our own file
            policy=f"default-src 'none'; {allowed}; base-uri 'none'; form-action {target}",
            **content,
        )
    )


@cache
def templates(folder: Path) -> Environment:
    """The templates of ``folder`` and the shared ones, with escaping on and no undefined names."""
    made = Environment(
        loader=FileSystemLoader([folder, _SHARED]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["svg"] = _drawing
    made.filters["grouped"] = "{:,}".format
    return made


def _drawing(drawing: str) -> Markup:
    """One of our own drawings, whose texts are escaped already; within HTML it needs no namespace."""
    return Markup(drawing.replace(' xmlns="http://www.w3.org/2000/svg"', "", 1))  # noqa: S704


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8").strip()


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
