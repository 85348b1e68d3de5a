"""FedProx: federated averaging whose sites are held back by a spring to the weights that came.

Source : Li et al. 2020, Federated Optimization in Heterogeneous Networks, equation 2 and algorithm 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cohortium.analyse.neural.fed_avg import FedAvg
from cohortium.analyse.neural.framework import torch
from cohortium.analyse.neural.learner import Learner
from cohortium.analyse.neural.strategy import UPDATE

if TYPE_CHECKING:
    from cohortium.analyse.neural.strategy import Arrays, Reals


@dataclass(frozen=True, slots=True)
class FedProx:
    """Federated averaging where half ``proximal`` times the squared distance is added to each site's loss."""

    average: FedAvg
    proximal: float

    def begin(self, weights: Reals) -> dict[str, Reals]:
        """As in federated averaging."""
        return self.average.begin(weights)

    def at_site(self, learner: Learner, arrays: Arrays, own: Reals) -> dict[str, Reals]:
        """How far the held-back descent led."""
        came = own.copy()  # PyTorch shares memory, and wants it writable
        return {UPDATE: learner.descend(own, lambda at: self.proximal * (at - torch().from_numpy(came))) - own}

    def at_hub(self, means: Arrays, arrays: Arrays) -> dict[str, Reals]:
        """As in federated averaging."""
        return self.average.at_hub(means, arrays)

    def personal(self, learner: Learner, arrays: Arrays) -> Reals:
        """The shared weights."""
        return self.average.personal(learner, arrays)
