"""Statistics and models, each written once as additive summaries and a step on their sum."""

from cohortium.analyse.describe import Describe
from cohortium.analyse.run import drive, over_sites, pooled

__all__ = [
    "Describe",
    "drive",
    "over_sites",
    "pooled",
]
