"""Sequential trees: each column from a small forest on the columns before it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import ClassVar, Self

import numpy as np

from cohortium.errors import NotApplicable, TooFewRecords
from cohortium.numerics.score_sums import associations
from cohortium.records import Condition, Guarantee, Schema, Table
from cohortium.registry import model, synthesiser
from cohortium.synthesise.protocol import Parts, Progress, silent
from cohortium.synthesise.tables.bins import ColumnBins, bin_column
from cohortium.synthesise.tables.derived import derivations
from cohortium.synthesise.tables.forest_model import ForestModel
from cohortium.synthesise.tables.forests import TreeSettings, encoded, learn_forests, scores_and_sums
from cohortium.synthesise.tables.order import anchor_column, column_order
from cohortium.synthesise.tables.person_trees import FittedPersonTrees, fit_person_trees

FEWEST_PERSONS = 30
FLOOR = 3


@synthesiser(
    "sequential_trees",
    guarantee="none",
    source="Reiter 2005 (CART synthesis); own histogram trees with hierarchical shrinkage (Agarwal et al. 2022)",
    suits="the default: mixed tables from a hundred persons to millions",
    smallest=30,
)
@dataclass(frozen=True, slots=True)
class SequentialTrees:
    """Each column is drawn from small trees on the columns before it; the default.

    Leaves are histograms of bins, never lists of values; all that growth uses are counts and sums.
    Reveals : a model whose every leaf counts at least ``smallest`` persons; no formal guarantee.
    """

    settings: TreeSettings = field(default_factory=TreeSettings)

    def fit(
        self, real: Table, *, rng: np.random.Generator, progress: Progress = silent
    ) -> FittedTrees | FittedPersonTrees:
        """Learn ``real``; where persons have several rows, by :mod:`~cohortium.synthesise.tables.person_trees`.

        Raises : TooFewRecords below 30 persons, where every leaf would be a handful of them.
        """
        persons = real.persons()
        count = len(np.unique(persons))
        if count < FEWEST_PERSONS:
            raise TooFewRecords(f"Sequential trees need at least {FEWEST_PERSONS} persons; there are {count}.")
        settings = self.settings.for_persons(count)
        smallest = settings.smallest or FLOOR
        if count < len(real):
            return fit_person_trees(real, settings, smallest, rng, progress)
        derived = derivations(real, smallest=smallest)
        computed = {rule.dependent for rule in derived}
        modelled = [column for column in real.schema.modelled if column.name not in computed]
        if not modelled:
            raise NotApplicable("No column can be modelled: all are identifiers or free text.")
        found = {column.name: bin_column(real, column, persons, smallest=smallest) for column in modelled}
        codes, hidden = encoded(real, list(found.values()))
        related = associations(scores_and_sums(codes, hidden, list(found.values()), settings)[1])
        widths = {name: column.width for name, column in found.items()}
        order = column_order(real.schema, widths, derived, anchor_column(modelled, related))
        place = [list(found).index(name) for name in order]
        codes, hidden = np.ascontiguousarray(codes[:, place]), hidden[:, place]
        bins = [found[name] for name in order]
        forests = learn_forests(codes, hidden, bins, settings, rng, progress)
        schema = real.schema.select(column.name for column in real.schema.modelled)
        learnt = ForestModel(schema, tuple(bins), forests, derived, settings.shrink, smallest)
        return FittedTrees(learnt, notes_of(bins, count), asdict(settings))


@model("sequential_trees")
@dataclass(frozen=True, slots=True)
class FittedTrees:
    """Forests of one table, ready to be sampled."""

    method: ClassVar[str] = "sequential_trees"

    model: ForestModel
    notes: tuple[str, ...]
    settings: dict[str, object]

    @property
    def schema(self) -> Schema:
        """Schema of the tables that the model makes."""
        return self.model.schema

    @property
    def guarantee(self) -> Guarantee:
        """None: privacy of this method is shown by attack."""
        return Guarantee()

    def sample(self, n: int, *, rng: np.random.Generator, where: Condition | None = None) -> Table:
        """``n`` new rows that satisfy ``where`` and every rule of the schema.

        Raises : NotApplicable where the model finds (almost) no such rows.
        """
        return self.model.sample(n, rng=rng, where=where)

    def impute(self, table: Table, *, rng: np.random.Generator) -> Table:
        """``table`` with its missing cells drawn from what the row's other cells make likely."""
        return self.model.impute(table, rng=rng)

    def parts(self) -> Parts:
        """The model as plain data."""
        inner = self.model.parts()
        return Parts({"notes": list(self.notes), "settings": self.settings, "model": inner.facts}, inner.arrays)

    @classmethod
    def from_parts(cls, schema: Schema, parts: Parts) -> Self:
        """The model that ``parts`` holds."""
        inner = ForestModel.from_parts(schema, Parts(parts.facts["model"], parts.arrays))
        return cls(inner, tuple(parts.facts["notes"]), dict(parts.facts["settings"]))


def notes_of(bins: list[ColumnBins], persons: int) -> tuple[str, ...]:
    """What a person should know about forests over these columns, in order, of so many persons."""
    notes = [f"Columns were taken in this order: {', '.join(found.column.name for found in bins)}."]
    notes += left_out_notes(bins)
    if persons < 10 * len(bins):
        notes.append(
            f"{persons} persons are few for {len(bins)} columns: relations between columns are shrunk towards none."
        )
    return tuple(notes)


def left_out_notes(bins: list[ColumnBins]) -> list[str]:
    """What does not come back of these columns, in whole sentences."""
    notes = [
        f"Column '{found.column.name}': {found.levels_left_out} rare levels do not come back; too few carry each."
        for found in bins
        if found.levels_left_out and found.column.kind.is_nominal
    ]
    notes += [
        f"Column '{found.column.name}' has too few known values to be learnt and comes back empty."
        for found in bins
        if found.width == 1
    ]
    return notes
