"""What a site has worked out of its records and need not work out again at the next step.

Each entry follows from the table and from what its name says, so that it changes how long a step takes and never what
comes of it. It goes when the table goes.
"""

from __future__ import annotations

import hashlib
import weakref
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from cohortium.records import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

_KEPT: OrderedDict[tuple[Any, ...], tuple[weakref.ref[Any], Any]] = OrderedDict()
_LOCK = Lock()
_MOST_KEPT = 64

Kept = TypeVar("Kept")


def kept(table: Table, name: tuple[Any, ...], make: Callable[[], Kept]) -> Kept:
    """What ``make`` gives for this very table, made once and kept while the table lives and others are not newer."""
    key = (id(table.arrow), *name)
    with _LOCK:
        entry = _KEPT.get(key)
        if entry is not None and entry[0]() is table.arrow:
            _KEPT.move_to_end(key)
            found: Kept = entry[1]
            return found
    made = make()
    keep(table, name, made)
    return made


def keep(table: Table, name: tuple[Any, ...], value: object) -> None:
    """Put ``value`` in the place of what was kept under this name."""
    with _LOCK:
        _KEPT[id(table.arrow), *name] = (weakref.ref(table.arrow), value)
        for key in [key for key, (alive, _) in _KEPT.items() if alive() is None]:
            del _KEPT[key]
        while len(_KEPT) > _MOST_KEPT:
            _KEPT.popitem(last=False)


def digest_of(*arrays: NDArray[Any]) -> str:
    """Stands for the contents of arrays."""
    joined = b"".join([np.ascontiguousarray(array).tobytes() for array in arrays])
    return hashlib.blake2b(joined, digest_size=16).hexdigest()


def forget() -> None:
    """Let everything go."""
    with _LOCK:
        _KEPT.clear()
