"""Random forest: many trees, each on a draw of persons and features, averaged."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cohortium.analyse.trees.forest import Forest
from cohortium.analyse.trees.preparation import COUNTS, LEAVES_SITE
from cohortium.analyse.trees.target import NUMBER
from cohortium.analyse.trees.tree_model import TreeModel
from cohortium.registry import algorithm


@algorithm(
    "random_forest",
    title="Random forest",
    leaves_site=LEAVES_SITE,
    source="Breiman 2001, Machine Learning 45, 5; draws of persons: Oza & Russell 2001; follow-up: Hothorn et al. "
    "2006, Biostatistics 7, 355, with trees of LeBlanc & Crowley 1992, Biometrics 48, 411",
    counts=COUNTS,
    family="trees",
)
@dataclass(frozen=True, slots=True)
class RandomForest(TreeModel):
    """A forest that foretells a class, a number or a hazard; its trees grow side by side, in as many sums as one.

    trees    : how many.
    features_per_split : features that each node chooses from, drawn anew; the root of their number for classes and
               follow-up, and a third of it for numbers, where None.
    together : trees that grow in the same sums. Each node of each adds its cells, so that fewer make smaller messages
               and more rounds.
    others   : as in ``DecisionTree``.
    Raises  : TooFewRecords below twice ``smallest`` persons.
    Reveals : the trees, with persons and outcome of each leaf in sum over all sites, and how well they foretell for
              persons from whom they did not learn ("unseen": out of the bag, or held out).
    """

    outcome: str
    features: tuple[str, ...]
    kind: str = "classes"
    event: str | None = None
    ended: str | None = None
    trees: int = 100
    depth: int = 6
    leaves: int = 1024
    smallest: int = 10
    features_per_split: int | None = None
    criterion: str = "gini"
    least_gain: float = 0.0
    bins: int = 32
    held_out: float = 0.0
    together: int = 100
    seed: int = 0

    def _engine(self) -> Forest:
        return Forest(
            title="Random forest",
            preparation=self._preparation(),
            trees=self.trees,
            depth=self.depth,
            leaves=self.leaves,
            criterion=self.criterion,
            features_per_split=self._tried(),
            bootstrap=True,
            least_gain=self.least_gain,
            together=self.together,
        )

    def _tried(self) -> int:
        if self.features_per_split is not None:
            return self.features_per_split
        number = len(self.features)
        return max(1, math.ceil(number / 3 if self.kind == NUMBER else math.sqrt(number)))
