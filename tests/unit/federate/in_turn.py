"""Workers without processes: one file after the other, through the bytes that would travel."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any


class InTurn:
    """Works on the files of a layout in this process."""

    def each(self, task: Callable[..., Any], paths: Sequence[Path], *settings: Any) -> list[Any]:
        return [pickle.loads(pickle.dumps(task(path, *pickle.loads(pickle.dumps(settings))))) for path in paths]  # noqa: S301

    def summed(self, task: Callable[..., Any], paths: Sequence[Path], *settings: Any, watch: object = None) -> Any:
        return reduce(add, self.each(task, paths, *settings))


@contextmanager
def in_turn(_folder: Path) -> Iterator[InTurn]:
    """As a cluster is started for a desk."""
    yield InTurn()
