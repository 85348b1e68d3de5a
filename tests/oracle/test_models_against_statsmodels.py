"""Regressions on real people, over three sites, beside statsmodels and scikit-learn on the pooled table."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from sklearn.linear_model import ElasticNet
from sklearn.linear_model import LogisticRegression as TheirLogistic
from statsmodels.discrete.discrete_model import NegativeBinomial
from tests.oracle.three_sites import answer, breast_cancer, table_of
from tests.tables import heart

from cohortium.analyse import (
    LinearMixedModel,
    LinearRegression,
    LogisticRegression,
    NegativeBinomialRegression,
    PoissonRegression,
)
from cohortium.records import Result

BREAST = breast_cancer().assign(offset=lambda frame: np.log(frame.time_days), log_nodes=lambda f: np.log(f.nodes))
TABLE = table_of(BREAST)
COVARIATES = ("age", "size", "grade", "hormones")
X = np.column_stack(
    [np.ones(len(BREAST)), BREAST.age, BREAST["size"], BREAST.grade == "II", BREAST.grade == "III", BREAST.hormones]
).astype(float)
SPREAD = X[:, 1:].std(axis=0)
Z = (X[:, 1:] - X[:, 1:].mean(axis=0)) / SPREAD
GRADE = np.unique(BREAST.grade, return_inverse=True)[1]
SICK_DAYS = sm.datasets.randhie.load_pandas().data.iloc[::4]
DOCTORS = ("lncoins", "idp", "lpi", "fmde", "physlm", "disea", "hlthg", "hlthf", "hlthp")
COUNTS = sm.add_constant(SICK_DAYS[list(DOCTORS)].to_numpy())
ERRORS: dict[str, dict[str, Any]] = {
    "model": {},
    "HC0": {"cov_type": "HC0"},
    "HC1": {"cov_type": "HC1"},
    "clustered": {"cov_type": "cluster", "cov_kwds": {"groups": GRADE}},
}


def settings_of(errors: str) -> dict[str, Any]:
    return {"errors": errors, "cluster": "grade" if errors == "clustered" else None}


def assert_fit(mine: Result, estimate: Any, error: Any) -> None:
    """Estimates agree to 1e-8 of themselves or of their standard error, and standard errors to 1e-8."""
    table, error = mine.tables["coefficients"], np.asarray(error)
    gap = np.abs(np.array(table["estimate"]) - np.asarray(estimate))
    assert (gap <= 1e-8 * np.maximum(np.abs(estimate), error)).all(), gap
    np.testing.assert_allclose(table["standard_error"], error, rtol=1e-8)


@pytest.mark.parametrize("errors", ERRORS)
@pytest.mark.parametrize("weights", [None, "time_days"])
def test_linear(errors: str, weights: str | None) -> None:
    model = sm.WLS(BREAST.log_nodes, X, weights=BREAST[weights] if weights else 1.0)
    theirs = model.fit(use_t=True, **ERRORS[errors])
    mine = answer(LinearRegression("log_nodes", COVARIATES, weights=weights, **settings_of(errors)), TABLE)
    assert_fit(mine, theirs.params, theirs.bse)
    np.testing.assert_allclose(
        [mine.facts[name] for name in ("log_likelihood", "r_squared", "adjusted_r_squared", "aic", "bic")],
        [theirs.llf, theirs.rsquared, theirs.rsquared_adj, theirs.aic, theirs.bic],
    )
    if errors == "model":
        np.testing.assert_allclose(mine.tables["coefficients"]["p_value"], theirs.pvalues, rtol=1e-8)
        np.testing.assert_allclose(mine.tables["coefficients"]["low"], theirs.conf_int()[0], rtol=1e-8)
        np.testing.assert_allclose([mine.facts["f"], mine.facts["f_p"]], [theirs.fvalue, theirs.f_pvalue])


def test_rows_with_missing_values_are_left_out() -> None:
    frame = heart().to_pandas()
    known = frame[["chol", "age", "trestbps"]].notna().all(axis=1)
    theirs = sm.OLS(frame.chol[known], sm.add_constant(frame.loc[known, ["age", "trestbps"]].astype(float))).fit()
    mine = answer(LinearRegression("chol", ("age", "trestbps")), heart())
    assert_fit(mine, theirs.params, theirs.bse)
    assert mine.facts["rows_left_out"] == int((~known).sum()) > 0


@pytest.mark.parametrize("errors", ["model", "HC0", "clustered"])
def test_logistic(errors: str) -> None:
    theirs = sm.GLM(BREAST.recurred.astype(float), X, family=sm.families.Binomial()).fit(tol=1e-14, **ERRORS[errors])
    mine = answer(LogisticRegression("recurred", COVARIATES, **settings_of(errors)), TABLE)
    assert_fit(mine, theirs.params, theirs.bse)
    np.testing.assert_allclose(mine.tables["coefficients"]["odds_ratio"], np.exp(theirs.params), rtol=1e-8)
    np.testing.assert_allclose(mine.tables["coefficients"]["p_value"], theirs.pvalues, rtol=1e-7)
    np.testing.assert_allclose(
        [mine.facts[name] for name in ("log_likelihood", "deviance", "aic")], [theirs.llf, theirs.deviance, theirs.aic]
    )
    assert mine.facts["events"] == int(BREAST.recurred.sum())


def test_logistic_of_six_thousand_marriages() -> None:
    data = sm.datasets.fair.load_pandas().data
    names = ("rate_marriage", "age", "yrs_married", "children", "religious", "educ")
    data = data.assign(affair=data.affairs > 0, occupation=data.occupation.astype(int).astype(str))
    dummies = pd.get_dummies(data.occupation, drop_first=True).to_numpy(float)
    design = np.column_stack([np.ones(len(data)), data[list(names)], dummies])
    theirs = sm.GLM(data.affair.astype(float), design, family=sm.families.Binomial()).fit(tol=1e-14)
    mine = answer(LogisticRegression("affair", (*names, "occupation")), table_of(data))
    assert_fit(mine, theirs.params, theirs.bse)


def test_hc1_of_a_logistic_model_is_hc0_with_the_factor_of_its_degrees_of_freedom() -> None:
    """statsmodels leaves the factor out of its generalised linear models."""
    zero, one = (answer(LogisticRegression("recurred", COVARIATES, errors=name), TABLE) for name in ("HC0", "HC1"))
    np.testing.assert_allclose(one.arrays["covariance"], zero.arrays["covariance"] * 686 / 680, rtol=1e-9)


def test_weighted_logistic_is_that_of_repeated_rows() -> None:
    model = sm.GLM(
        BREAST.recurred.astype(float), X, family=sm.families.Binomial(), freq_weights=BREAST.nodes.astype(float)
    )
    theirs = model.fit(tol=1e-14)
    mine = answer(LogisticRegression("recurred", COVARIATES, weights="nodes"), TABLE)
    assert_fit(mine, theirs.params, theirs.bse)
    np.testing.assert_allclose(mine.facts["deviance"], theirs.deviance, rtol=1e-9)


@pytest.mark.parametrize("errors", ["model", "HC0", "clustered", "quasi"])
@pytest.mark.parametrize("setting", [{"exposure": "time_days"}, {"offset": "offset"}])
def test_poisson_with_person_time(errors: str, setting: dict[str, str]) -> None:
    model = sm.GLM(BREAST.nodes.astype(float), X, family=sm.families.Poisson(), offset=BREAST.offset)
    theirs = model.fit(tol=1e-14, **(ERRORS[errors] if errors != "quasi" else {"scale": "X2"}))
    mine = answer(PoissonRegression("nodes", COVARIATES, **setting, **settings_of(errors)), TABLE)
    assert_fit(mine, theirs.params, theirs.bse)
    np.testing.assert_allclose(mine.facts["dispersion"], theirs.pearson_chi2 / theirs.df_resid, rtol=1e-8)
    np.testing.assert_allclose(mine.facts["deviance"], theirs.deviance, rtol=1e-9)


def test_poisson_of_visits_to_doctors() -> None:
    theirs = sm.Poisson(SICK_DAYS.mdvis, COUNTS).fit(disp=0, tol=1e-14)
    mine = answer(PoissonRegression("mdvis", DOCTORS), table_of(SICK_DAYS))
    assert_fit(mine, theirs.params, theirs.bse)
    np.testing.assert_allclose(mine.facts["aic"], theirs.aic, rtol=1e-10)


def test_negative_binomial() -> None:
    """Of the joint fit statsmodels gives errors from the observed information; ours are those at the fitted alpha."""
    mine = answer(NegativeBinomialRegression("mdvis", DOCTORS), table_of(SICK_DAYS), 1e-7)
    start = np.append(mine.arrays["coefficients"] * 0.9, mine.facts["alpha"] * 1.2)
    model = NegativeBinomial(SICK_DAYS.mdvis.to_numpy(), COUNTS)
    theirs = model.fit(disp=0, maxiter=500, start_params=start, method="newton", tol=1e-14)
    gap = np.abs(np.array(mine.tables["coefficients"]["estimate"]) - theirs.params[:-1])
    assert (gap <= 1e-6 * theirs.bse[:-1]).all(), gap
    np.testing.assert_allclose(mine.facts["alpha"], theirs.params[-1], rtol=1e-6)
    np.testing.assert_allclose(mine.facts["log_likelihood"], theirs.llf, rtol=1e-10)
    np.testing.assert_allclose(mine.facts["aic"], theirs.aic, rtol=1e-10)
    np.testing.assert_allclose(mine.facts["alpha_standard_error"], theirs.bse[-1], rtol=0.01)
    fixed = sm.GLM(SICK_DAYS.mdvis, COUNTS, family=sm.families.NegativeBinomial(alpha=mine.facts["alpha"]))
    found = fixed.fit(tol=1e-14)
    np.testing.assert_allclose(mine.tables["coefficients"]["standard_error"], found.bse, rtol=1e-7)
    np.testing.assert_allclose(mine.facts["deviance"], found.deviance, rtol=1e-8)


@pytest.mark.parametrize(("ridge", "lasso"), [(0.1, 0.0), (0.0, 0.05), (0.02, 0.03)])
def test_penalised_logistic(ridge: float, lasso: float) -> None:
    both = ridge + lasso
    theirs = TheirLogistic(C=1 / (len(Z) * both), l1_ratio=lasso / both, solver="saga", tol=1e-11, max_iter=20_000)
    theirs.fit(Z, BREAST.recurred)
    mine = answer(LogisticRegression("recurred", COVARIATES, ridge=ridge, lasso=lasso), TABLE)
    np.testing.assert_allclose(mine.arrays["coefficients"][1:], theirs.coef_[0] / SPREAD, atol=1e-7)
    assert mine.tables["coefficients"]["standard_error"] == [None] * 6


@pytest.mark.parametrize(("ridge", "lasso"), [(0.1, 0.0), (0.0, 0.05), (0.02, 0.03)])
def test_penalised_linear(ridge: float, lasso: float) -> None:
    both, outcome = ridge + lasso, BREAST.log_nodes
    theirs = ElasticNet(alpha=both, l1_ratio=lasso / both, tol=1e-13, max_iter=100_000)
    if not lasso:  # scikit-learn's coordinate descent warns of a pure ridge, whose minimum has a closed form
        slopes = np.linalg.solve(Z.T @ Z / len(Z) + ridge * np.eye(Z.shape[1]), Z.T @ outcome / len(Z))
    else:
        slopes = theirs.fit(Z, outcome).coef_
    mine = answer(LinearRegression("log_nodes", COVARIATES, ridge=ridge, lasso=lasso), TABLE)
    np.testing.assert_allclose(mine.arrays["coefficients"][1:], slopes / SPREAD, atol=1e-9)
    np.testing.assert_allclose(
        mine.arrays["coefficients"][0], outcome.mean() - mine.arrays["coefficients"][1:] @ X[:, 1:].mean(axis=0)
    )


def firms() -> tuple[pd.DataFrame, tuple[str, ...]]:
    data = sm.datasets.grunfeld.load_pandas().data
    return data.assign(firm=data.firm.astype(str), year=data.year - 1935.0), ("value", "capital", "year")


def hospitals() -> tuple[pd.DataFrame, tuple[str, ...]]:
    data = heart().to_pandas()[["trestbps", "age", "thalch", "dataset"]].dropna()
    return data.astype({"trestbps": float, "age": float, "thalch": float, "dataset": str}), ("age", "thalch")


@pytest.mark.parametrize(("data", "outcome", "site"), [(firms, "invest", "firm"), (hospitals, "trestbps", "dataset")])
def test_random_intercepts(data: Any, outcome: str, site: str) -> None:
    """statsmodels stops before all digits are there, and its errors are those of a joint Hessian; ours are those of
    generalised least squares at the fitted variances, whose closed form is beside them."""
    frame, covariates = data()
    y, design = frame[outcome].to_numpy(float), sm.add_constant(frame[list(covariates)].to_numpy(float))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = sm.MixedLM(y, design, groups=frame[site]).fit(reml=True, method="powell")
    mine = answer(LinearMixedModel(outcome, covariates, site), table_of(frame))
    between, within = mine.facts["variance_between"], mine.facts["variance_within"]
    assert mine.facts["restricted_log_likelihood"] >= theirs.llf
    np.testing.assert_allclose(mine.facts["restricted_log_likelihood"], theirs.llf, rtol=1e-8)
    np.testing.assert_allclose([between, within], [np.asarray(theirs.cov_re)[0, 0], theirs.scale], rtol=2e-4)
    gap = np.abs(np.array(mine.tables["coefficients"]["estimate"]) - theirs.fe_params)
    assert (gap <= 1e-4 * theirs.bse_fe).all(), gap

    members = (frame[site].to_numpy()[:, None] == np.array(mine.tables["sites"]["site"])).astype(float)
    inverse = np.linalg.inv(within * np.eye(len(y)) + between * members @ members.T)
    covariance = np.linalg.inv(design.T @ inverse @ design)
    assert_fit(mine, covariance @ design.T @ inverse @ y, np.sqrt(np.diag(covariance)))
    residual = y - design @ covariance @ design.T @ inverse @ y
    np.testing.assert_allclose(mine.tables["sites"]["intercept"], between * members.T @ inverse @ residual, rtol=1e-7)
