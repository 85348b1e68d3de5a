"""Examples of algorithms that test and compare."""

from __future__ import annotations

from tests.conformance.examples.example import Example

EXAMPLES: dict[str, Example] = {}
