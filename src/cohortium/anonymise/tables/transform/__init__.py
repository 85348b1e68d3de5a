"""Values changed one way per file: pure functions from a table to a table. Randomness comes from the secure source."""

from cohortium.anonymise.tables.transform.best_groups import best_groups
from cohortium.anonymise.tables.transform.date_shift import shift_dates
from cohortium.anonymise.tables.transform.end_coding import code_ends
from cohortium.anonymise.tables.transform.microaggregation import Microaggregated, microaggregate
from cohortium.anonymise.tables.transform.nearest_groups import nearest_groups
from cohortium.anonymise.tables.transform.perturbation import Perturbed, perturb
from cohortium.anonymise.tables.transform.post_randomisation import PostRandomised, invariant_matrix, randomise_levels
from cohortium.anonymise.tables.transform.pseudonyms import pseudonymise
from cohortium.anonymise.tables.transform.rank_swapping import swap_ranks
from cohortium.anonymise.tables.transform.rounding import round_to
from cohortium.anonymise.tables.transform.sampling import sample_persons
from cohortium.anonymise.tables.transform.suppression import without_columns

__all__ = [
    "Microaggregated",
    "Perturbed",
    "PostRandomised",
    "best_groups",
    "code_ends",
    "invariant_matrix",
    "microaggregate",
    "nearest_groups",
    "perturb",
    "pseudonymise",
    "randomise_levels",
    "round_to",
    "sample_persons",
    "shift_dates",
    "swap_ranks",
    "without_columns",
]
