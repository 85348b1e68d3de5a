"""A sample of persons: nobody outside can be sure that a given person is in the release."""

from __future__ import annotations

import numpy as np

from cohortium.errors import InvalidRequest
from cohortium.privacy.secure_noise import Noise, SecureNoise
from cohortium.records import Table


def sample_persons(table: Table, share: float, *, noise: Noise | None = None) -> Table:
    """All rows of a random ``share`` of the persons, drawn by the system's secure source, in the order they had.

    Raises : InvalidRequest unless 0 < share <= 1, or where the share is less than one person.
    """
    if not 0 < share <= 1:
        raise InvalidRequest(f"The share of persons must lie above 0 and be at most 1, not {share}.")
    persons = table.persons()
    number = int(persons.max(initial=-1)) + 1
    wanted = round(share * number)
    if wanted < 1:
        raise InvalidRequest(f"{share} of {number:,} persons is less than one. Ask for a larger share.")
    chosen = np.zeros(number, dtype=np.bool_)
    chosen[np.argsort((noise or SecureNoise()).words(number), kind="stable")[:wanted]] = True
    return table.take(chosen[persons])
