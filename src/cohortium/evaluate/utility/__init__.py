"""Would work done with the synthetic persons hold for real ones?"""

from cohortium.evaluate.utility.augmentation_gain import augmentation_gain
from cohortium.evaluate.utility.coefficient_overlap import coefficient_overlap
from cohortium.evaluate.utility.feature_rank_agreement import feature_rank_agreement
from cohortium.evaluate.utility.replication import replication
from cohortium.evaluate.utility.trts import trts
from cohortium.evaluate.utility.tstr import tstr
from cohortium.evaluate.utility.tstr_gap import tstr_gap

__all__ = [
    "augmentation_gain",
    "coefficient_overlap",
    "feature_rank_agreement",
    "replication",
    "trts",
    "tstr",
    "tstr_gap",
]
