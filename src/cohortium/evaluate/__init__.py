"""What a synthetic table is worth and what it gives away, one metric per file; ``evaluate`` runs them all.

A metric is registered by importing it here, once, in the order of the report.
"""

from cohortium.evaluate import validity  # noqa: I001 - the order of the report
from cohortium.evaluate import fidelity, survival, utility, privacy, fairness
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.run import evaluate

__all__ = ["Comparison", "evaluate", "fairness", "fidelity", "privacy", "survival", "utility", "validity"]
