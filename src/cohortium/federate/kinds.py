"""Kinds of results, as permits and the airlock tell them apart."""

from __future__ import annotations

from cohortium.registry import find


def kind_of(algorithm: str) -> str:
    """Which kind of result an algorithm makes, as permits name them."""
    if algorithm == "federated_twin":
        return "synthetic"
    return "model" if find("algorithm", algorithm).facts["family"] in ("learning", "trees") else "table"
