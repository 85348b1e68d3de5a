"""Follow-up as survival curves, and attacks as curves of success against false accusations."""

from __future__ import annotations

from typing import Any

from cohortium.evaluate.report import charts
from cohortium.evaluate.report.exhibits.exhibit import Exhibit, key_of

_SAID = {"real": "real persons", "synthetic": "synthetic", "holdout": "held-out persons"}
_ZOOM = 0.05


def follow_up(plot: dict[str, Any]) -> Exhibit:
    """Kaplan-Meier curves of whoever is there."""
    curves = {name: plot[name] for name in _SAID if plot.get(name)}
    return Exhibit(
        "Share of persons still without the event",
        "Kaplan-Meier curves; the bands are 95 % intervals. The synthetic curve should run as near to the real one as "
        "the held-out persons do.",
        (charts.survival(curves, plot.get("unit", "")),),
        1,
        key_of(*((f"{name}-line", _SAID[name]) for name in curves)),
    )


def attacks(plot: dict[str, dict[str, Any]]) -> Exhibit:
    """The strongest attacks on membership, whole and where few are wrongly accused."""
    known = {name: (curve["fpr"], curve["tpr"]) for name, curve in plot.items()}
    curves = {name: known[name] for name in charts.strongest(known)}
    which = f" The {len(curves)} strongest of {len(known)} attacks are drawn." if len(curves) < len(known) else ""
    return Exhibit(
        "How often attackers are right about who was in the data",
        "Share of members found against share of others wrongly accused. First all thresholds; the dotted diagonal is "
        f"blind guessing. Then only what can be said with few false accusations; the mark stands at 1 %.{which}",
        (charts.roc(curves), charts.roc(curves, zoom=_ZOOM)),
        2,
    )
