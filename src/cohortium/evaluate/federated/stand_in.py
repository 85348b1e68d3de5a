"""A model that learnt from synthetic persons, asked at each site about real ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np

from cohortium.errors import CohortiumError
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.federated.yardstick import Yardstick
from cohortium.evaluate.utility.models import predicted, train
from cohortium.evaluate.utility.task import Prediction, prediction
from cohortium.numerics.boosting import Booster

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST = 50


@dataclass(frozen=True)
class StandIn:
    """Boosted trees on the synthetic table that predict its outcome's classes.

    Every site learns the same model from the same synthetic rows, so the model itself need not travel; nor need it be
    learnt where nobody is judged by it, as at the hub.
    """

    task: Prediction
    yardstick: Yardstick
    seed: int

    @classmethod
    def of(cls, yardstick: Yardstick, target: str | None, seed: int) -> Self | str:
        """The model, or why there is none."""
        try:
            task = prediction(Comparison(yardstick.twin, yardstick.twin, None, target))
        except CohortiumError as reason:
            return str(reason)
        if task.kind == "regression":
            return f"'{task.target}' is a number; from sums, only the prediction of classes is judged."
        # the places of its levels follow the yardstick, not the table
        known = yardstick.own[:, task.place]
        task = Prediction(task.target, task.kind, task.place, np.unique(known[~np.isnan(known)]), task.features,
                          task.nominal)  # fmt: skip
        return cls(task, yardstick, seed)

    @cached_property
    def model(self) -> Booster:
        """Learnt from the synthetic rows when it is first asked."""
        return train(self.task, self.task.records(self.yardstick.own), np.random.default_rng(self.seed))

    @property
    def questions(self) -> int:
        """One for two classes; otherwise one for each class against all others."""
        return 1 if self.task.kind == "binary" else len(self.task.classes)

    def counted(self, matrix: NDArray[np.float64], bins: int) -> NDArray[np.int64]:
        """(questions, 2, bins) persons outside and inside the class by predicted chance."""
        rows = self.task.records(matrix)
        counts = np.zeros((self.questions, 2, bins), np.int64)
        if not len(rows.y):
            return counts
        chances = predicted(self.task, self.model, rows.X).reshape(len(rows.y), -1)
        cells = np.minimum((chances * bins).astype(np.int64), bins - 1)
        for question in range(self.questions):
            inside = rows.y == (1 if self.questions == 1 else question)
            np.add.at(counts[question], (inside.astype(np.int64), cells[:, question]), 1)
        return counts
