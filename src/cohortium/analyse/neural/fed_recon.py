"""Federated reconstruction: the sites share the body of the network, and each learns a head that never leaves it.

FedPer (Arivazhagan et al. 2019, arXiv 1912.00818) keeps each site's last layer at the site from round to round. Here
sites keep no memory: a site learns its head anew from the body that came, always from the same start, and then descends
with the body. The rows that the head is learnt on and those that the body is learnt on are the same.
Source : Singhal et al. 2021, Federated Reconstruction: Partially Local Federated Learning, algorithm 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.analyse.neural.learner import Learner
from cohortium.analyse.neural.strategy import UPDATE, WEIGHTS

if TYPE_CHECKING:
    from cohortium.analyse.neural.strategy import Arrays, Reals


@dataclass(frozen=True, slots=True)
class FedRecon:
    """A body by federated averaging under heads of ``head_steps`` steps on all rows of a site."""

    head_steps: int
    server_rate: float = 1.0

    def begin(self, weights: Reals) -> dict[str, Reals]:
        """The body, and the head that every site's starts from and that is never learnt."""
        return {WEIGHTS: weights}

    def at_site(self, learner: Learner, arrays: Arrays, own: Reals) -> dict[str, Reals]:
        """How far the body's descent led under the site's own head."""
        body = learner.architecture.body
        return {UPDATE: (learner.descend(own, free=slice(0, body)) - own)[:body]}

    def at_hub(self, means: Arrays, arrays: Arrays) -> dict[str, Reals]:
        """A step of the body along the mean."""
        change, weights = means[UPDATE], arrays[WEIGHTS]
        whole = np.concatenate([change, np.zeros(len(weights) - len(change))])
        return {WEIGHTS: weights + self.server_rate * whole}

    def personal(self, learner: Learner, arrays: Arrays) -> Reals:
        """The shared body under the head that this site's rows give."""
        head = slice(learner.architecture.body, None)
        return learner.descend(arrays[WEIGHTS], free=head, steps=self.head_steps)
