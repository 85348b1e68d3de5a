"""A real table, a synthetic one made from it, and real persons who were held out: what every metric looks at."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from cohortium.errors import NotApplicable
from cohortium.records import Guarantee, Matrices, Survival, Table, matrices

if TYPE_CHECKING:
    from numpy.typing import NDArray

Found = TypeVar("Found")


@dataclass(frozen=True)
class Comparison:
    """Three tables of one schema, encoded once for all metrics.

    real      : the persons that the synthetic table was made from.
    synthetic : the table that is judged.
    holdout   : real persons that were kept away from the synthesiser; None where there are none.
    target    : the column that models predict, for utility; the schema's outcome where there is one.
    analysis  : the regression that the study is about, ``outcome ~ a + b``; the target on all others where None.
    """

    real: Table
    synthetic: Table
    holdout: Table | None = None
    target: str | None = None
    guarantee: Guarantee = field(default_factory=Guarantee)
    analysis: str | None = None
    _kept: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, work: Callable[[Comparison, np.random.Generator], Found], rng: np.random.Generator) -> Found:
        """``work(self, generator)``, kept, so that several metrics read one experiment instead of repeating it.

        The generator is made from the state of ``rng``, which does not move: metrics that are given generators in the
        same state share the experiment, others run their own, and neither order nor threads change what comes out.
        """
        seed = seed_of(rng)
        key = (work.__module__, work.__qualname__, seed)
        if key not in self._kept:
            self._kept[key] = work(self, np.random.default_rng(seed))
        found: Found = self._kept[key]
        return found

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
        return Comparison(self.real, plays, judges, self.target, self.guarantee, self.analysis)


def seed_of(rng: np.random.Generator) -> int:
    """A seed that is the same for generators in the same state, and unlike what they would draw next."""
    return int.from_bytes(hashlib.blake2b(repr(rng.bit_generator.state).encode(), digest_size=16).digest(), "big")
