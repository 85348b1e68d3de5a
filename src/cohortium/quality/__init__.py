"""Data quality: what a table holds, what may be wrong with it, and a page to read both on.

``profile`` describes, ``run_checks`` judges, ``html`` shows. One more check is one more function under ``checks/``.
"""

from cohortium.quality.findings import CheckResult, CheckStatus, Dimension, Outcome
from cohortium.quality.inspection import Inspection
from cohortium.quality.page import html
from cohortium.quality.profile import ColumnProfile, Profile, profile
from cohortium.quality.run import run_checks

__all__ = [
    "CheckResult",
    "CheckStatus",
    "ColumnProfile",
    "Dimension",
    "Inspection",
    "Outcome",
    "Profile",
    "html",
    "profile",
    "run_checks",
]
