"""A copula mixture across sites: relations, strata and survival come back, wherever the rows lie."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tests.tables import mixed

from cohortium.analyse import over_sites, pooled
from cohortium.errors import NotApplicable, TooFewRecords
from cohortium.numerics.keyed_draws import fingerprints, uniforms
from cohortium.records import Column, Kind, Result, Role, Schema, Table
from cohortium.synthesise import load_model, save_model
from cohortium.synthesise.federated import FederatedMixture, fitted_of
from cohortium.synthesise.federated.mixture_sizes import Candidate, chosen_size
from cohortium.synthesise.federated.summed_marginals import Gaps, axes_of
from cohortium.synthesise.tables.marginal_codec import Grain, Marginal

ROWS = 500


@pytest.fixture(scope="module")
def real() -> Table:
    return mixed(ROWS)


@pytest.fixture(scope="module")
def answer(real: Table) -> Result:
    return over_sites(FederatedMixture.of(real.schema), [real.take(np.arange(i, ROWS, 3)) for i in range(3)])


def test_relations_and_rules_come_back(real: Table, answer: Result) -> None:
    twin = fitted_of(answer).sample(6_000, rng=np.random.default_rng(1))
    for rule in twin.schema.constraints:
        assert not rule.violated(twin).any(), str(rule)
    one, other = real.to_pandas(), twin.to_pandas()
    assert abs(one.severe.mean() - other.severe.mean()) < 0.04
    for name in ("age", "creatinine"):
        gaps = [frame[name][frame.severe].mean() - frame[name][~frame.severe].mean() for frame in (one, other)]
        assert abs(gaps[1] - gaps[0]) < 0.2 * one[name].std(), name
    assert abs((one.pack_years == 0).mean() - (other.pack_years == 0).mean()) < 0.05
    assert "by 'severe'" in answer.facts["notes"][0]
    assert "rare ward" not in set(other.ward.dropna())


def test_it_is_an_ordinary_model(answer: Result, tmp_path: Path) -> None:
    fitted = fitted_of(answer)
    kept, _ = load_model(save_model(fitted, tmp_path / "model.zip"))
    rows = [own.sample(50, rng=np.random.default_rng(3)) for own in (fitted, kept)]
    assert rows[0] == rows[1]


def test_a_strong_correlation_is_not_weakened_by_drawing() -> None:
    rng = np.random.default_rng(2)
    n = 400
    z = rng.multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]], n)
    grades = np.array(["a", "b", "c", "d"])[np.searchsorted([-0.8, 0.0, 0.8], z[:, 0])]
    frame = pa.table({"grade": pa.array(grades).dictionary_encode(), "size": pa.array(np.exp(z[:, 1]))})
    columns = (Column("grade", Kind.ORDINAL, levels=("a", "b", "c", "d")), Column("size", Kind.CONTINUOUS))
    table = Table(frame, Schema(columns))
    made = fitted_of(pooled(FederatedMixture.of(table.schema), table)).sample(8_000, rng=rng)
    found = [np.corrcoef(own.codes("grade")[0], np.log(own.numeric("size")))[0, 1] for own in (table, made)]
    assert abs(found[1] - found[0]) < 0.05


def test_what_does_not_fit_is_refused(real: Table) -> None:
    with pytest.raises(TooFewRecords, match="at least 30"):
        pooled(FederatedMixture.of(real.schema), real.take(np.arange(20)))
    constant = Table(pa.table({"x": pa.array(np.full(50, 3))}), Schema((Column("x", Kind.INTEGER),)))
    with pytest.raises(NotApplicable, match="No column varies"):
        pooled(FederatedMixture.of(constant.schema), constant)


def test_columns_that_are_missing_together_share_an_axis() -> None:
    one = np.array([1.0])
    column = Column("x", Kind.CONTINUOUS, frozenset({Role.SENSITIVE}))
    marginals = tuple(Marginal(column, one, one, one + 1, None, Grain(), 0.3) for _ in range(3))
    both = np.array([[30, 30, 12], [30, 30, 12], [12, 12, 30]])
    axes = axes_of(marginals, Gaps(100, both), 10)
    assert [(axis.columns, axis.missing) for axis in axes[3:]] == [((0, 1), True), ((2,), True)]
    assert len(axes_of(marginals, Gaps(100, both), 40)) == 3


@pytest.mark.parametrize(("gain", "size"), [(0.5, 2), (0.001, 1)])
def test_a_richer_size_must_gain_more_than_its_error(gain: float, size: int) -> None:
    rng = np.random.default_rng(4)
    plain = rng.normal(size=300)
    density = np.stack([plain, plain + gain + rng.normal(size=300) * 0.5], axis=1)
    density[:, 1] -= density[:, 1].mean() - plain.mean() - gain
    found = chosen_size(
        [Candidate(1, 5.0), Candidate(2, 5.0)],
        np.array([300]), density.sum(axis=0)[None], (density.T @ density)[None], np.array([8]),
    )  # fmt: skip
    assert found[0].tolist() == [size] and found[1] == 5.0


def test_draws_follow_from_rows_and_are_uniform() -> None:
    words = fingerprints(np.arange(40_000, dtype=np.int64).view(np.uint8).reshape(-1, 8), 1)
    drawn = uniforms(words, 5, 2)
    assert (uniforms(words[::-1].copy(), 5, 2)[::-1] == drawn).all()
    assert abs(drawn.mean() - 0.5) < 0.01 and abs(drawn.var() - 1 / 12) < 0.002
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.02
    assert abs(np.corrcoef(drawn[:, 0], uniforms(words, 6, 1)[:, 0])[0, 1]) < 0.02
