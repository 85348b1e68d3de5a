"""The page on a table: one HTML file for the screen, for the dark and for paper."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cohortium import pages
from cohortium.quality.findings import CheckResult
from cohortium.quality.profile import Profile
from cohortium.quality.view import view

TEMPLATES = Path(__file__).parent / "templates"


def html(profile: Profile, results: Sequence[CheckResult], title: str) -> str:
    """The page on a profile and the results of the checks, readable without scripts.

    Reveals : what ``profile`` and ``results`` reveal, and nothing more.
    """
    return pages.page(TEMPLATES, page=view(profile, results, title))
