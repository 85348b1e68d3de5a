"""Privacy shown by attack, copies, and what is known of a formal guarantee."""

from cohortium.evaluate.privacy.mia_nearest import mia_nearest  # noqa: I001 - the order of the report
from cohortium.evaluate.privacy.mia_density import mia_boosted, mia_density
from cohortium.evaluate.privacy.mia_informed import mia_informed
from cohortium.evaluate.privacy.mia_worst import mia_worst
from cohortium.evaluate.privacy.mia_tpr import mia_tpr
from cohortium.evaluate.privacy.mia_surest import mia_surest
from cohortium.evaluate.privacy.mia_outliers import mia_outliers
from cohortium.evaluate.privacy.mia_subgroups import mia_subgroups
from cohortium.evaluate.privacy.singling_out import singling_out_multivariate, singling_out_univariate
from cohortium.evaluate.privacy.linkability import linkability
from cohortium.evaluate.privacy.attribute_inference import attribute_inference
from cohortium.evaluate.privacy.rare_combinations import rare_combinations
from cohortium.evaluate.privacy.copies import identical_excess, identical_share
from cohortium.evaluate.privacy.dcr import dcr_share, dcr_share_groups
from cohortium.evaluate.privacy.nndr import nndr
from cohortium.evaluate.privacy.authenticity import authenticity
from cohortium.evaluate.privacy.hit_rate import hit_rate
from cohortium.evaluate.privacy.privacy_loss import privacy_loss
from cohortium.evaluate.privacy.epsilon import audited_epsilon, claimed_epsilon

__all__ = [
    "attribute_inference",
    "audited_epsilon",
    "authenticity",
    "claimed_epsilon",
    "dcr_share",
    "dcr_share_groups",
    "hit_rate",
    "identical_excess",
    "identical_share",
    "linkability",
    "mia_boosted",
    "mia_density",
    "mia_informed",
    "mia_nearest",
    "mia_outliers",
    "mia_subgroups",
    "mia_surest",
    "mia_tpr",
    "mia_worst",
    "nndr",
    "privacy_loss",
    "rare_combinations",
    "singling_out_multivariate",
    "singling_out_univariate",
]
