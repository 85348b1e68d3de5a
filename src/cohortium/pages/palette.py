"""The colours of every page, once for light, once for dark; every pair that carries text meets WCAG 2.2 AA.

One accent, for what a page is about and for links; what it is held against is grey. Green, amber and red only ever
stand beside a word and a shape.
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
    "contrast": "#a4511a",
    "pass": "#1d6a43",
    "fail": "#a52a21",
    "failtint": "#fbf0ee",
    "warn": "#7d5300",
    "warntint": "#fbf5e6",
    "passtint": "#eff6f1",
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
    "contrast": "#e8a06c",
    "pass": "#83cb9d",
    "fail": "#f39a90",
    "failtint": "#2c1e1e",
    "warn": "#e3b866",
    "warntint": "#2a2519",
    "passtint": "#19261f",
    "onfill": "#14171a",
}

# Foreground on background; 4.5 : 1 is asked of text, 3 : 1 of the marks of a chart.
TEXT_PAIRS = (
    *(
        (ink, ground)
        for ink in ("ink", "muted", "accent", "pass", "fail", "warn")
        for ground in ("page", "surface", "sunken", "failtint", "warntint", "passtint")
    ),
    *(("onfill", ground) for ground in ("pass", "fail", "warn", "accent")),
)
MARK_PAIRS = tuple((mark, "page") for mark in ("accent", "realline", "contrast", "pass", "fail", "ink"))


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


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours written #rrggbb, from 1 to 21.

    Source : WCAG 2.2, definitions of contrast ratio and relative luminance.
    """
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
