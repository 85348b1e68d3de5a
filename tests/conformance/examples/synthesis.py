"""Examples of algorithms that learn a synthetic twin across sites."""

from __future__ import annotations

from tests.conformance.examples.example import Example

EXAMPLES: dict[str, Example] = {}
