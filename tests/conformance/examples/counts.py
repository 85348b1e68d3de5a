"""Examples of algorithms that describe and count."""

from __future__ import annotations

from tests.conformance.examples.example import Example, patients

from cohortium.analyse import Describe

EXAMPLES = {"describe": Example(Describe(("age", "stage", "smoker", "marker")), patients)}
