"""How much better an attack does on training persons than on persons who were held out."""

from __future__ import annotations

import math

from cohortium.numerics.intervals import Interval, wilson
from cohortium.records import Score


def residual_risk(successes: float, control: float, attacks: int, grown: float = 1.0) -> Score:
    """Share of the attacks that succeed only because their targets were in the training table; 0 is none.

    successes, control : of ``attacks`` guesses, how many were right for training and for held-out persons.
    grown              : factor by which ``control`` was scaled up from what was seen; its error grows as much.
    Source             : Giomi et al. 2023 (Anonymeter): (rate - control) / (1 - control), both rates and
                         their errors by Wilson, values below 0 shown as 0.
    """
    rate, rate_error = _centred(successes, attacks)
    chance, chance_error = _centred(min(control, attacks), attacks)
    chance_error *= max(grown, 1.0)
    risk = (rate - chance) / (1 - chance)
    error = math.hypot(rate_error / (1 - chance), chance_error * (rate - 1) / (1 - chance) ** 2)
    low, value, high = (min(max(bound, 0.0), 1.0) for bound in (risk - error, risk, risk + error))
    detail = {"attacks": attacks, "rate": round(successes / attacks, 5), "control_rate": round(control / attacks, 5)}
    return Score(value, low, high, n=attacks, detail=detail)


def _centred(successes: float, n: int) -> tuple[float, float]:
    found: Interval = wilson(successes, n)
    return (found.low + found.high) / 2, (found.high - found.low) / 2
