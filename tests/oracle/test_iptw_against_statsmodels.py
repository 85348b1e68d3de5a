"""Weighted effects of hormone therapy (GBSG-2), over three sites, beside statsmodels and plain matrix algebra."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from statsmodels.tools.sm_exceptions import DomainWarning
from statsmodels.treatment.treatment_effects import TreatmentEffect
from tests.oracle.three_sites import answer, breast_cancer, table_of
from tests.tables import visits

from cohortium.analyse import IPTW, over_sites
from cohortium.records import Column, Kind, Schema, Table

BREAST = breast_cancer()
TABLE = table_of(BREAST)
COVARIATES = ("age", "size", "grade", "menopause")
X = np.column_stack(
    [
        np.ones(len(BREAST)),
        BREAST.age,
        BREAST["size"],
        BREAST.grade == "II",
        BREAST.grade == "III",
        BREAST.menopause == "Pre",
    ]
).astype(float)
TREATED = BREAST.hormones.to_numpy(float)
LOGIT = sm.GLM(TREATED, X, family=sm.families.Binomial()).fit(tol=1e-15)
CHANCE = LOGIT.predict()


def weights(estimand: str, is_stabilised: bool = False) -> np.ndarray:
    if estimand == "ATT":
        return np.where(TREATED > 0, 1.0, CHANCE / (1 - CHANCE))
    share = TREATED.mean() if is_stabilised else 0.5
    factor = np.where(TREATED > 0, share, 1 - share) if is_stabilised else 1.0
    return factor * np.where(TREATED > 0, 1 / CHANCE, 1 / (1 - CHANCE))


def stacked_covariance(
    y: np.ndarray, weight: np.ndarray, moves: np.ndarray, estimand: str, factor: np.ndarray | float = 1.0
) -> np.ndarray:
    """Covariance of both means: the sandwich of all estimating equations at once, written out row by row.

    moves  : (n,), False where a weight was truncated and no longer depends on the propensity.
    factor : what the weights were multiplied with to stabilise them.
    Source : Stefanski & Boos 2002, Am. Stat. 56, 29, equations 2 and 3.
    """
    arms = np.stack([1 - TREATED, TREATED], axis=1)
    means = (arms * (weight * y)[:, None]).sum(axis=0) / (arms * weight[:, None]).sum(axis=0)
    residual = arms * (y[:, None] - means)
    psi = np.concatenate([X * (TREATED - CHANCE)[:, None], residual * weight[:, None]], axis=1)
    p = X.shape[1]
    A = np.zeros((p + 2, p + 2))
    A[:p, :p] = -(X.T * (CHANCE * (1 - CHANCE))) @ X
    odds = CHANCE / (1 - CHANCE)
    slope = np.where(TREATED > 0, -1 / odds if estimand == "ATE" else 0.0, odds) * moves * factor
    A[p:, :p] = (residual * slope[:, None]).T @ X
    A[p:, p:] = -np.diag((arms * weight[:, None]).sum(axis=0))
    inverse = np.linalg.inv(A)
    return (inverse @ psi.T @ psi @ inverse.T)[p:, p:]


@pytest.mark.parametrize("outcome", ["recurred", "nodes"])
@pytest.mark.parametrize("estimand", ["ATE", "ATT"])
def test_effect_and_its_errors(outcome: str, estimand: str) -> None:
    y, weight = BREAST[outcome].to_numpy(float), weights(estimand)
    known = sm.WLS(y, sm.add_constant(TREATED), weights=weight).fit(cov_type="HC0")
    robust = answer(IPTW("hormones", outcome, COVARIATES, estimand=estimand, variance="robust"), TABLE).tables
    assert robust["effects"]["estimate"][0] == pytest.approx(known.params[1], rel=1e-8)
    assert robust["effects"]["standard_error"][0] == pytest.approx(known.bse[1], rel=1e-8)

    mine = answer(IPTW("hormones", outcome, COVARIATES, estimand=estimand), TABLE)
    covariance = stacked_covariance(y, weight, np.ones(len(y), dtype=bool), estimand)
    np.testing.assert_allclose(mine.arrays["covariance"], covariance, rtol=1e-8)
    error = np.sqrt(np.array([-1, 1]) @ covariance @ np.array([-1, 1]))
    table = mine.frame("effects").iloc[0]
    assert [table.estimate, table.standard_error] == pytest.approx([known.params[1], error], rel=1e-8)
    assert [table.low, table.high] == pytest.approx(
        [known.params[1] - 1.959963984540054 * error, known.params[1] + 1.959963984540054 * error], rel=1e-8
    )

    model = TreatmentEffect(sm.OLS(y, X), TREATED, results_select=sm.Logit(TREATED, X).fit(disp=0), _cov_type="HC0")
    theirs = model.ipw(return_results=True, effect_group="all" if estimand == "ATE" else 1)
    assert table.standard_error == pytest.approx(theirs.sd[0], rel=1e-4)
    np.testing.assert_allclose(mine.tables["means"]["standard_error"], theirs.sd[1:3], rtol=1e-4)


def test_ratios_are_those_of_weighted_generalised_linear_models() -> None:
    y, design = BREAST.recurred.to_numpy(float), sm.add_constant(TREATED)
    mine = answer(IPTW("hormones", "recurred", COVARIATES, variance="robust"), TABLE).frame("effects")
    for row, link in ((1, sm.families.links.Log()), (2, sm.families.links.Logit())):
        with warnings.catch_warnings():  # a log link can leave [0, 1]; the two means here do not
            warnings.simplefilter("ignore", DomainWarning)
            family = sm.families.Binomial(link=link)
            model = sm.GLM(y, design, family=family, freq_weights=weights("ATE", is_stabilised=True))
            theirs = model.fit(tol=1e-15, start_params=[-0.5, 0.0])
        assert np.log(mine.estimate[row]) == pytest.approx(theirs.params[1], rel=1e-8)
        mean = theirs.predict(np.array([[1.0, 0.0], [1.0, 1.0]]))
        slope = 1 / mean if row == 1 else 1 / (mean * (1 - mean))
        robust = sm.WLS(y, np.stack([1 - TREATED, TREATED], axis=1), weights=weights("ATE")).fit(cov_type="HC0")
        assert mine.standard_error[row] == pytest.approx(np.sqrt((slope**2 * robust.bse**2).sum()), rel=1e-8)


def test_stabilising_changes_weights_and_nothing_else() -> None:
    plain = answer(IPTW("hormones", "nodes", COVARIATES, stabilise=False), TABLE)
    stable = answer(IPTW("hormones", "nodes", COVARIATES), TABLE)
    np.testing.assert_allclose(stable.arrays["covariance"], plain.arrays["covariance"], rtol=1e-9)
    assert stable.tables["effects"]["estimate"] == pytest.approx(plain.tables["effects"]["estimate"], rel=1e-10)
    for found, weight in ((plain, weights("ATE")), (stable, weights("ATE", is_stabilised=True))):
        arms = [weight[arm == TREATED] for arm in (0, 1)]
        np.testing.assert_allclose(found.tables["means"]["mean_weight"], [one.mean() for one in arms], rtol=1e-9)
        effective = [one.sum() ** 2 / (one**2).sum() for one in arms]
        np.testing.assert_allclose(found.tables["means"]["effective_n"], effective, rtol=1e-9)


@pytest.mark.parametrize("setting", [{"quantiles": (0.05, 0.9)}, {"largest": 1.5}])
def test_truncated_weights(setting: dict[str, Any]) -> None:
    weight, y = weights("ATE", is_stabilised=True), BREAST.nodes.to_numpy(float)
    low, high = 0.0, setting.get("largest", np.inf)
    if "quantiles" in setting:
        low, high = np.quantile(weight, setting["quantiles"], method="inverted_cdf")
    mine = answer(IPTW("hormones", "nodes", COVARIATES, **setting), TABLE)
    assert [mine.facts["lowest_weight"], mine.facts["highest_weight"]] == pytest.approx([low, high], rel=1e-8)
    kept = np.clip(weight, low, high)
    means = [np.average(y[arm == TREATED], weights=kept[arm == TREATED]) for arm in (0, 1)]
    np.testing.assert_allclose(mine.tables["means"]["mean"], means, rtol=1e-8)
    share = np.where(TREATED > 0, TREATED.mean(), 1 - TREATED.mean())
    # The bound at a quantile is itself a weight, and counts as moved.
    expected = stacked_covariance(y, kept, (weight > low) & (weight < high), "ATE", share)
    np.testing.assert_allclose(mine.arrays["covariance"], expected, rtol=1e-7)


def test_balance() -> None:
    mine, weight = answer(IPTW("hormones", "nodes", COVARIATES), TABLE), weights("ATE")
    table = mine.frame("balance")
    for place, row in enumerate(table.itertuples(), start=1):
        old, new = X[TREATED == 0, place], X[TREATED == 1, place]
        spread = np.sqrt((old.var(ddof=1) + new.var(ddof=1)) / 2)
        after = [np.average(X[arm == TREATED, place], weights=weight[arm == TREATED]) for arm in (0, 1)]
        found = [row.untreated_before, row.treated_before, row.smd_before, *after, row.smd_after]
        expected = [old.mean(), new.mean(), (new.mean() - old.mean()) / spread]
        expected += [row.untreated_after, row.treated_after, (after[1] - after[0]) / spread]
        assert found == pytest.approx(expected, rel=1e-8, abs=1e-10)
    assert np.abs(table.smd_before).max() > 0.3
    assert mine.facts["largest_smd_after"] == np.abs(table.smd_after).max() < 0.1
    assert mine.facts["is_balanced"]


def test_persons_with_several_rows_are_clusters() -> None:
    frame = visits(300, seed=2).to_pandas()
    rng = np.random.default_rng(0)
    frame["drug"] = rng.random(len(frame)) < 1 / (1 + np.exp(-frame.lab - 0.4 * (frame.sex == "M")))
    frame["score"] = frame.lab + frame.drug + rng.normal(size=len(frame))
    schema = Schema(
        (*visits(3).schema.columns, Column("drug", Kind.BOOLEAN), Column("score", Kind.CONTINUOUS)),
    )
    table = Table.from_pandas(frame, schema)
    design = np.column_stack([np.ones(len(frame)), frame.lab, frame.sex == "M"]).astype(float)
    chance = sm.GLM(frame.drug.astype(float), design, family=sm.families.Binomial()).fit(tol=1e-15).predict()
    weight = np.where(frame.drug, 1 / chance, 1 / (1 - chance))
    groups = np.unique(frame.patient, return_inverse=True)[1]
    model = sm.WLS(frame.score, sm.add_constant(frame.drug.astype(float)), weights=weight)
    theirs = model.fit(cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False})
    half = groups < 120
    parts = [table.take(half), table.take(~half)]
    mine = over_sites(IPTW("drug", "score", ("lab", "sex"), variance="robust"), parts)
    found = [mine.tables["effects"][name][0] for name in ("estimate", "standard_error")]
    assert found == pytest.approx([theirs.params.iloc[1], theirs.bse.iloc[1]], rel=1e-8)
    assert mine.persons == 300
