"""Nodes of trees as arrays: every tree's in one list, the right child beside the left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.numerics.tree_levels import leaves_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[Any]]

NODE_TYPES = {
    "feature": np.int32,
    "cut": np.uint8,
    "missing_left": np.bool_,
    "left": np.int32,
    "tree": np.uint16,
    "depth": np.uint8,
    "persons": np.int32,
    "gain": np.float32,
}
"""What is known of a node, in narrow types since every site is sent all nodes at every step."""


def no_nodes(outputs: int) -> Arrays:
    """Nodes of no trees; ``value`` has a column for each class, or one."""
    nodes: Arrays = {name: np.zeros(0, dtype=kind) for name, kind in NODE_TYPES.items()}
    return nodes | {"value": np.zeros((0, outputs)), "roots": np.zeros(0, dtype=np.int32)}


def with_nodes(arrays: Arrays, number: int, given: dict[str, Any]) -> Arrays:
    """The nodes with so many more leaves; what is not given is 0."""
    extended = dict(arrays)
    for name, kind in NODE_TYPES.items():
        filler = given.get(name, -1 if name == "feature" else 0)
        extended[name] = np.concatenate([arrays[name], np.broadcast_to(np.asarray(filler, dtype=kind), number)])
    values = np.asarray(given.get("value", 0.0), dtype=np.float64)
    shape = (number, arrays["value"].shape[1])
    block = values.reshape(shape) if values.ndim else np.zeros(shape)
    extended["value"] = np.concatenate([arrays["value"], block])
    return extended


def nodes_of(arrays: Mapping[str, NDArray[Any]], trees: int) -> Arrays:
    """The nodes of the first so many trees, without what was to be asked next."""
    roots = arrays["roots"]
    end = int(roots[trees]) if trees < len(roots) else len(arrays["feature"])
    return {name: arrays[name][:end] for name in (*NODE_TYPES, "value")} | {"roots": roots[:trees]}


def tree_leaves(arrays: Arrays, bins: NDArray[np.uint8], tree: int) -> NDArray[np.int32]:
    """The node (n,) of a tree in which each row lies."""
    found: NDArray[np.int32] = leaves_of(
        bins, arrays["feature"], arrays["cut"], arrays["missing_left"], arrays["left"], int(arrays["roots"][tree])
    )
    return found
