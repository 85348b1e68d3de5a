"""Products of rows with noise of known size, and what they are good for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import TooFewRecords

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cohortium.records import Sums

    Reals = NDArray[np.float64]

SINGULAR = 1e-9
"""Mean product below which covariates without noise depend on each other."""


@dataclass(frozen=True, slots=True)
class NoisyGram:
    """Products of rows (1, z), in units of their spread.

    whole : (1 + d, 1 + d). noise : standard deviation of that in each product.
    """

    whole: Reals
    noise: float

    @classmethod
    def of(cls, total: Sums) -> NoisyGram:
        """From the total of the products.

        Raises : TooFewRecords where the rows' weight is lost in noise.
        """
        found, noise = symmetric(total["products"]), total.noise.get("products", 0.0)
        if found[0, 0] < max(2.0, 4.0 * noise):
            raise TooFewRecords("The noise outweighs the records. Ask with a larger epsilon, or for fewer columns.")
        return cls(found, noise)

    @property
    def weight(self) -> float:
        """Of all rows."""
        return float(self.whole[0, 0])

    @property
    def means(self) -> Reals:
        """Of the columns (d,)."""
        found: Reals = self.whole[0, 1:] / self.weight
        return found

    @property
    def covariance(self) -> Reals:
        """Of the columns (d, d), with divisor ``weight``."""
        found: Reals = self.whole[1:, 1:] / self.weight - np.outer(self.means, self.means)
        return found

    @property
    def margin(self) -> float:
        """How heavy noise alone could make a direction.

        The largest eigenvalue of symmetric noise is near 2 sqrt(d) times its standard deviation (Wigner 1958).
        """
        return 2.0 * self.noise * math.sqrt(len(self.whole) - 1) + SINGULAR * self.weight

    def ridge(self) -> float:
        """What must be added to the diagonal for every direction to stand out of the noise; 0 where all do."""
        lightest = np.linalg.eigvalsh(self.covariance).min(initial=np.inf)
        return max(0.0, self.margin - self.weight * float(lightest))


def symmetric(upper: Reals) -> Reals:
    """The symmetric matrix whose upper triangle, row by row, is given."""
    size = int((math.sqrt(8 * len(upper) + 1) - 1) / 2)
    found = np.zeros((size, size))
    found[np.triu_indices(size)] = upper
    return found + np.triu(found, 1).T
