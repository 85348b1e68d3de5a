"""The records that a run may read: what the desk and the guard ask of them, wherever they lie."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from cohortium.privacy.column_facts import ColumnFacts
from cohortium.privacy.disclosure import DisclosureRules, Mode
from cohortium.privacy.person_tokens import person_tokens
from cohortium.privacy.sensitivity import Bounded
from cohortium.records import (
    Algorithm,
    Schema,
    State,
    Sums,
    Table,
    as_agreed,
    parse_condition,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class RunRecords(Protocol):
    """Records of one site, in one piece or in partitions; both give the same answers, to the rounding of sums."""

    @property
    def schema(self) -> Schema:
        """What the records mean."""
        ...

    def must_suit(self, algorithms: Iterable[Algorithm]) -> None:
        """Raises NotApplicable where one of them cannot run on records that lie as these do."""
        ...

    def where(self, condition: str, names: Sequence[str]) -> RunRecords:
        """The rows that satisfy a condition on the columns ``names``; raises InvalidRequest."""
        ...

    def facts(self, names: Sequence[str], rules: DisclosureRules, mode: Mode) -> ColumnFacts:
        """What the disclosure rules ask about these columns."""
        ...

    def tokens(self, dataset: str, key: bytes) -> NDArray[np.uint64]:
        """Sorted tokens (persons,) of the persons."""
        ...

    def agreed(self, schema: Schema) -> RunRecords:
        """The same under the agreed schema; raises InvalidRequest where the two cannot be brought together."""
        ...

    def local(self, algorithm: Algorithm, state: State, within: Bounded | None = None) -> Sums:
        """The algorithm's sums, of records that were clipped to bounds where ``within`` states them."""
        ...


@dataclass(frozen=True, slots=True)
class InMemory:
    """Records in one table."""

    table: Table

    @property
    def schema(self) -> Schema:
        """Of the table."""
        return self.table.schema

    def must_suit(self, algorithms: Iterable[Algorithm]) -> None:
        """Every algorithm runs on a table."""

    def where(self, condition: str, names: Sequence[str]) -> InMemory:
        """The rows that satisfy a condition; raises InvalidRequest."""
        parsed = parse_condition(condition, self.schema.select(names))
        return InMemory(self.table.take(parsed.holds(self.table)))

    def facts(self, names: Sequence[str], rules: DisclosureRules, mode: Mode) -> ColumnFacts:
        """What the disclosure rules ask about these columns."""
        return ColumnFacts.of(self.table, names, rules, mode)

    def tokens(self, dataset: str, key: bytes) -> NDArray[np.uint64]:
        """Sorted tokens (persons,) of the persons."""
        return person_tokens(self.table, dataset, key)

    def agreed(self, schema: Schema) -> InMemory:
        """The same under the agreed schema."""
        return InMemory(as_agreed(self.table, schema))

    def local(self, algorithm: Algorithm, state: State, within: Bounded | None = None) -> Sums:
        """The algorithm's sums."""
        return algorithm.local(self.table if within is None else within.clip(self.table, state), state)
