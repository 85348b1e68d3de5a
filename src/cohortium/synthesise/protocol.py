"""What every synthesiser is: something that learns a table, and what it has learnt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import numpy as np

from cohortium.records import Condition, Guarantee, Schema, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

Progress = Callable[[str, float], None]
"""Called with what is being done and the share of the work done so far (0 to 1)."""


def silent(_doing: str, _share: float) -> None:
    """A progress listener that shows nothing."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A fitted model as plain data: what a model file holds.

    facts  : JSON values.
    arrays : numeric or boolean arrays; never objects.
    """

    facts: dict[str, Any]
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)


class Fitted(Protocol):
    """A model of one table, ready to be sampled."""

    method: ClassVar[str]

    @property
    def schema(self) -> Schema:
        """Schema of the tables that the model makes: the modelled columns of the table it learnt."""
        ...

    @property
    def guarantee(self) -> Guarantee:
        """The formal privacy guarantee of everything that the model makes."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know about this fit, in whole sentences: what was left out, merged or too few."""
        ...

    def sample(self, n: int, *, rng: np.random.Generator, where: Condition | None = None) -> Table:
        """``n`` new rows, of persons who do not exist, that all satisfy ``where``.

        Raises : NotApplicable where the model finds (almost) no such rows.
        """
        ...

    def parts(self) -> Parts:
        """The model as plain data."""
        ...

    @classmethod
    def from_parts(cls, schema: Schema, parts: Parts) -> Self:
        """The model that ``parts`` holds."""
        ...


class Synthesiser(Protocol):
    """A method that learns a table; its settings are its fields."""

    def fit(self, real: Table, *, rng: np.random.Generator, progress: Progress = silent) -> Fitted:
        """Learn ``real``. Rows of one person count as one person, whom no statistic may single out.

        Raises : TooFewRecords below the method's floor.
        """
        ...
