"""Linear and logistic regression beside statsmodels."""

from __future__ import annotations

import numpy as np
import statsmodels.api as sm
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.linear_model import LogisticRegression

from cohortium.numerics.regression import linear, logistic


def test_linear() -> None:
    X, y = load_diabetes(return_X_y=True)
    X = sm.add_constant(X)
    mine, theirs = linear(X, y), sm.OLS(y, X).fit()
    np.testing.assert_allclose(mine.coefficients, theirs.params, rtol=1e-8)
    np.testing.assert_allclose(mine.errors, theirs.bse, rtol=1e-8)
    np.testing.assert_allclose(mine.log_likelihood, theirs.llf, rtol=1e-8)


def test_logistic() -> None:
    data = load_breast_cancer()
    X = sm.add_constant(data.data[:, [0, 1, 8]])
    mine, theirs = logistic(X, data.target.astype(float)), sm.Logit(data.target, X).fit(disp=0)
    np.testing.assert_allclose(mine.coefficients, theirs.params, rtol=1e-5)
    np.testing.assert_allclose(mine.errors, theirs.bse, rtol=1e-5)
    np.testing.assert_allclose(mine.intervals, theirs.conf_int(), rtol=1e-5)
    np.testing.assert_allclose(mine.p_values, theirs.pvalues, rtol=1e-4)


def test_a_ridge_keeps_separated_outcomes_finite() -> None:
    """All thirty columns separate the diagnoses; scikit-learn's penalty is the same prior."""
    data = load_breast_cancer()
    X = (data.data - data.data.mean(axis=0)) / data.data.std(axis=0)
    mine = logistic(sm.add_constant(X), data.target.astype(float), ridge=1.0)
    theirs = LogisticRegression(C=1.0, tol=1e-8, max_iter=5_000).fit(X, data.target)
    np.testing.assert_allclose(mine.coefficients[1:], theirs.coef_[0], atol=1e-3)
