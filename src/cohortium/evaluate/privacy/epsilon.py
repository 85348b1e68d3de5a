"""The formal guarantee: what is claimed, and what the attacks on this release prove against it."""

from __future__ import annotations

import math

import numpy as np

from cohortium.errors import NotApplicable
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.privacy.attacks import attacks
from cohortium.evaluate.privacy.one_run import lower_bound
from cohortium.evaluate.privacy.roc import Scores
from cohortium.records import Question, Score
from cohortium.registry import metric

GUESSES = ((0.01, False), (0.1, False), (0.1, True), (0.5, True))
"""What the audit guesses, settled before looking: this share of the persons, and whether half of them as outsiders."""


@metric(
    "claimed_epsilon",
    asks=Question.FORMAL,
    title="Claimed epsilon",
    better="lower",
    range=(0.0, math.inf),
    ideal=0.0,
    needs=("guarantee",),
    source="Dwork et al. 2006; the claim is the synthesiser's",
)
def claimed_epsilon(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """How much the presence of one person may change what is released, at most: odds change by at most exp(epsilon)."""
    claim = _formal(pair)
    facts = {"delta": pair.guarantee.delta, "unit": pair.guarantee.unit, "accountant": pair.guarantee.accountant}
    return Score(claim, detail=facts)


@metric(
    "audited_epsilon",
    asks=Question.FORMAL,
    title="Epsilon that attacks on this release prove",
    better="lower",
    range=(0.0, math.inf),
    ideal=0.0,
    needs=("guarantee", "holdout"),
    source="Steinke et al. 2023 (one run); training and held-out persons as coin flips",
)
def audited_epsilon(pair: Comparison, *, rng: np.random.Generator) -> Score:
    """The smallest epsilon that is consistent, at 95 %, with how often attacks guess this release's members rightly.

    0 means that nothing could be proven. Above the claim, the claim is false or the split was not random. The random
    split into trained and held-out persons serves as the audit's coin flips.
    """
    claim = _formal(pair)
    run = pair.once(attacks, rng)
    attempts = {"nearest": run.nearest, "density": run.density}
    flips = len(run.nearest.members) + len(run.nearest.strangers)
    error = 0.05 / (len(attempts) * len(GUESSES))
    best, detail = -1.0, {}
    for name, scores in attempts.items():
        for share, both_ways in GUESSES:
            correct, guesses = guessed(scores, share, both_ways, rng)
            bound = lower_bound(correct, guesses, flips, pair.guarantee.delta or 0.0, error)
            if bound > best:
                best, detail = bound, {"attack": name, "guesses": guesses, "correct": correct, "claim": claim}
    return Score(best, n=flips, detail=detail)


def guessed(scores: Scores, share: float, both_ways: bool, rng: np.random.Generator) -> tuple[int, int]:
    """Right guesses, and guesses: the highest scores as members and, if ``both_ways``, as many lowest as outsiders.

    Ties are broken by lot.
    """
    values = np.concatenate([scores.members, scores.strangers])
    is_member = np.arange(len(values)) < len(scores.members)
    shuffled = rng.permutation(len(values))
    order = shuffled[np.argsort(values[shuffled], kind="stable")]
    each = max(1, round(share * len(values) / (2 if both_ways else 1)))
    right = is_member[order[-each:]].sum() + ((~is_member[order[:each]]).sum() if both_ways else 0)
    return int(right), each * (2 if both_ways else 1)


def _formal(pair: Comparison) -> float:
    if pair.guarantee.epsilon is None:
        raise NotApplicable("The method makes no formal promise; its privacy is shown by attack only.")
    return pair.guarantee.epsilon
