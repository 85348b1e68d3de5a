"""Principal components from noisy products, and which of them noise cannot have made.

Source : Dwork, Talwar, Thakurta & Zhang 2014, STOC, 11 (Analyze Gauss); directions: Davis & Kahan 1970.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import TooFewRecords

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cohortium.analyse.noise.gram import NoisyGram
    from cohortium.records import State

    Reals = NDArray[np.float64]

NOTE = (
    "The sums carry noise that hides any single person. Of each person one complete row counts, with numbers within "
    "their plausible ranges; rows far from the mean weigh less, so that variances come out somewhat small."
)


def noisy_covariance(gram: NoisyGram, state: State, names: Sequence[str]) -> tuple[Reals, Reals]:
    """Means (p,) and covariance (p, p) of the columns in their own units.

    Raises : TooFewRecords where noise leaves nothing of the variance of a column.
    """
    lost = np.diag(gram.covariance) <= max(2.0 * gram.noise / gram.weight, 1e-12)
    if lost.any():
        gone = ", ".join(name for name, is_lost in zip(names, lost, strict=True) if is_lost)
        raise TooFewRecords(f"Noise leaves nothing of the variance of {gone}. Leave it out, or ask for more epsilon.")
    unit = state.arrays["half"] * state.arrays["scale"]
    centre = state.arrays["middle"] + state.arrays["half"] * state.arrays["centre"] + unit * gram.means
    return centre, gram.covariance * np.outer(unit, unit)


def axes_notes(gram: NoisyGram, values: Reals, unit: Reals) -> list[str]:
    """What noise did to the components.

    values : variances (p,), largest first. unit : (p,), of a column of the decomposed matrix in those of the products.
    """
    size = 2.0 * math.sqrt(len(values)) * gram.noise / gram.weight * float(np.max(unit) ** 2)
    gaps = values[:-1] - values[1:]
    near = np.minimum(np.append(np.inf, gaps), np.append(gaps, np.inf)) < size
    if not near.any():
        return [NOTE]
    named = ", ".join(f"PC{place + 1}" for place in np.flatnonzero(near))
    return [NOTE, f"The directions of {named} are not to be relied on: their variances differ by less than the noise."]
