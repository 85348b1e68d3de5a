"""Local recoding: levels of its own for every combination of values."""

from cohortium.anonymise.tables.local.search import search_locally

__all__ = ["search_locally"]
