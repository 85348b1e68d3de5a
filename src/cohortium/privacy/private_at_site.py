"""Algorithms that hide persons before anything leaves a site, and what that costs the site's budget."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol, runtime_checkable

from cohortium.privacy.accounting import epsilon_of
from cohortium.records import Algorithm, State, Sums


@dataclass(frozen=True, slots=True)
class SiteCost:
    """The cost of all that leaves a site in a whole run.

    rho   : to be charged before the first step (``sampled_accounting``).
    delta : at which its epsilon is stated.
    """

    rho: Fraction
    delta: float

    @property
    def epsilon(self) -> float:
        """What the run costs by itself, in the words of (epsilon, delta)-differential privacy."""
        return epsilon_of(float(self.rho), self.delta)


@runtime_checkable
class PrivateAtSite(Protocol):
    """An algorithm whose ``local``, under some settings, adds noise of its own to all that it returns."""

    def site_cost(self) -> SiteCost | None:
        """The cost of a run, from the settings alone; None where they add no noise at the sites."""
        ...

    def empty_sums(self, state: State) -> Sums:
        """Sums as they look at every site, without records and without noise, which a hub need not draw."""
        ...

    def check_step(self, number: int, state: State) -> None:
        """Raises ProtocolViolation where the state is not what the cost counts for the step of that number."""
        ...


def site_cost(algorithm: Algorithm) -> SiteCost | None:
    """What a run costs every site, where the algorithm adds noise there; None where it does not."""
    return algorithm.site_cost() if isinstance(algorithm, PrivateAtSite) else None
