"""A real table, a synthetic one made from it, and real persons who were held out: what every metric looks at."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from cohortium.errors import NotApplicable
from cohortium.records import Guarantee, Matrices, Survival, Table, matrices

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Comparison:
    """Three tables of one schema, encoded once for all metrics.

    real      : the persons that the synthetic table was made from.
    synthetic : the table that is judged.
    holdout   : real persons that were kept away from the synthesiser; None where there are none.
    target    : the column that models predict, for utility; the schema's outcome where there is one.
    """

    real: Table
    synthetic: Table
    holdout: Table | None = None
    target: str | None = None
    guarantee: Guarantee = field(default_factory=Guarantee)

    @cached_property
    def encoded(self) -> Matrices:
        """The modelled columns as matrices: real, synthetic and (where there is one) holdout, in this order."""
        tables = [self.real, self.synthetic] + ([] if self.holdout is None else [self.holdout])
        return matrices(tables)

    @property
    def real_matrix(self) -> NDArray[np.float64]:
        """(n_real, p)."""
        return self.encoded.values[0]

    @property
    def synthetic_matrix(self) -> NDArray[np.float64]:
        """(n_synthetic, p)."""
        return self.encoded.values[1]

    @property
    def holdout_matrix(self) -> NDArray[np.float64]:
        """(n_holdout, p).

        Raises : NotApplicable where no persons were held out.
        """
        if self.holdout is None:
            raise NotApplicable("This row needs real persons who were held out from the synthesiser.")
        return self.encoded.values[2]

    @cached_property
    def survival(self) -> tuple[Survival, Survival, Survival | None]:
        """Follow-up of the real, synthetic and held-out persons.

        Raises : NotApplicable where the schema names no time and event.
        """
        held = None if self.holdout is None else Survival.of(self.holdout)
        return Survival.of(self.real), Survival.of(self.synthetic), held

    def reference(self, rng: np.random.Generator) -> Comparison:
        """The same comparison with one half of the held-out persons in the place of the synthetic table.

        Raises : NotApplicable where no persons were held out.
        """
        if self.holdout is None:
            raise NotApplicable("The value on real persons needs real persons who were held out.")
        plays, judges = self.holdout.split_by_person(0.5, rng)
        return Comparison(self.real, plays, judges, self.target, self.guarantee)
