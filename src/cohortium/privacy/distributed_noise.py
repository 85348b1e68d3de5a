"""Noise inside a secure sum: every site adds its share before masking, so nobody ever sees the sum without noise.

Sums become whole numbers of a step that is fine beside the noise. Each site adds discrete Gaussian noise to its own, of
such a variance that those sites that must remain have enough between them.
Source : Kairouz, Liu & Steinke 2021, The Distributed Discrete Gaussian Mechanism for Federated Learning with Secure
         Aggregation, arXiv 2102.06387; without its rotation, since sums have few entries and known bounds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.errors import InvalidRequest, NotApplicable
from cohortium.privacy.distributed_accounting import rho_of_sum, sensitivity_in_units, share_variance
from cohortium.privacy.secure_noise import Noise, discrete_gaussian
from cohortium.records import Sums
from cohortium.records.sums import Layout

if TYPE_CHECKING:
    from numpy.typing import NDArray

FINE = 10
"""A step is the sensitivity over about 2 ** FINE: far below any noise worth having."""


@dataclass(frozen=True, slots=True)
class ArrayNoise:
    """Noise on one array.

    step     : value of one unit; a power of two, 1 for counts.
    variance : of one site's noise, in units squared; 0 where no person can change the array.
    rho      : what the total of the array costs.
    """

    step: float
    variance: Fraction
    rho: Fraction


@dataclass(frozen=True, slots=True)
class NoisePlan:
    """What every site adds, agreed on before any record is read.

    arrays  : array -> its noise; the layout's arrays, all of them.
    sites   : how many add noise.
    honest  : how many of them must remain, and keep their noise to themselves, for the promise to hold.
    persons : most persons that one site may have; keeps sums of floating-point numbers exact to half a unit.
    """

    arrays: Mapping[str, ArrayNoise]
    sites: int
    honest: int
    persons: int

    @property
    def rho(self) -> Fraction:
        """What the whole step costs, for the ledger."""
        return sum((one.rho for one in self.arrays.values()), Fraction(0))

    def deviation(self, name: str, sites: int | None = None) -> float:
        """Standard deviation of the noise in the total of an array, in its own unit, when this many sites took part."""
        one = self.arrays[name]
        return one.step * math.sqrt(float(one.variance) * (self.sites if sites is None else sites))

    def words(self, sums: Sums, noise: Noise) -> Sums:
        """One site's sums as noisy whole numbers (int64 throughout): ready to be masked and added.

        sums   : of clipped records (see ``sensitivity.Bounded``).
        noise  : the secure source; a seeded one only in tests.
        Raises : InvalidRequest where the site has more persons than the plan allows; NotApplicable where the sums
                 hold an array without a plan.
        """
        if sums.persons > self.persons:
            raise InvalidRequest(f"This plan is for up to {self.persons:,} persons a site; plan for more.")
        unplanned = sorted(set(sums) - set(self.arrays))
        if unplanned:
            raise NotApplicable(f"Nothing bounds what one person adds to {unplanned}; they cannot leave in mode 'dp'.")
        made = {}
        for name, values in sums.items():
            one = self.arrays[name]
            made[name] = np.rint(values / one.step).astype(np.int64)
            if one.variance > 0 and values.size:
                made[name] = made[name] + discrete_gaussian(one.variance, values.size, noise).reshape(values.shape)
        return Sums(made)

    def total(self, words: Mapping[str, NDArray[Any]], layout: Layout, sites: int | None = None) -> Sums:
        """The noisy sums over all sites from the total of their words; counts may come out below 0.

        sites : how many took part, and so how much noise there is; all where None.
        """
        values = {}
        for name, dtype, shape, _ in layout:
            whole = np.asarray(words[name]).astype(np.int64).reshape(shape)
            values[name] = whole if np.dtype(dtype).kind == "i" else whole * self.arrays[name].step
        noise = {name: self.deviation(name, sites) for name in values if self.arrays[name].variance > 0}
        return Sums(values, noise=noise)


def plan_noise(
    layout: Layout,
    sensitivity: Mapping[str, float],
    rho: Fraction,
    *,
    weights: Mapping[str, float] = MappingProxyType({}),
    sites: int,
    dropouts: int = 0,
    colluding: int = 0,
    persons: int = 1_000_000,
) -> NoisePlan:
    """Noise with which the totals over all sites cost at most ``rho``.

    layout      : of the sums, which is the same at all sites.
    sensitivity : array -> L2 norm of what one person can change (``sensitivity.Bounded``).
    weights     : array -> its part of ``rho`` beside the others' (``sensitivity.Weighing``); 1 where it is left out.
    dropouts    : sites that may be missing from the total.
    colluding   : sites that may tell the hub their own noise.
    Raises      : NotApplicable where an array has no sensitivity; InvalidRequest where no site is left to rely on.
    """
    honest = sites - dropouts - colluding
    if honest < 1 or rho <= 0:
        raise InvalidRequest(
            f"Of {sites} sites, {dropouts} may drop out and {colluding} collude: at least one must be left, and rho "
            "must be above 0."
        )
    unbounded = sorted({name for name, *_ in layout} - set(sensitivity))
    if unbounded:
        raise NotApplicable(f"Nothing bounds what one person adds to {unbounded}; they cannot leave in mode 'dp'.")
    if not all(0 <= sensitivity[name] < math.inf for name, *_ in layout):  # NaN would pass for 0, and need no noise
        raise NotApplicable("What one person adds to the sums is not a finite number; they cannot leave in mode 'dp'.")
    changed = [name for name, _, shape, _ in layout if sensitivity[name] > 0 and math.prod(shape) > 0]
    parts = {name: Fraction(weights.get(name, 1.0)) for name in changed}
    if any(part <= 0 for part in parts.values()):
        raise InvalidRequest("Every array that a person can change needs a weight above 0: none leaves without noise.")
    all_parts = sum(parts.values(), Fraction(0))
    arrays = {}
    for name, dtype, shape, _ in layout:
        whole = np.dtype(dtype).kind == "i"
        step = 1.0 if whole else _step(sensitivity[name], persons)
        variance = Fraction(0)
        cost = Fraction(0)
        if name in changed:
            dimension = math.prod(shape)
            units = sensitivity[name] if whole else sensitivity_in_units(sensitivity[name], step, dimension)
            variance = share_variance(rho * parts[name] / all_parts, units, honest, dimension)
            cost = rho_of_sum(units, variance, honest, dimension)
        arrays[name] = ArrayNoise(step, variance, cost)
    return NoisePlan(arrays, sites, honest, persons)


def _step(sensitivity: float, persons: int) -> float:
    """A power of two near sensitivity / 2 ** FINE, yet above the error of adding up ``persons`` numbers."""
    if sensitivity <= 0:
        return 2.0**-FINE
    error = persons**2 * sensitivity * 2.0**-52  # n - 1 additions, each off by half an ulp of at most n numbers
    return float(2.0 ** max(math.floor(math.log2(sensitivity)) - FINE, math.ceil(math.log2(2 * error))))
