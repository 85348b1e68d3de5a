"""Examples of algorithms that follow people over time."""

from __future__ import annotations

from tests.conformance.examples.example import Example

EXAMPLES: dict[str, Example] = {}
