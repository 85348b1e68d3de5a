"""The look of the marks: one set of rules, filled with CSS variables for the page or with plain colours for print."""

from __future__ import annotations

from collections.abc import Callable

_RULES = """
.chart text{font-family:%(font)s;font-size:12px;fill:%(ink)s}
.chart .head{font-weight:600}
.chart .tick,.chart .note{font-size:11px;fill:%(muted)s}
.chart .small{font-size:10px;fill:%(muted)s}
.chart .good{fill:%(pass)s}
.chart .bad{fill:%(fail)s}
.chart path{fill:none}
.chart .grid{stroke:%(line)s;stroke-width:1}
.chart .axis{stroke:%(realline)s;stroke-width:1}
.chart .frame{stroke:%(line)s;stroke-width:1}
.chart .zone{fill:%(fail)s;fill-opacity:.09}
.chart .safe{fill:%(sunken)s}
.chart .limit{stroke:%(fail)s;stroke-width:1.5}
.chart .best{stroke:%(realline)s;stroke-width:1;stroke-dasharray:2 3}
.chart .range{stroke:%(accent)s;stroke-width:2;stroke-linecap:round}
.chart .range-fail{stroke:%(fail)s;stroke-width:2;stroke-linecap:round}
.chart .range-info{stroke:%(realline)s;stroke-width:2;stroke-linecap:round}
.chart .dot{fill:%(accent)s}
.chart .dot-fail{fill:%(fail)s}
.chart .dot-info{fill:%(realline)s}
.chart .reference{stroke:%(ink)s;stroke-width:1.5;fill:none}
.chart .real{fill:%(real)s}
.chart .real-line{stroke:%(realline)s;stroke-width:2;stroke-linejoin:round}
.chart .real-band{fill:%(real)s;fill-opacity:.3}
.chart .synthetic{fill:%(accent)s}
.chart .synthetic-line{stroke:%(accent)s;stroke-width:2;stroke-linejoin:round}
.chart .synthetic-band{fill:%(accent)s;fill-opacity:.14}
.chart .synthetic-tick{stroke:%(accent)s;stroke-width:3}
.chart .holdout-line{stroke:%(ink)s;stroke-width:1.5;stroke-dasharray:5 3;stroke-linejoin:round}
.chart .chance{stroke:%(realline)s;stroke-width:1;stroke-dasharray:2 3}
.chart .mark{stroke:%(realline)s;stroke-width:1;stroke-dasharray:4 3}
.chart .plus{fill:%(accent)s}
.chart .minus{fill:%(contrast)s}
.chart .first{stroke:%(accent)s;stroke-width:2;stroke-linejoin:round}
.chart .second{stroke:%(contrast)s;stroke-width:2;stroke-linejoin:round}
.chart .third{stroke:%(ink)s;stroke-width:1.5;stroke-linejoin:round}
.chart .fourth{stroke:%(realline)s;stroke-width:2;stroke-dasharray:6 3;stroke-linejoin:round}
.chart .fifth{stroke:%(accent)s;stroke-width:1.5;stroke-dasharray:2 2;stroke-linejoin:round}
"""

NAMES = (
    "ink", "muted", "line", "accent", "real", "realline", "contrast", "pass", "fail", "sunken",
)  # fmt: skip


def style(colour: Callable[[str], str], font: str) -> str:
    """The rules as CSS text; ``colour`` turns a name of the palette into a CSS value."""
    values = {name: colour(name) for name in NAMES} | {"font": font}
    return (_RULES % values).strip()
