"""A class that shares its secret keeps none."""

from __future__ import annotations

import numpy as np
import pytest

from cohortium.anonymise.risk import PersonClasses, single_valued_share

TOWN = np.array([0, 0, 0, 1, 1, 2], dtype=np.int32)


def test_classes_of_one_value_are_counted_in_persons() -> None:
    classes = PersonClasses.of([TOWN])
    illness = np.array([3, 3, 3, 1, 2, 0], dtype=np.int32)
    # The person who stands alone in town 2 is found anyway, which other rows tell.
    assert single_valued_share(classes, illness) == pytest.approx(3 / 6)
    assert single_valued_share(classes, np.arange(6, dtype=np.int32)) == 0.0
    assert single_valued_share(classes, np.zeros(6, dtype=np.int32)) == pytest.approx(5 / 6)


def test_rows_of_one_person_are_no_class_of_several() -> None:
    classes = PersonClasses.of([TOWN], np.array([7, 7, 7, 8, 9, 9]))
    assert single_valued_share(classes, np.zeros(6, dtype=np.int32)) == pytest.approx(2 / 3)
