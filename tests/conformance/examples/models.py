"""Examples of algorithms that fit a model."""

from __future__ import annotations

from tests.conformance.examples.example import Example, patients

from cohortium.analyse import (
    LogisticRegression,
    NegativeBinomialRegression,
    PoissonRegression,
)

EXAMPLES: dict[str, Example] = {
    "logistic_regression": Example(
        LogisticRegression("relapse", ("rcs(age, 40, 60, 80)", "stage:treated", "smoker", "log(marker)", "hospital")),
        patients,
    ),
    "negative_binomial_regression": Example(
        NegativeBinomialRegression("visits", ("age", "stage"), exposure="time_days", errors="HC1"), patients
    ),
    "poisson_regression": Example(
        PoissonRegression("visits", ("age", "stage", "treated"), errors="clustered", cluster="hospital"), patients
    ),
}
