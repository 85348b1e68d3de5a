"""Merkle trees over a log: the hash of all entries, and short proofs about one entry or an earlier size.

Source : RFC 6962, section 2.1 (hashes); RFC 9162, sections 2.1.3 and 2.1.4 (proofs and how they are checked).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256().digest()
"""Root of a log without entries."""

HashAt = Callable[[int, int], bytes]
"""(level, index) to the hash of the complete subtree over entries [index * 2^level, (index + 1) * 2^level)."""


def leaf_hash(entry: bytes) -> bytes:
    """Hash of one entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of two neighbouring subtrees together."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(size: int, hash_at: HashAt) -> bytes:
    """Root of the tree over the first ``size`` entries."""
    return _over(0, size, hash_at) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, hash_at: HashAt) -> list[bytes]:
    """What is needed beside an entry to get the root: from its neighbour upwards."""
    path: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(_over(middle, high, hash_at))
            high = middle
        else:
            path.append(_over(low, middle, hash_at))
            low = middle
    return path[::-1]


def consistency_proof(old: int, new: int, hash_at: HashAt) -> list[bytes]:
    """What shows that a tree of ``new`` entries begins with the ``old`` ones, 0 < old <= new."""
    path: list[bytes] = []
    low, high, is_whole = 0, new, True
    while old != high:
        middle = low + _split(high - low)
        if old <= middle:
            path.append(_over(middle, high, hash_at))
            high = middle
        else:
            path.append(_over(low, middle, hash_at))
            low, is_whole = middle, False
    if not is_whole:
        path.append(_over(low, high, hash_at))
    return path[::-1]


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """The root of a tree of ``size`` entries with this leaf hash at ``index``; None for a malformed proof."""
    if not 0 <= index < size:
        return None
    at, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return None
        if at & 1 or at == last:
            found = node_hash(step, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, step)
        at, last = at >> 1, last >> 1
    return found if last == 0 else None


def is_consistent(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether the proof shows that the tree of ``new`` entries begins with that of ``old``."""
    if not 0 <= old <= new:
        return False
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    if old == new:
        return not proof and old_root == new_root
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    if not path:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            second = node_hash(second, step)
        at, last = at >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root


def _over(low: int, high: int, hash_at: HashAt) -> bytes:
    """Hash over the entries [low, high); ``low`` is a multiple of the largest power of two below its length."""
    number = high - low
    if not number & (number - 1):
        level = number.bit_length() - 1
        return hash_at(level, low >> level)
    middle = low + _split(number)
    return node_hash(_over(low, middle, hash_at), _over(middle, high, hash_at))


def _split(number: int) -> int:
    """The largest power of two below ``number``, which is 2 or more."""
    return 1 << (number - 1).bit_length() - 1
