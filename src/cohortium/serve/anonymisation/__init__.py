"""Anonymisation for people: the commands, the pages, and the way through the gate."""

from cohortium.serve.anonymisation import table  # noqa: F401 - registers its command
from cohortium.serve.anonymisation.app import anonymise_app

__all__ = ["anonymise_app"]
