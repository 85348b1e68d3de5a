"""Do the synthetic persons live as long, and for the same reasons?"""

from cohortium.evaluate.survival.censoring_divergence import censoring_divergence
from cohortium.evaluate.survival.concordance_tstr import concordance_tstr
from cohortium.evaluate.survival.hazard_ratio_overlap import hazard_ratio_overlap
from cohortium.evaluate.survival.km_divergence import km_divergence
from cohortium.evaluate.survival.log_rank_p import log_rank_p
from cohortium.evaluate.survival.optimism import optimism
from cohortium.evaluate.survival.short_sightedness import short_sightedness

__all__ = [
    "censoring_divergence",
    "concordance_tstr",
    "hazard_ratio_overlap",
    "km_divergence",
    "log_rank_p",
    "optimism",
    "short_sightedness",
]
