"""Searches for the release that loses least among those that the privacy models accept."""

from cohortium.anonymise.tables.search.anytime import search_anytime
from cohortium.anonymise.tables.search.exact import search_exactly
from cohortium.anonymise.tables.search.question import Answer, Question

__all__ = ["Answer", "Question", "search_anytime", "search_exactly"]
