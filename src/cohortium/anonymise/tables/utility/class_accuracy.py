"""Class accuracy: how well a column is guessed from what is told of the quasi-identifiers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cohortium.anonymise.tables.models.protocol import Classes
from cohortium.errors import NotApplicable


@dataclass(frozen=True, slots=True)
class ClassAccuracy:
    """Share of rows whose value is the most frequent of their class.

    within   : guessing the most frequent value of the class.
    baseline : guessing the most frequent value of all rows that leave.
    rows     : that leave.
    """

    within: float
    baseline: float
    rows: int


def class_accuracy(classes: Classes, column: str) -> ClassAccuracy:
    """Of the classes that leave, how well ``column`` is guessed from them.

    Guesses are judged on the rows that they come from: classes of few rows look good. It serves to compare a release
    with the table that it was made from (1 less the classification metric), not to promise a model's accuracy.

    Raises : NotApplicable where nothing leaves.
    Source : Iyengar 2002, KDD, section 3 (classification metric), here of the rows that leave.
    """
    held = classes.sensitive(column)
    rows = int(held.sum())
    if rows == 0:
        raise NotApplicable("Nothing leaves, so nothing can be guessed from it.")
    return ClassAccuracy(float(held.max(axis=1).sum() / rows), float(np.max(held.sum(axis=0)) / rows), rows)
