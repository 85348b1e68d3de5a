from __future__ import annotations

import numpy as np

from cohortium.numerics.discretise import (
    coded,
    equal_count_cuts,
    equal_width_cuts,
    frequent_codes,
    level_codes,
    pooled_codes,
)


def test_equal_counts(rng: np.random.Generator) -> None:
    values = rng.normal(size=10_000)
    counts = np.bincount(coded(values, equal_count_cuts(values)), minlength=11)
    assert counts[0] == 0
    assert len(counts) == 11
    assert counts[1:].min() > 900


def test_equal_counts_look_past_a_heavy_value(rng: np.random.Generator) -> None:
    values = np.concatenate([np.zeros(9_000), rng.random(1_000)])
    cuts = equal_count_cuts(values)
    assert len(cuts) >= 9, "zeros swallow nine quantiles of ten, yet the rest is cut into bins too"


def test_few_values_get_a_bin_each() -> None:
    values = np.array([3.0, 1.0, 2.0, 2.0, np.nan])
    np.testing.assert_array_equal(coded(values, equal_count_cuts(values)), [3, 1, 2, 2, 0])


def test_equal_widths() -> None:
    cuts = equal_width_cuts(np.array([0.0, 10.0, np.nan]))
    np.testing.assert_allclose(cuts, np.arange(1.0, 10.0))
    np.testing.assert_array_equal(coded(np.array([-5.0, 0.5, 1.0, 99.0, np.nan]), cuts), [1, 1, 2, 10, 0])


def test_nothing_to_cut() -> None:
    for values in (np.full(5, np.nan), np.full(5, 2.0)):
        assert len(equal_width_cuts(values)) == 0
        assert len(equal_count_cuts(values)) == 0
        assert set(coded(values, np.empty(0)).tolist()) == {int(not np.isnan(values[0]))}


def test_levels() -> None:
    values = np.array([0.0, 2.0, np.nan, 7.0])
    np.testing.assert_array_equal(level_codes(values), [1, 3, 0, 8])
    np.testing.assert_array_equal(pooled_codes(values, np.array([0.0, 7.0])), [2, 1, 0, 3])
    np.testing.assert_array_equal(pooled_codes(values, np.empty(0)), [1, 1, 0, 1])


def test_frequent_levels() -> None:
    values = np.repeat([4.0, 1.0, 9.0, np.nan], [6, 8, 4, 20])
    np.testing.assert_array_equal(frequent_codes(values, most=10, fewest=5), [1.0, 4.0])
    np.testing.assert_array_equal(frequent_codes(values, most=1, fewest=1), [1.0])
