"""What the stages of a federated twin hand on: a synthesiser's own state, a drawn table, and what was judged so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cohortium.errors import ProtocolViolation
from cohortium.records import Result, State, Sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A model and the rows that were drawn from it, as they travel."""

    model: Result
    rows: NDArray[Any]

    def put(self, prefix: str) -> tuple[dict[str, Any], Arrays]:
        """As facts and arrays."""
        arrays = {f"{prefix}.model.{name}": array for name, array in self.model.arrays.items()}
        facts = {"title": self.model.title, "persons": self.model.persons, "facts": self.model.facts}
        return facts, {**arrays, f"{prefix}.rows": self.rows}

    @classmethod
    def got(cls, prefix: str, facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Drawn:
        """What ``put`` made."""
        own = _under(f"{prefix}.model", arrays)
        return cls(Result(facts["title"], facts["persons"], {}, facts["facts"], own), arrays[f"{prefix}.rows"])


@dataclass(frozen=True, slots=True)
class Kept:
    """What is carried from split to split.

    split  : number of splits that are judged.
    schema : the agreed one, as plain data, from which each split starts.
    drawn  : of the first split, which is what may leave.
    totals : sums of every split; all but the first were asked for those alone that attacks are judged by.
    """

    schema: dict[str, Any]
    split: int = 0
    first: Drawn | None = None
    totals: tuple[Mapping[str, NDArray[Any]], ...] = field(default=())

    @property
    def drawn(self) -> Drawn:
        """The first split's model and rows; raises ProtocolViolation where it is not judged yet."""
        if self.first is None:
            raise ProtocolViolation("An answer was asked for before any synthetic rows were judged.")
        return self.first

    def after(self, drawn: Drawn, total: Sums) -> Kept:
        """With one more split judged."""
        return replace(self, split=self.split + 1, first=self.first or drawn, totals=(*self.totals, dict(total)))

    def put(self) -> tuple[dict[str, Any], Arrays]:
        """As facts and arrays."""
        arrays: Arrays = {}
        for place, total in enumerate(self.totals):
            arrays |= {f"total.{place:02d}.{name}": array for name, array in total.items()}
        facts: dict[str, Any] = {"split": self.split, "schema": self.schema}
        if self.first is not None:
            facts["first"], own = self.first.put("first")
            arrays |= own
        return facts, arrays

    @classmethod
    def of(cls, state: State) -> Kept:
        """What a state carries."""
        facts = state.facts["kept"]
        first = Drawn.got("first", facts["first"], state.arrays) if "first" in facts else None
        totals = tuple(_under(f"total.{place:02d}", state.arrays) for place in range(facts["split"]))
        return cls(facts["schema"], facts["split"], first, totals)


def stage_state(stage: str, inner: State, kept: Kept) -> State:
    """A synthesiser's own state as a step of the twin."""
    facts, arrays = kept.put()
    own = {f"inner.{name}": array for name, array in inner.arrays.items()}
    return State(f"{stage} {inner.step}", {"inner": inner.facts, "kept": facts}, {**arrays, **own})


def inner_state(state: State) -> State:
    """The synthesiser's own state."""
    return State(state.step.partition(" ")[2], state.facts["inner"], _under("inner", state.arrays))


def drawn_state(stage: str, drawn: Drawn, kept: Kept) -> State:
    """Ask the sites about drawn rows."""
    facts, arrays = kept.put()
    own, rows = drawn.put("drawn")
    return State(stage, {"drawn": own, "kept": facts}, {**arrays, **rows})


def drawn_of(state: State) -> Drawn:
    """The rows that a step asks about."""
    return Drawn.got("drawn", state.facts["drawn"], state.arrays)


def _under(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    start = f"{prefix}."
    return {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}
