"""PyTorch, imported where a network is trained and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cohortium.errors import MissingExtra


def torch() -> Any:
    """The module ``torch``; raises MissingExtra where it is not installed."""
    try:
        import torch as found
    except ImportError:
        raise MissingExtra(
            "Training a neural network needs PyTorch. Install it with: pip install 'cohortium[learning]'"
        ) from None
    return found


@contextmanager
def one_thread() -> Iterator[None]:
    """PyTorch on one thread, so that sums are added in one order on every machine; small networks are faster so."""
    library = torch()
    before = library.get_num_threads()
    library.set_num_threads(1)
    try:
        yield
    finally:
        library.set_num_threads(before)
