"""The prediction that utility is judged by: which column, from which others, and of what kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import NotApplicable, TooFewRecords
from cohortium.evaluate.comparison import Comparison
from cohortium.records import Role, Schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cohortium.numerics.boosting import Task

MOST_CLASSES = 20
FEWEST_ROWS = 20


@dataclass(frozen=True, slots=True)
class Records:
    """Rows of one table with a known target.

    X, y : features (n, p), and 0 or 1, class numbers, or values (n,).
    kept : which rows of the table these are.
    """

    X: NDArray[np.float64]
    y: NDArray[np.float64]
    kept: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Prediction:
    """Predict one column from the others.

    target   : its name.
    kind     : "binary", "multiclass" or "regression".
    classes  : the codes that count as class 0, 1, ...; empty for a regression.
    features : (p,) which modelled columns predict; ``nominal`` (p,) True where they hold codes.
    """

    target: str
    kind: Task
    place: int
    classes: NDArray[np.float64]
    features: NDArray[np.int64]
    nominal: NDArray[np.bool_]

    def records(self, matrix: NDArray[np.float64]) -> Records:
        """The rows of a table's matrix whose target is known and, in a classification, a class of the real table."""
        values = matrix[:, self.place]
        if self.kind == "regression":
            kept = np.flatnonzero(np.isfinite(values))
            y = values[kept]
        else:
            kept = np.flatnonzero(np.isin(values, self.classes))
            y = np.searchsorted(self.classes, values[kept]).astype(np.float64)
        return Records(matrix[np.ix_(kept, self.features)], y, kept)

    def held_out(self, pair: Comparison) -> Records:
        """The held-out persons.

        Raises : NotApplicable without any; TooFewRecords below 20 with a known target.
        """
        found = self.records(pair.holdout_matrix)
        if len(found.y) < FEWEST_ROWS:
            raise TooFewRecords(
                f"Utility needs {FEWEST_ROWS} held-out persons with a known '{self.target}'; there are {len(found.y)}."
            )
        return found


def target_name(schema: Schema, asked: str | None) -> str:
    """The column to predict: the one asked for, else the schema's outcome, else its event.

    Raises : NotApplicable where there is none.
    """
    outcome = schema.only(Role.OUTCOME) or schema.only(Role.EVENT)
    if asked is None and outcome is None:
        raise NotApplicable("Name a column to predict: no target was given, and the schema marks no outcome.")
    return asked if asked is not None else outcome.name if outcome is not None else ""


def prediction(pair: Comparison) -> Prediction:
    """The prediction that this comparison is judged by.

    Two classes or values make a binary task, up to twenty levels a multiclass one, other numbers a regression. Time
    under observation never predicts the event, which it would give away.
    Raises : NotApplicable without a target, for a target of one value or of more than twenty levels, or without a
             feature; TooFewRecords below 20 real rows with a known target.
    """
    schema, names = pair.real.schema, pair.encoded.names
    target = target_name(schema, pair.target)
    if target not in names:
        raise NotApplicable(f"The target '{target}' is not a column that both tables have and a model may use.")
    place = names.index(target)
    hidden = {target}
    if schema[target].has_role(Role.EVENT):
        hidden |= {column.name for column in schema.with_role(Role.TIME)}
    features = np.array([i for i, name in enumerate(names) if name not in hidden], dtype=np.int64)
    if not len(features):
        raise NotApplicable(f"There is no column to predict '{target}' from.")
    known = pair.real_matrix[:, place]
    known = known[np.isfinite(known)]
    if len(known) < FEWEST_ROWS:
        raise TooFewRecords(f"Utility needs {FEWEST_ROWS} real rows with a known '{target}'; there are {len(known)}.")
    values = np.unique(known)
    if len(values) < 2:
        raise NotApplicable(f"The target '{target}' has one value in the real table; there is nothing to predict.")
    if pair.encoded.nominal[place] and len(values) > MOST_CLASSES:
        raise NotApplicable(f"The target '{target}' has {len(values)} levels; at most {MOST_CLASSES} can be judged.")
    kind: Task = "regression"
    if len(values) == 2:
        kind = "binary"
    elif pair.encoded.nominal[place]:
        kind = "multiclass"
    classes = values if kind != "regression" else np.empty(0)
    return Prediction(target, kind, place, classes, features, pair.encoded.nominal[features])
