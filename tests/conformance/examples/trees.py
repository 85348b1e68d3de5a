"""Examples of algorithms that grow trees."""

from __future__ import annotations

from tests.conformance.examples.example import Example

EXAMPLES: dict[str, Example] = {}
