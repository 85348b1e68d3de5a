"""Is every row a row that the hospital could have recorded?"""

from cohortium.evaluate.validity.category_adherence import category_adherence
from cohortium.evaluate.validity.constraint_adherence import constraint_adherence
from cohortium.evaluate.validity.format_adherence import format_adherence
from cohortium.evaluate.validity.key_uniqueness import key_uniqueness
from cohortium.evaluate.validity.missing_together import missing_together
from cohortium.evaluate.validity.plausible_ranges import plausible_ranges
from cohortium.evaluate.validity.range_adherence import range_adherence

__all__ = [
    "category_adherence",
    "constraint_adherence",
    "format_adherence",
    "key_uniqueness",
    "missing_together",
    "plausible_ranges",
    "range_adherence",
]
