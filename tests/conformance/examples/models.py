"""Examples of algorithms that fit a model."""

from __future__ import annotations

from tests.conformance.examples.example import Example

EXAMPLES: dict[str, Example] = {}
