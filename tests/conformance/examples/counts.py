"""Examples of algorithms that describe and count."""

from __future__ import annotations

from cohortium.analyse import Describe
from tests.conformance.examples.example import Example, patients

EXAMPLES = {"describe": Example(Describe(("age", "stage", "smoker", "marker")), patients)}
