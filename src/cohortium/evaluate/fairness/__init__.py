"""Does the table serve every group of patients equally well?"""

from cohortium.evaluate.fairness.demographic_parity_shift import demographic_parity_shift
from cohortium.evaluate.fairness.equalised_odds_shift import equalised_odds_shift
from cohortium.evaluate.fairness.subgroup_c2st import subgroup_c2st
from cohortium.evaluate.fairness.subgroup_shares import subgroup_shares
from cohortium.evaluate.fairness.subgroup_trends import subgroup_trends
from cohortium.evaluate.fairness.subgroup_tstr_gap import subgroup_tstr_gap

__all__ = [
    "demographic_parity_shift",
    "equalised_odds_shift",
    "subgroup_c2st",
    "subgroup_shares",
    "subgroup_trends",
    "subgroup_tstr_gap",
]
