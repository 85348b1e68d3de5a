"""What is asked of a table, one family of checks per file.

A check is registered by importing it here, once, in the order of the page.
"""

from cohortium.quality.checks import completeness  # noqa: I001 - the order of the page
from cohortium.quality.checks import plausibility, defaults, recording, conformance, sites, uniqueness, dates, drift

__all__ = [
    "completeness",
    "conformance",
    "dates",
    "defaults",
    "drift",
    "plausibility",
    "recording",
    "sites",
    "uniqueness",
]
