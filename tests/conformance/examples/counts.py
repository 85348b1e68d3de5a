"""Examples of algorithms that describe and count."""

from __future__ import annotations

from tests.conformance.examples.example import Example, patients

from cohortium.analyse import CohortCount, Contingency, Describe, Histogram, Quantiles
from cohortium.anonymise.tables.federated import JointAnonymity

STAGES = "I;early;*\nII;early;*\nIII;late;*\n"
HOSPITALS = "north;*\nsouth;*\nwest;*\n"

EXAMPLES = {
    "cohort_count": Example(
        CohortCount(("age >= 50", "marker is not missing", "stage in (II, III)"), ("smoker",)), patients
    ),
    "contingency": Example(Contingency("smoker", "relapse"), patients),
    "describe": Example(Describe(("age", "stage", "smoker", "marker")), patients),
    "histogram": Example(Histogram("age", bins=8, low=20.0, high=100.0), patients),
    "joint_anonymity": Example(
        JointAnonymity(
            ("stage", "smoker", "hospital"), (STAGES, "false;*\ntrue;*\n", HOSPITALS), k=15, suppression=0.1
        ),
        patients,
    ),
    "quantiles": Example(Quantiles(("marker", "visits", "time_days"), (0.1, 0.5, 0.9)), patients),
}
