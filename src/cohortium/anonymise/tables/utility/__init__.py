"""How useful an anonymised table still is, one metric per file; the loss that searches minimise is information_loss."""

from cohortium.anonymise.tables.utility.ambiguity import ambiguity
from cohortium.anonymise.tables.utility.average_class_size import average_class_size
from cohortium.anonymise.tables.utility.class_accuracy import ClassAccuracy, class_accuracy
from cohortium.anonymise.tables.utility.discernibility import discernibility
from cohortium.anonymise.tables.utility.non_uniform_entropy import non_uniform_entropy
from cohortium.anonymise.tables.utility.precision import precision

__all__ = [
    "ClassAccuracy",
    "ambiguity",
    "average_class_size",
    "class_accuracy",
    "discernibility",
    "non_uniform_entropy",
    "precision",
]
