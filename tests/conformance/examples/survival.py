"""Examples of algorithms that follow people over time."""

from __future__ import annotations

from tests.conformance.examples.example import Example, patients

from cohortium.analyse import CompetingRisks, Cox, GrayTest, KaplanMeier, LogRank

EXAMPLES = {
    "cox": Example(
        Cox("time_days", "died", ("age", "marker", "stage", "treated"), strata=("hospital",), robust=True), patients
    ),
    "kaplan_meier": Example(
        KaplanMeier("time_days", "died", ("stage",), at_days=(0.0, 365.0, 1500.0), horizon_days=1500.0), patients
    ),
    "log_rank": Example(LogRank("time_days", "died", ("stage",), strata=("hospital",), rho=0.5), patients),
    "gray_test": Example(
        GrayTest("time_days", "cause", ("disease", "other"), ("stage",), strata=("hospital",), rho=0.5), patients
    ),
    "competing_risks": Example(
        CompetingRisks("time_days", "cause", ("disease", "other"), ("treated",), at_days=(365.0,)), patients
    ),
}
