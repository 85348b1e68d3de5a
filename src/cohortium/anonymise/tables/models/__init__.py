"""Privacy models, one per file: what a release must be like before anybody may have it."""

from cohortium.anonymise.tables.models.average_risk import AverageRisk
from cohortium.anonymise.tables.models.beta_likeness import BetaLikeness
from cohortium.anonymise.tables.models.delta_disclosure import DeltaDisclosure
from cohortium.anonymise.tables.models.delta_presence import DeltaPresence
from cohortium.anonymise.tables.models.distinct_l_diversity import DistinctLDiversity
from cohortium.anonymise.tables.models.entropy_l_diversity import EntropyLDiversity
from cohortium.anonymise.tables.models.highest_risk import HighestRisk
from cohortium.anonymise.tables.models.k_anonymity import KAnonymity
from cohortium.anonymise.tables.models.k_map import KMap
from cohortium.anonymise.tables.models.km_anonymity import KmAnonymity
from cohortium.anonymise.tables.models.population_uniqueness import PopulationUniqueness
from cohortium.anonymise.tables.models.protocol import Classes, ClassModel, ReleaseModel
from cohortium.anonymise.tables.models.recursive_cl_diversity import RecursiveCLDiversity
from cohortium.anonymise.tables.models.t_closeness import TCloseness
from cohortium.anonymise.tables.models.whole_column import WholeColumn, beside_whole

__all__ = [
    "AverageRisk",
    "BetaLikeness",
    "ClassModel",
    "Classes",
    "DeltaDisclosure",
    "DeltaPresence",
    "DistinctLDiversity",
    "EntropyLDiversity",
    "HighestRisk",
    "KAnonymity",
    "KMap",
    "KmAnonymity",
    "PopulationUniqueness",
    "RecursiveCLDiversity",
    "ReleaseModel",
    "TCloseness",
    "WholeColumn",
    "beside_whole",
]
