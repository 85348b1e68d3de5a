"""Decision tree: one tree of yes-or-no questions that a person can read."""

from __future__ import annotations

from dataclasses import dataclass

from cohortium.analyse.trees.forest import Forest
from cohortium.analyse.trees.preparation import COUNTS, LEAVES_SITE
from cohortium.analyse.trees.tree_model import TreeModel
from cohortium.registry import algorithm


@algorithm(
    "decision_tree",
    title="Decision tree",
    leaves_site=LEAVES_SITE,
    source="Breiman et al. 1984, Classification and Regression Trees; follow-up: LeBlanc & Crowley 1992, Biometrics "
    "48, 411; ordered levels: Fisher 1958, JASA 53, 789",
    counts=COUNTS,
    family="trees",
)
@dataclass(frozen=True, slots=True)
class DecisionTree(TreeModel):
    """A tree that foretells a class, a number or a hazard, in as many sums as it is deep, and three more.

    outcome, features : the column to foretell, and those to foretell it from: numbers, dates or nominal ones. Missing
                 values of a feature go to the side where they fit best.
    kind       : "classes", "number", or "follow-up" (``outcome`` is the time).
    event      : the level that counts, where the classes are yes and no, or as the end of a follow-up.
    ended      : of a follow-up, the column that says whether it ended with the event.
    depth, leaves, smallest : largest depth and number of leaves; fewest persons in a leaf, and in a bin of a feature.
    criterion  : of classes, "gini" or "entropy"; numbers are split by variance, follow-up by exponential deviance.
    least_gain : by how much a split must improve the criterion, summed over persons.
    bins       : into how many bins a feature is cut, 64 at most.
    held_out   : share of the persons on whom the tree is judged and from whom it does not learn.
    Raises  : TooFewRecords below twice ``smallest`` persons.
    Reveals : the tree: questions, and per leaf how many persons lie there and their outcome, in sum over all sites;
              whether all persons of a leaf have one class.
    """

    outcome: str
    features: tuple[str, ...]
    kind: str = "classes"
    event: str | None = None
    ended: str | None = None
    depth: int = 4
    leaves: int = 1024
    smallest: int = 10
    criterion: str = "gini"
    least_gain: float = 0.0
    bins: int = 64
    held_out: float = 0.0
    seed: int = 0

    def _engine(self) -> Forest:
        return Forest(
            title="Decision tree",
            preparation=self._preparation(),
            trees=1,
            depth=self.depth,
            leaves=self.leaves,
            criterion=self.criterion,
            features_per_split=len(self.features),
            bootstrap=False,
            least_gain=self.least_gain,
            together=1,
        )
