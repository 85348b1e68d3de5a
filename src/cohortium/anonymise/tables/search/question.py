"""What a search is asked for, and what it may answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.tables.class_counts import ClassCounter, values_left_out
from cohortium.anonymise.tables.hierarchy import Hierarchy
from cohortium.anonymise.tables.information_loss import InformationLoss
from cohortium.anonymise.tables.lattice import Lattice
from cohortium.anonymise.tables.models.km_anonymity import KmAnonymity
from cohortium.anonymise.tables.models.protocol import Classes, ClassModel, ReleaseModel
from cohortium.anonymise.tables.tuples import Tuples, level_columns
from cohortium.errors import InvalidRequest

if TYPE_CHECKING:
    from numpy.typing import NDArray

Progress = Callable[[str, float], None]


def unwatched(_doing: str, _share: float) -> None:
    """Progress that nobody looks at."""


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """Which release of a table loses least, among those that the models accept.

    tuples      : the table's distinct combinations.
    hierarchies : per quasi-identifier, its levels.
    classes     : models that judge every class.
    release     : models that judge a release as a whole.
    suppression : share of the rows that may be left out, 0 to 1.
    weights     : of the columns in the loss; equal where None.
    allowed     : which levels may be chosen; all where None.
    """

    tuples: Tuples
    hierarchies: tuple[Hierarchy, ...]
    classes: tuple[ClassModel, ...]
    release: tuple[ReleaseModel, ...] = ()
    suppression: float = 0.0
    weights: tuple[float, ...] | None = None
    allowed: Lattice | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.suppression <= 1.0:
            raise InvalidRequest(f"The share of rows that may be left out lies from 0 to 1, not {self.suppression:g}.")
        if not self.classes and not self.release:
            raise InvalidRequest("A search needs at least one privacy model, such as k_anonymity.")

    @property
    def lattice(self) -> Lattice:
        """The nodes among which the search chooses."""
        return self.allowed or Lattice.of([one.levels for one in self.hierarchies])

    @property
    def most_left_out(self) -> int:
        """How many rows may be left out."""
        return int(np.floor(self.suppression * self.tuples.rows + 1e-9))


@dataclass(frozen=True, slots=True)
class Answer:
    """A release: a level per column, and what is left out.

    node     : (q,) levels.
    loss     : from 0 to 1, what it loses.
    bound    : no release that the question allows loses less than this.
    left_out : rows that are left out.
    checks   : nodes that were counted.
    nodes    : nodes that there are.
    """

    node: tuple[int, ...]
    loss: float
    bound: float
    left_out: int
    checks: int
    nodes: int

    @property
    def is_optimal(self) -> bool:
        """Whether no release that the question allows loses less (to 1e-12, the rounding of the sums)."""
        return self.loss - self.bound <= 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """What was counted at one node.

    loss       : of the release at this node; infinite where the question does not allow it.
    left_out   : rows in classes that fail.
    hopeless   : whether every finer node leaves out too many rows, too.
    losses     : (q, levels) of which the sum at a finer node's levels bounds that node's loss from below.
    """

    loss: float
    left_out: int
    hopeless: bool
    losses: NDArray[np.float64]


class Checker:
    """Counts nodes of one question."""

    def __init__(self, question: Question) -> None:
        self.question = question
        tuples, hierarchies = question.tuples, question.hierarchies
        self.loss = InformationLoss.of(tuples, hierarchies, question.weights)
        starts = np.cumsum([0, *(one.levels for one in hierarchies)])[:-1]
        self.counter = ClassCounter(
            level_columns(tuples, hierarchies),
            starts.astype(np.int64),
            [[len(labels) for labels in one.labels] for one in hierarchies],
            tuples.counts,
        )
        self.checks = 0
        self._looks_at_columns = any(isinstance(model, KmAnonymity) for model in question.classes)
        self._nested = [model for model in question.classes if model.nested]
        self._others = [model for model in question.classes if not model.nested]
        self._left_out = np.zeros(len(self.loss.spared), dtype=np.int64)

    def classes(self, node: NDArray[np.int64]) -> Classes:
        """The classes at a node."""
        found, rows = self.counter.classes(node)
        shown = self.counter.columns[self.counter.starts + node] if self._looks_at_columns else None
        return Classes(found, rows, self.question.tuples, shown)

    def failing(self, classes: Classes) -> NDArray[np.bool_]:
        """(c,) True where a class must not leave."""
        return failing_classes(self.question.classes, classes)

    def check(self, node: NDArray[np.int64]) -> Checked:
        """Count one node."""
        self.checks += 1
        classes = self.classes(node)
        fails = failing_classes(self._nested, classes)
        surely_out = self._count(classes, fails)
        losses = self.loss.with_left_out(self._left_out)
        most = self.question.most_left_out
        hopeless, at_node, left_out = surely_out > most, losses, surely_out
        if self._others and not hopeless:
            fails = failing_classes(self.question.classes, classes)
            left_out = self._count(classes, fails)
            at_node = self.loss.with_left_out(self._left_out)
            hopeless = most == 0 and left_out > 0
        allowed = left_out <= most and all(
            one.holds(classes.persons()[~fails & (classes.rows > 0)]) for one in self.question.release
        )
        loss = self.loss.of_node(node, at_node) if allowed else np.inf
        return Checked(loss, left_out, hopeless, losses)

    def _count(self, classes: Classes, fails: NDArray[np.bool_]) -> int:
        tuples, out = self.question.tuples, self._left_out
        return int(values_left_out(tuples.codes, self.loss.starts, tuples.counts, classes.of_tuple, fails, out))


def failing_classes(models: Sequence[ClassModel], classes: Classes) -> NDArray[np.bool_]:
    """(c,) True where a model refuses a class; k^m-anonymity is asked of what the others leave."""
    fails = np.zeros(len(classes), dtype=np.bool_)
    across = [model for model in models if isinstance(model, KmAnonymity)]
    for model in models:
        if not isinstance(model, KmAnonymity):
            fails |= model.fails(classes)
    while True:
        before = fails
        for model in across:
            fails = model.fails_without(classes, fails)
        if len(across) < 2 or (fails == before).all():
            return fails
