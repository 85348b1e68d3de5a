"""What it costs to show a sum to which every site has added discrete Gaussian noise of its own.

A sum of discrete Gaussians is no discrete Gaussian; how far it is from one is the ``correction``, tau in the paper.
Source : Kairouz, Liu & Steinke 2021, The Distributed Discrete Gaussian Mechanism for Federated Learning with Secure
         Aggregation, arXiv 2102.06387, proposition 14 and theorem 1.
"""

from __future__ import annotations

import math
from fractions import Fraction

from cohortium.errors import InvalidRequest
from cohortium.privacy.secure_noise import few_digits

SMALLEST_VARIANCE = Fraction(1, 4)
"""Of one site's noise; the paper's bound holds from a standard deviation of one half on."""
_GRID = 1 << 40  # costs are rounded up to whole multiples of 1 / _GRID, so that a ledger's fractions stay short
_DIGITS = 1 << 10  # a budget is at least this many steps of the grid
_SLACK = 1 + 1e-9  # more than the rounding of any formula below


def correction(variance: Fraction, sites: int) -> float:
    """Tau: how far the sum of ``sites`` discrete Gaussians is from one discrete Gaussian; rounded up.

    Source : Kairouz, Liu & Steinke 2021, theorem 1: 10 times the sum over k = 1 ... n - 1 of
             exp(-2 pi ** 2 variance k / (k + 1)).
    """
    exponents = [-2 * math.pi**2 * float(variance) * k / (k + 1) for k in range(1, sites)]
    terms = [math.exp(exponent) for exponent in exponents]
    return 10 * math.fsum(terms) * _SLACK + (5e-300 if sites > 1 else 0.0)  # what underflows is still not 0


def rho_of_sum(sensitivity: float, variance: Fraction, sites: int, dimension: int) -> Fraction:
    """Cost of showing ``dimension`` whole numbers under the noise of ``sites`` sites; rounded up.

    sensitivity : L2 norm, in units, of what one person can change.
    variance    : of one site's noise; further sites' noise only helps.
    Raises      : InvalidRequest below ``SMALLEST_VARIANCE``, where the bound does not hold.
    Source      : Kairouz, Liu & Steinke 2021, proposition 14: Renyi divergence of order alpha at most
                  min(alpha d ** 2 / (2 n s ** 2) + tau p, alpha / 2 (d / (sqrt(n) s) + tau sqrt(p)) ** 2), for
                  sensitivity d, n sites of variance s ** 2, p numbers; both are at most alpha times what is returned.
    """
    if variance < SMALLEST_VARIANCE:
        raise InvalidRequest(f"Each site's noise needs a variance of at least {float(SMALLEST_VARIANCE)}.")
    tau = correction(variance, sites)
    plain = sensitivity**2 / (2 * sites * float(variance))
    apart = plain + tau * dimension
    together = (math.sqrt(2 * plain) + tau * math.sqrt(dimension)) ** 2 / 2
    return Fraction(math.ceil(min(apart, together) * _SLACK * _GRID), _GRID)


def share_variance(rho: Fraction, sensitivity: float, sites: int, dimension: int) -> Fraction:
    """Smallest variance of one site's noise, to three digits, at which the total of ``sites`` costs at most ``rho``.

    Raises : InvalidRequest where rho is too small to be accounted for.
    """
    if rho * _GRID < _DIGITS:
        raise InvalidRequest(
            f"A budget of rho {float(rho):.1g} for one array is too small for an answer. Ask for less."
        )
    variance = max(SMALLEST_VARIANCE, few_digits(Fraction(sensitivity) ** 2 / (2 * sites * rho)))
    while rho_of_sum(sensitivity, variance, sites, dimension) > rho:
        variance = few_digits(variance * Fraction(1025, 1024))
    return variance


def sensitivity_in_units(sensitivity: float, step: float, dimension: int) -> float:
    """The sensitivity of sums that were rounded to whole units.

    Each number is off by up to half a unit from rounding, and up to half a unit from the order in which floating-point
    numbers were added (Casacuberta et al. 2022), with and without the person.
    """
    return sensitivity / step * _SLACK + 2.0 * math.sqrt(dimension)
