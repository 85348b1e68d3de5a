"""Spearman's correlation over three sites, from ranks in intervals, beside scipy on the pooled table."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.datasets import load_diabetes
from statsmodels.datasets import fair
from tests.oracle.three_sites import answer, breast_cancer, table_of

from cohortium.analyse import Correlation

BREAST = breast_cancer()[["nodes", "age", "size", "receptors", "time_days"]]
DIABETES = pd.DataFrame(load_diabetes(scaled=False).data[:, [2, 3, 4, 9]], columns=["bmi", "pressure", "s1", "s6"])


def scipys(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    found = [stats.spearmanr(frame[one], frame[other]) for one, other in combinations(frame.columns, 2)]
    return np.array([one.statistic for one in found]), np.array([one.pvalue for one in found])


@pytest.mark.parametrize("frame", [BREAST, DIABETES], ids=["breast cancer", "diabetes"])
@pytest.mark.parametrize("bins", [20, 200])
def test_coarse_ranks_lie_within_their_resolution(frame: pd.DataFrame, bins: int) -> None:
    table = answer(Correlation(tuple(frame.columns), method="spearman", bins=bins), table_of(frame)).frame("pairs")
    gap = np.abs(table.r - scipys(frame)[0])
    assert (gap <= table.resolution + 1e-12).all()
    assert table.resolution.max() < 3.2 / bins
    assert gap.max() < 4 / bins**2 + 1e-12


@pytest.mark.parametrize("frame", [BREAST, DIABETES], ids=["breast cancer", "diabetes"])
def test_as_many_intervals_as_persons_rank_exactly(frame: pd.DataFrame) -> None:
    found = answer(Correlation(tuple(frame.columns), method="spearman", bins=1000), table_of(frame)).frame("pairs")
    r, p = scipys(frame)
    np.testing.assert_allclose(found.r, r, rtol=1e-10)
    np.testing.assert_allclose(found.p, p, rtol=1e-8)
    np.testing.assert_array_equal(found.resolution, 0.0)
    width = 1.959963984540054 * np.sqrt((1 + r**2 / 2) / (len(frame) - 3))
    np.testing.assert_allclose(found.low, np.tanh(np.arctanh(r) - width), rtol=1e-8)
    np.testing.assert_allclose(found.high, np.tanh(np.arctanh(r) + width), rtol=1e-8)


def test_few_distinct_values_are_ranked_exactly_whatever_the_number_of_persons() -> None:
    """6,366 answers on scales of five to twenty steps, halves among them, as numbers and as ordered levels."""
    frame = fair.load_pandas().data[["rate_marriage", "age", "yrs_married", "children", "educ"]]
    names = tuple(frame.columns)
    found = answer(Correlation(names, method="spearman", bins=2), table_of(frame)).frame("pairs")
    assert found.resolution.max() > 0.1
    found = answer(Correlation(names, method="spearman"), table_of(frame)).frame("pairs")
    np.testing.assert_allclose(found.r, scipys(frame)[0], rtol=1e-10)
    np.testing.assert_array_equal(found.resolution, 0.0)


def test_order_of_levels_counts() -> None:
    frame = breast_cancer()[["grade", "nodes"]]
    place = np.array([("I", "II", "III").index(one) for one in frame.grade])
    table = table_of(frame, {"grade": ("I", "II", "III")}, ordinal=("grade",))
    found = answer(Correlation(("grade", "nodes"), method="spearman", bins=1000), table).frame("pairs")
    assert found.r[0] == pytest.approx(stats.spearmanr(place, frame.nodes).statistic, rel=1e-10)
