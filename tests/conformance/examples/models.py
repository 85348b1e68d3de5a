"""Examples of algorithms that fit a model."""

from __future__ import annotations

from tests.conformance.examples.example import Example, patients

from cohortium.analyse import (
    IPTW,
    PCA,
    KMeans,
    LinearMixedModel,
    LinearRegression,
    LogisticRegression,
    NegativeBinomialRegression,
    PoissonRegression,
)

EXAMPLES: dict[str, Example] = {
    "iptw": Example(IPTW("treated", "relapse", ("age", "stage", "smoker"), quantiles=(0.01, 0.99)), patients),
    "k_means": Example(KMeans(("age", "marker", "visits"), 4), patients),
    "linear_mixed_model": Example(LinearMixedModel("marker", ("age", "stage"), "hospital"), patients),
    "linear_regression": Example(
        LinearRegression("marker", ("age", "stage", "smoker:age", "hospital"), errors="HC1"), patients
    ),
    "logistic_regression": Example(
        LogisticRegression("relapse", ("rcs(age, 40, 60, 80)", "stage:treated", "smoker", "log(marker)", "hospital")),
        patients,
    ),
    "negative_binomial_regression": Example(
        NegativeBinomialRegression("visits", ("age", "stage"), exposure="time_days", errors="HC1"), patients
    ),
    "pca": Example(PCA(("age", "marker", "visits", "relapse")), patients),
    "poisson_regression": Example(
        PoissonRegression("visits", ("age", "stage", "treated"), errors="clustered", cluster="hospital"), patients
    ),
}
