"""Examples of algorithms that grow trees."""

from __future__ import annotations

from tests.conformance.examples.example import Example, patients

from cohortium.analyse import DecisionTree, ExplainableBoosting, GradientBoosting, RandomForest

FEATURES = ("age", "marker", "stage", "smoker", "treated", "hospital")

EXAMPLES: dict[str, Example] = {
    "decision_tree": Example(DecisionTree("cause", FEATURES, held_out=0.2), patients),
    "explainable_boosting": Example(
        ExplainableBoosting("died", ("age", "stage", "smoker", "treated", "hospital")), patients
    ),
    "gradient_boosting": Example(
        GradientBoosting(
            "time_days", FEATURES, kind="follow-up", ended="died", trees=8, row_share=0.7, held_out=0.2, patience=6
        ),
        patients,
    ),
    "random_forest": Example(RandomForest("marker", FEATURES[:1] + FEATURES[2:], kind="number", trees=7), patients),
}
