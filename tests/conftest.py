"""What all tests share: where the larger real data lie, and a seeded generator."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of larger real data sets, named by the environment variable COHORTIUM_DATA."""
    folder = os.environ.get("COHORTIUM_DATA")
    if not folder:
        pytest.skip("COHORTIUM_DATA is unset: the larger real data sets are not on this machine")
    return Path(folder)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20261123)
