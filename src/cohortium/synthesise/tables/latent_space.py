"""Where the columns of a table lie in the space of normal scores, and the way there and back.

A number, an ordered column or one of two levels takes one dimension. A nominal column of more levels takes one
dimension, a utility, per level but the most frequent: the highest utility above 0 is chosen, the most frequent level
where none is. A pattern of missing values takes one dimension, shared by the columns that are missing together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.numerics.latent_draws import REFERENCE, UNKNOWN
from cohortium.numerics.normal_scores import normal_cdf, normal_quantile
from cohortium.records import Table
from cohortium.synthesise.tables.marginal_codec import Marginal, edges_of
from cohortium.synthesise.tables.marginal_learning import Persons

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

FINE = 0.02
"""An interval of normal scores narrower than this counts as a point."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One dimension: a column's value, a level's utility, or whether columns are missing.

    columns : places of the columns that it is about (several only where they are missing together).
    slot    : for a utility, its number among those of the column, from 1; otherwise 0.
    """

    kind: str
    columns: tuple[int, ...]
    slot: int = 0


@dataclass(frozen=True, slots=True)
class LatentSpace:
    marginals: tuple[Marginal, ...]
    axes: tuple[Axis, ...]
    slots: dict[int, Integers]   # column -> slot of each level
