"""The colours of the page, once for light, once for dark: those of the evidence report, so that the two read as one.

Green, amber and red only ever stand beside a word and a shape.
"""

from __future__ import annotations

from collections.abc import Mapping

LIGHT: Mapping[str, str] = {
    "page": "#fbfaf8",
    "surface": "#ffffff",
    "sunken": "#f3f1ed",
    "ink": "#1b1e22",
    "muted": "#59616a",
    "line": "#dedad3",
    "accent": "#0b5f7a",
    "real": "#a9a69f",
    "realline": "#6d6a64",
    "pass": "#1d6a43",
    "fail": "#a52a21",
    "failtint": "#fbf0ee",
    "warn": "#7d5300",
    "warntint": "#fbf5e6",
    "onfill": "#ffffff",
}

DARK: Mapping[str, str] = {
    "page": "#131619",
    "surface": "#1a1e22",
    "sunken": "#22272c",
    "ink": "#e7e8e9",
    "muted": "#a6aeb6",
    "line": "#343a41",
    "accent": "#74c6e0",
    "real": "#6b7178",
    "realline": "#989ea5",
    "pass": "#83cb9d",
    "fail": "#f39a90",
    "failtint": "#2c1e1e",
    "warn": "#e3b866",
    "warntint": "#2a2519",
    "onfill": "#14171a",
}

TEXT_PAIRS = tuple(
    (ink, ground)
    for ink in ("ink", "muted", "accent", "pass", "fail", "warn")
    for ground in ("page", "surface", "sunken", "failtint", "warntint")
)
FILL_PAIRS = (("onfill", "fail"), ("onfill", "accent"))
"""Foreground on background; WCAG 2.2 AA asks 4.5 : 1 of text."""

MARK_PAIRS = (("realline", "page"), ("accent", "page"), ("fail", "page"))
"""Marks of a drawing; 3 : 1 is asked of them."""


def stylesheet_colours() -> str:
    """Both sets as CSS custom properties: the reader's choice first, then the system's, light on paper."""
    light, dark = _variables(LIGHT), _variables(DARK)
    return (
        f":root{{color-scheme:light;{light}}}"
        f":root[data-theme=dark]{{color-scheme:dark;{dark}}}"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}"
        f"@media print{{:root,:root:not([data-theme=light]),:root[data-theme=dark]{{color-scheme:light;{light}}}}}"
    )


def _variables(colours: Mapping[str, str]) -> str:
    return "".join(f"--{name}:{value};" for name, value in colours.items())
