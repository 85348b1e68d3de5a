"""Sequential trees for tables in which a person has several rows.

Two sequences of forests share one set of bins. The first draws a person: how many rows there are, what stays the same
over them, and the first row. The second draws each further row from the person, the row before, and the row's number.
Rows follow each other by the first date of the table, or as they stand where it has none.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pyarrow as pa

from cohortium.errors import NotApplicable
from cohortium.numerics.tree_draws import Forest, draw
from cohortium.records import Column, Condition, Guarantee, Kind, Role, Schema, Table
from cohortium.registry import model
from cohortium.synthesise.protocol import Parts, Progress
from cohortium.synthesise.tables.bins import ColumnBins, bin_column
from cohortium.synthesise.tables.derived import Derivation, derivations, rules_to_check
from cohortium.synthesise.tables.forest_model import NO_LIMIT, RAREST
from cohortium.synthesise.tables.forests import TreeSettings, encoded, learn_forests
from cohortium.synthesise.tables.order import column_order
from cohortium.synthesise.tables.stored import model_from_parts, model_parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_ROWS = 200
"""Rows of one person beyond this teach nothing, so that no one person dominates a forest."""


@model("person_trees")
@dataclass(frozen=True, slots=True)
class FittedPersonTrees:
    """Forests of persons and of their further rows, ready to be sampled.

    bins    : number of rows, row number, then the constant and the varying columns.
    forests : of the first row (rows, constants, varying columns); then of further rows (varying columns).
    """

    method: ClassVar[str] = "person_trees"

    schema: Schema
    bins: tuple[ColumnBins, ...]
    constants: int
    forests: tuple[Forest, ...]
    derived: tuple[Derivation, ...]
    shrink: float
    smallest: int
    notes: tuple[str, ...]
    settings: dict[str, Any]

    @property
    def guarantee(self) -> Guarantee:
        """None: privacy of this method is shown by attack."""
        return Guarantee()

    def sample(self, n: int, *, rng: np.random.Generator, where: Condition | None = None) -> Table:
        """``n`` rows of new persons, whole persons as far as ``n`` reaches; ``where`` picks rows, not persons.

        Raises : NotApplicable where the model finds (almost) no such rows.
        """
        rules = rules_to_check(self.schema, self.derived)
        kept: list[pa.Table] = []
        have, tried, numbered = 0, 0, 0
        while have < n:
            persons = int(np.clip((n - have) * 1.1 * (tried + 1) / (have + 1) / self._rows_a_person, 256, 65_536))
            table = self._persons(persons, numbered, rng)
            numbered += persons
            good = where.holds(table) if where is not None else np.ones(len(table), dtype=np.bool_)
            for rule in rules:
                good &= ~rule.violated(table)
            kept.append(table.arrow.filter(pa.array(good)))
            have += int(good.sum())
            tried += len(table)
            if have < RAREST * tried and tried > 65_536:
                raise NotApplicable(f"The model hardly ever makes such rows ({have} of {tried:,} tried).")
        together = pa.concat_tables(kept).unify_dictionaries().combine_chunks()
        return Table(together.slice(0, n), self.schema)

    @property
    def _rows_a_person(self) -> float:
        counted = self.bins[0]
        inside = self.forests[0].content
        middles = [np.mean(counted.values[counted.first[b] : counted.first[b + 1]]) for b in range(1, counted.width)]
        return float(np.array([1.0, *middles])[inside].mean())

    def _persons(self, persons: int, numbered: int, rng: np.random.Generator) -> Table:
        """All rows of ``persons`` new persons, numbered after those that were made before."""
        width = 1 + self.constants
        first = [0, *range(2, len(self.bins))]
        codes = np.zeros((persons, len(first)), dtype=np.uint8)
        for place in range(len(first)):
            self._draw(codes, place, self.forests[place], rng)
        counts = self.bins[0].decode(np.ascontiguousarray(codes[:, 0]), rng).fill_null(1).to_numpy(zero_copy_only=False)
        whose, rows, steps = [np.arange(persons)], [codes], [np.ones(persons, np.int64)]
        alive, current = np.arange(persons), codes
        for step in range(2, int(counts.max(initial=1)) + 1):
            goes_on = counts[alive] >= step
            alive, current = alive[goes_on], current[goes_on]
            if not len(alive):
                break
            current = self._next_rows(current, step, width, rng)
            whose.append(alive)
            rows.append(current)
            steps.append(np.full(len(alive), step))
        who, everything = np.concatenate(whose), np.concatenate(rows)
        order = np.lexsort((np.concatenate(steps), who))
        return self._decoded(everything[order], who[order], numbered, rng)

    def _next_rows(
        self, current: NDArray[np.uint8], step: int, width: int, rng: np.random.Generator
    ) -> NDArray[np.uint8]:
        varying = current.shape[1] - width
        number = self.bins[1].width - 1 if self.bins[1].width == 1 else _bin_of(self.bins[1], step)
        codes = np.zeros((len(current), 1 + width + 2 * varying), dtype=np.uint8)
        codes[:, 0] = current[:, 0]
        codes[:, 1] = number
        codes[:, 2 : 1 + width] = current[:, 1:width]
        codes[:, 1 + width : 1 + width + varying] = current[:, width:]
        for place in range(varying):
            forest = self.forests[width + varying + place]
            self._draw(codes, 1 + width + varying + place, forest, rng)
        return np.concatenate([current[:, :width], codes[:, 1 + width + varying :]], axis=1)

    def _draw(self, codes: NDArray[np.uint8], place: int, forest: Forest, rng: np.random.Generator) -> None:
        nobody, weight = np.zeros(0, np.bool_), np.ones(len(codes))
        seed = int(rng.integers(2**63))
        draw(codes, place, forest, self.shrink, self.smallest, seed, NO_LIMIT, nobody, weight)

    def _decoded(
        self, codes: NDArray[np.uint8], who: NDArray[np.int64], numbered: int, rng: np.random.Generator
    ) -> Table:
        made: dict[str, pa.Array] = {}
        for place, found in enumerate(self.bins[2 : 2 + self.constants], start=1):
            # a constant is decoded once per person, so that all rows of the person agree to the last digit
            _, one, back = np.unique(who, return_index=True, return_inverse=True)
            made[found.column.name] = found.decode(np.ascontiguousarray(codes[one, place]), rng).take(pa.array(back))
        for place, found in enumerate(self.bins[2 + self.constants :], start=1 + self.constants):
            made[found.column.name] = found.decode(np.ascontiguousarray(codes[:, place]), rng)
        for rule in self.derived:
            made[rule.dependent] = rule.column(made, self.schema)
        key = self.schema.only(Role.PERSON_KEY)
        if key is not None:
            made[key.name] = pa.array([f"S{number:09d}" for number in who + numbered + 1], pa.string())
        return Table(pa.table({name: made[name] for name in self.schema.names}), self.schema)

    def parts(self) -> Parts:
        """The model as plain data."""
        extra = {"constants": self.constants, "notes": list(self.notes), "settings": self.settings}
        return model_parts(self.schema, self.bins, self.forests, self.derived, self.shrink, self.smallest, extra)

    @classmethod
    def from_parts(cls, schema: Schema, parts: Parts) -> Self:
        """The model that ``parts`` holds."""
        counted = Schema((*_COUNTERS, *schema.columns))
        bins, forests, derived = model_from_parts(counted, parts)
        facts = parts.facts
        return cls(
            schema, bins, facts["constants"], forests, derived,
            facts["shrink"], facts["smallest"], tuple(facts["notes"]), dict(facts["settings"]),
        )  # fmt: skip


_COUNTERS = (
    Column("(rows of the person)", Kind.INTEGER),
    Column("(number of the row)", Kind.INTEGER),
)


def fit_person_trees(
    real: Table, settings: TreeSettings, smallest: int, rng: np.random.Generator, progress: Progress
) -> FittedPersonTrees:
    """Learn a table in which persons have several rows; every minimum counts persons."""
    table, persons, number, rows = _in_order(real)
    derived = derivations(table, smallest=smallest)
    computed = {rule.dependent for rule in derived}
    modelled = [column for column in table.schema.modelled if column.name not in computed]
    constant = {column.name for column in modelled if _is_constant(table, column.name, persons)}
    found = {column.name: bin_column(table, column, persons, smallest=smallest) for column in modelled}
    order = column_order(table.schema, {name: bins.width for name, bins in found.items()}, derived)
    constants = [found[name] for name in order if name in constant]
    varying = [found[name] for name in order if name not in constant]
    counters, counter_codes = _counters(number, rows, persons, smallest)
    codes, hidden = encoded(table, [*constants, *varying])
    width = len(constants)
    first = number == 1
    seen = np.column_stack([counter_codes[:, :1], codes])
    unseen = np.column_stack([np.zeros((len(codes), 1), np.bool_), hidden])
    person_bins = [counters[0], *constants, *varying]
    forests = learn_forests(seen[first], unseen[first], person_bins, settings, rng, _half(progress, 0.0))
    later = np.flatnonzero(number > 1)
    before, now = codes[later - 1, width:], codes[later, width:]
    given = np.column_stack([counter_codes[later], codes[later, :width], before])
    row_codes = np.column_stack([given, now])
    row_hidden = np.column_stack([np.zeros(given.shape, np.bool_), hidden[later, width:]])
    row_bins = [*counters, *constants, *varying, *varying]
    forests += learn_forests(row_codes, row_hidden, row_bins, settings, rng, _half(progress, 0.5), first=given.shape[1])
    key = real.schema.only(Role.PERSON_KEY)
    names = [c.name for c in real.schema.columns if c.is_modelled or (key is not None and c.name == key.name)]
    schema = real.schema.select(names)
    if key is not None:
        schema = schema.replace_column(Column(key.name, Kind.IDENTIFIER, key.roles, reasons=("made anew",)))
    notes = (
        f"A person has {len(table) / len(np.unique(persons)):.1f} rows on average; persons are drawn whole.",
        f"The same over all rows of a person: {', '.join(sorted(constant)) or 'no column'}.",
    )
    return FittedPersonTrees(
        schema, (*counters, *constants, *varying), width, forests, derived,
        settings.shrink, smallest, notes, asdict(settings),
    )  # fmt: skip


def _in_order(real: Table) -> tuple[Table, NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Rows by person and time, each with its person, its number within the person, and the person's rows."""
    persons = real.persons()
    dates = [c.name for c in real.schema.modelled if c.kind in (Kind.DATE, Kind.DATETIME)]
    when = np.nan_to_num(real.numeric(dates[0]), nan=np.inf) if dates else np.zeros(len(real))
    order = np.lexsort((np.arange(len(real)), when, persons))
    sorted_persons = persons[order]
    starts = np.flatnonzero(np.r_[True, np.diff(sorted_persons) != 0])
    lengths = np.diff(np.r_[starts, len(order)])
    number = np.arange(len(order)) - np.repeat(starts, lengths) + 1
    keep = number <= MOST_ROWS
    rows = np.minimum(np.repeat(lengths, lengths), MOST_ROWS)
    return real.take(order[keep]), sorted_persons[keep], number[keep], rows[keep]


def _is_constant(table: Table, name: str, persons: NDArray[np.int32]) -> bool:
    values = table.factorised(name).astype(np.int64)
    pairs = len(np.unique(persons.astype(np.int64) * (values.max(initial=0) + 2) + values + 1))
    return pairs <= len(np.unique(persons)) * 1.001


def _counters(
    number: NDArray[np.int64], rows: NDArray[np.int64], persons: NDArray[np.int32], smallest: int
) -> tuple[list[ColumnBins], NDArray[np.uint8]]:
    table = Table(pa.table({_COUNTERS[0].name: rows, _COUNTERS[1].name: number}), Schema(_COUNTERS))
    bins = [bin_column(table, column, persons, smallest=smallest) for column in _COUNTERS]
    return bins, encoded(table, bins)[0]


def _bin_of(bins: ColumnBins, value: int) -> int:
    return int(np.searchsorted(bins.upper, value, side="left")) + 1


def _half(progress: Progress, start: float) -> Progress:
    def within(doing: str, share: float) -> None:
        progress(doing, start + share / 2)

    return within
