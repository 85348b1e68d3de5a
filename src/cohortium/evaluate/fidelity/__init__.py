"""Do the synthetic persons, taken together, look like the real ones?"""

from cohortium.evaluate.fidelity.c2st import c2st
from cohortium.evaluate.fidelity.category_coverage import category_coverage
from cohortium.evaluate.fidelity.column_shapes import column_shapes
from cohortium.evaluate.fidelity.correlation_difference import correlation_difference
from cohortium.evaluate.fidelity.coverage import coverage
from cohortium.evaluate.fidelity.hellinger_distance import hellinger_distance
from cohortium.evaluate.fidelity.information_difference import information_difference
from cohortium.evaluate.fidelity.missing_rate_error import missing_rate_error
from cohortium.evaluate.fidelity.pair_trends import pair_trends
from cohortium.evaluate.fidelity.precision import precision
from cohortium.evaluate.fidelity.range_coverage import range_coverage
from cohortium.evaluate.fidelity.trivariate_accuracy import trivariate_accuracy
from cohortium.evaluate.fidelity.wasserstein_distance import wasserstein_distance

__all__ = [
    "c2st",
    "category_coverage",
    "column_shapes",
    "correlation_difference",
    "coverage",
    "hellinger_distance",
    "information_difference",
    "missing_rate_error",
    "pair_trends",
    "precision",
    "range_coverage",
    "trivariate_accuracy",
    "wasserstein_distance",
]
