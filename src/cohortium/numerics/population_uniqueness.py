"""How many persons of a population stand alone, estimated from the sizes of the classes in a sample of it.

A class holds the persons who share some values. ``sizes`` (c,) are the persons of every class of the sample, and the
sample is taken to be a random one. Every function gives the share of the population's persons who are alone in their
class, from 0 to 1; of a sample without anybody alone it says 0.

Source : Dankar, El Emam, Neisa and Roffey 2012, BMC Medical Informatics and Decision Making 12:66.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.errors import InvalidRequest, NotApplicable
from cohortium.numerics.ewens_pitman import fit_ewens_pitman
from cohortium.numerics.slide_negative_binomial import fit_slide_negative_binomial

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Sizes = NDArray[np.integer[Any]]
    Reals = NDArray[np.float64]

SMALL_SAMPLE = 0.1
"""Up to this share of the population, Pitman's model is the one to use."""


def dankar(sizes: Sizes, population: int) -> float:
    """By the rule that did best on real tables: Pitman's for a small sample, the lower of the two others for a large.

    Where Pitman's or the slide negative binomial model does not fit, Zayatz's takes its place.

    population : persons of it.
    """
    first = pitman if sizes.sum() <= SMALL_SAMPLE * population else snb
    zayatz_says = zayatz(sizes, population)
    try:
        found = first(sizes, population)
    except NotApplicable:
        return zayatz_says
    return found if first is pitman else min(found, zayatz_says)


def zayatz(sizes: Sizes, population: int) -> float:
    """As if the classes of the population had the sizes of those of the sample, to turn the chances around with.

    population : persons of it.
    Source     : Zayatz 1991, US Bureau of the Census, Statistical Research Division Report 91/08.
    """
    values, classes = _counted(sizes, population)
    if values[0] > 1:
        return 0.0
    sampled = int(sizes.sum())
    once = classes * np.array([_drawn_once(int(size), population, sampled) for size in values])
    return float(classes[0] * once[0] / once.sum() / sampled)


def pitman(sizes: Sizes, population: int) -> float:
    """By the Ewens-Pitman model, its parameters those of greatest likelihood.

    population : persons of it.
    Raises     : NotApplicable where the likelihood has no greatest value.
    """
    values, classes = _counted(sizes, population)
    return 0.0 if values[0] > 1 else fit_ewens_pitman(values, classes).alone(population) / population


def snb(sizes: Sizes, population: int) -> float:
    """By the slide negative binomial model: every class has one person and a negative binomial number of others.

    population : persons of it.
    Raises     : NotApplicable where the model does not fit.
    """
    values, classes = _counted(sizes, population)
    fraction = float((values * classes).sum()) / population
    if values[0] > 1 or fraction == 1:
        return float(classes[0]) / population if values[0] == 1 else 0.0
    return min(fit_slide_negative_binomial(values, classes, fraction).alone / population, 1.0)


def _counted(sizes: Sizes, population: int) -> tuple[Reals, Reals]:
    """The sizes that occur, ascending, and how many classes have each."""
    if not len(sizes) or sizes.min() < 1:
        raise InvalidRequest("An estimate needs classes, each of at least one person.")
    if population < sizes.sum():
        raise InvalidRequest(
            f"The population must have at least the {int(sizes.sum()):,} persons of the table, not {population:,}."
        )
    values, classes = np.unique(sizes, return_counts=True)
    return values.astype(np.float64), classes.astype(np.float64)


def _drawn_once(size: int, population: int, sampled: int) -> float:
    """Chance that a random sample holds exactly one person of a class of this size."""
    others = population - sampled
    if size - 1 > others:
        return 0.0
    left = math.lgamma(others + 1) - math.lgamma(others - size + 2)
    there = math.lgamma(population) - math.lgamma(population - size + 1)
    return size * sampled / population * math.exp(left - there)
