"""Gradient boosting: small trees, each learning from what those before it got wrong."""

from __future__ import annotations

from dataclasses import dataclass

from cohortium.analyse.trees.boosting import Boosting
from cohortium.analyse.trees.preparation import COUNTS, LEAVES_SITE
from cohortium.analyse.trees.tree_model import TreeModel
from cohortium.registry import algorithm


@algorithm(
    "gradient_boosting",
    title="Gradient boosting",
    leaves_site=LEAVES_SITE,
    source="Friedman 2001, Ann. Stat. 29, 1189; Chen & Guestrin 2016 (XGBoost), KDD; summed histograms as in Li et al. "
    "2020, AAAI 34, 4642; follow-up: Holford 1980, Biometrics 36, 299 (Cox as Poisson over intervals of time)",
    counts=COUNTS,
    family="trees",
)
@dataclass(frozen=True, slots=True)
class GradientBoosting(TreeModel):
    """Boosted trees that foretell a class, a number, a count or a hazard, with one sum for each level of each tree.

    outcome, features, event, ended : as in ``DecisionTree``.
    kind     : "classes", "number", "count", or "follow-up": Poisson's likelihood with a baseline hazard that is
               constant within up to 250 intervals of time, which sums as Cox's partial likelihood does not; the
               baseline is the best one for the scores of one round before.
    trees, rate : rounds, with a tree for each of several classes; what of each step is taken.
    depth, leaves : largest depth and number of leaves of a tree.
    smallest : fewest persons in a leaf, and in a bin of a feature.
    l2, least_weight, least_gain : shrinkage of leaves, fewest Hessian in a leaf, least gain of a split.
    row_share, feature_share : what of persons and features each round draws.
    rising, falling : numbers with which the answer may only rise, or fall.
    held_out, patience : share of persons who are only judged by; rounds without improvement for them after which
               growth ends, at the best round; 0 for never.
    Raises  : TooFewRecords below twice ``smallest`` persons.
    Reveals : the trees, with persons and step of each leaf in sum over all sites, and the deviance after each round.
    """

    outcome: str
    features: tuple[str, ...]
    kind: str = "classes"
    event: str | None = None
    ended: str | None = None
    trees: int = 100
    rate: float = 0.1
    depth: int = 4
    leaves: int = 1024
    smallest: int = 10
    l2: float = 1.0
    least_weight: float = 1e-3
    least_gain: float = 0.0
    row_share: float = 1.0
    feature_share: float = 1.0
    rising: tuple[str, ...] = ()
    falling: tuple[str, ...] = ()
    bins: int = 64
    held_out: float = 0.0
    patience: int = 0
    seed: int = 0

    def _engine(self) -> Boosting:
        return Boosting(
            self._preparation(),
            self.trees,
            self.rate,
            self.depth,
            self.leaves,
            self.l2,
            self.least_weight,
            self.least_gain,
            self.row_share,
            self.feature_share,
            self.rising,
            self.falling,
            self.patience,
        )
