"""What a strategy is: what a site makes of the weights, and what the hub makes of the sites' mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from cohortium.analyse.neural.learner import Learner

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]
    Arrays = Mapping[str, Reals]

WEIGHTS, UPDATE = "weights", "update"


class Strategy(Protocol):
    """A way of federated optimisation whose sites remember nothing between rounds."""

    def begin(self, weights: Reals) -> dict[str, Reals]:
        """The hub's arrays before the first round, the weights among them."""
        ...

    def personal(self, learner: Learner, arrays: Arrays) -> Reals:
        """All weights as this site uses them: what it descends from, and predicts with."""
        ...

    def at_site(self, learner: Learner, arrays: Arrays, own: Reals) -> dict[str, Reals]:
        """What leaves a site, times its rows: the change of its ``own`` weights, and what else the strategy needs."""
        ...

    def at_hub(self, means: Arrays, arrays: Arrays) -> dict[str, Reals]:
        """The hub's arrays after a round, from the means over all sites' rows."""
        ...
