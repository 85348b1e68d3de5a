"""Sequential trees: each column from a small forest on the columns before it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from cohortium.errors import NotApplicable, TooFewRecords
from cohortium.numerics.histogram_trees import fill, grow, route
from cohortium.numerics.target_scores import coarse_ranks, level_ranks, level_scores, ordered_scores
from cohortium.numerics.tree_draws import Forest
from cohortium.records import Condition, Guarantee, Schema, Table
from cohortium.registry import synthesiser
from cohortium.synthesise.protocol import Parts, Progress, silent
from cohortium.synthesise.tables.bins import ColumnBins, bin_column
from cohortium.synthesise.tables.derived import derivations
from cohortium.synthesise.tables.forest_model import ForestModel
from cohortium.synthesise.tables.order import column_order

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Tree = tuple[NDArray[np.int16], NDArray[np.uint8], NDArray[np.int32], NDArray[np.int32]]
    Runs = tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]

FEATURE_BINS = 48
DEEPEST = 30
FEWEST_PERSONS = 30
FLOOR = 3


@dataclass(frozen=True, slots=True)
class TreeSettings:
    """The dials between fidelity and privacy; ``None`` lets the number of persons decide.

    trees      : trees per column; a row draws one of them.
    leaf       : fewest rows in a leaf while trees grow.
    least_gain : how many times what a random split would explain a split must explain.
    shrink     : pseudo-count with which a leaf leans on its parent.
    smallest   : fewest persons behind any value, level, or run that rows are drawn from.
    share      : share of the rows whose structure a tree sees; its leaves are filled with all of them.
    honest     : fill a tree's leaves only with the rows that did not choose its splits.
    """

    trees: int = 8
    leaf: int | None = None
    least_gain: float = 2.5
    shrink: float = 5.0
    smallest: int | None = None
    share: float = 0.7
    honest: bool = False
    structure_rows: int = 100_000

    def for_persons(self, persons: int) -> TreeSettings:
        """The settings with every open dial set for this many persons."""
        leaf = self.leaf if self.leaf is not None else int(np.clip(round(persons**0.5 / 4), 10, 30))
        smallest = self.smallest if self.smallest is not None else int(np.clip(persons // 50, 3, 10))
        return replace(self, leaf=leaf, smallest=smallest)


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

    settings: TreeSettings = TreeSettings()

    def fit(self, real: Table, *, rng: np.random.Generator, progress: Progress = silent) -> FittedTrees:
        """Learn ``real``.

        Raises : TooFewRecords below 30 persons, where every leaf would be a handful of them.
        """
        persons = real.persons()
        count = len(np.unique(persons))
        if count < FEWEST_PERSONS:
            raise TooFewRecords(f"Sequential trees need at least {FEWEST_PERSONS} persons; there are {count}.")
        settings = self.settings.for_persons(count)
        smallest = settings.smallest or FLOOR
        derived = derivations(real, smallest=smallest)
        computed = {rule.dependent for rule in derived}
        modelled = [column for column in real.schema.modelled if column.name not in computed]
        if not modelled:
            raise NotApplicable("No column can be modelled: all are identifiers or free text.")
        found = {column.name: bin_column(real, column, persons, smallest=smallest) for column in modelled}
        order = column_order(real.schema, {name: column.width for name, column in found.items()}, derived)
        bins = [found[name] for name in order]
        codes, hidden = _encoded(real, bins)
        seeds = rng.integers(2**63, size=len(order))

        def forest_of(place: int) -> Forest:
            return _forest(codes, hidden[:, place], place, bins, settings, int(seeds[place]))

        forests = []
        with ThreadPoolExecutor(max_workers=2) as pool:
            for place, forest in enumerate(pool.map(forest_of, range(len(order)))):
                forests.append(forest)
                progress(f"learning {order[place]}", (place + 1) / len(order))
        schema = real.schema.select(column.name for column in real.schema.modelled)
        model = ForestModel(schema, tuple(bins), tuple(forests), derived, settings.shrink, smallest)
        return FittedTrees(model, _notes(bins, count), asdict(settings))


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
        model = ForestModel.from_parts(schema, Parts(parts.facts["model"], parts.arrays))
        return cls(model, tuple(parts.facts["notes"]), dict(parts.facts["settings"]))


def _encoded(table: Table, bins: list[ColumnBins]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    codes = np.empty((len(table), len(bins)), dtype=np.uint8)
    hidden = np.empty((len(table), len(bins)), dtype=np.bool_)
    for place, column in enumerate(bins):
        codes[:, place], hidden[:, place] = column.encode(table)
    return codes, hidden


def _forest(
    codes: NDArray[np.uint8],
    hidden: NDArray[np.bool_],
    place: int,
    bins: list[ColumnBins],
    settings: TreeSettings,
    seed: int,
) -> Forest:
    """The forest of one column on the columns before it; rows whose value does not come back teach it nothing."""
    rng = np.random.default_rng(seed)
    target = np.ascontiguousarray(codes[:, place])
    rows = np.flatnonzero(~hidden)
    share = np.bincount(target[rows], minlength=bins[place].width) / max(len(rows), 1)
    by_bin = ordered_scores(share) if bins[place].is_ordered else level_scores(share)
    scores = by_bin[target].astype(np.float32)
    source, lookup, widths = _features(codes, place, bins, scores)
    features = np.stack([lookup[f][codes[:, source[f]]] for f in range(len(source))], axis=1) if len(source) else None
    trees = []
    for _ in range(settings.trees if features is not None and scores.shape[1] else 1):
        shuffled = rng.permutation(rows)
        kept = int(len(rows) * (0.5 if settings.honest else settings.share))
        grows = np.sort(shuffled[: min(kept, settings.structure_rows)])
        fills = np.sort(shuffled[kept:]) if settings.honest else rows
        if features is None or scores.shape[1] == 0:
            tree = _stump()
            leaf = np.zeros(len(fills), np.int32)
        else:
            tree = grow(features, widths, scores, grows, settings.leaf or 1, settings.least_gain, DEEPEST)
            leaf = route(features, fills, tree[0], tree[1], tree[2])
        trees.append((tree, fill(leaf, target[fills], tree[2], tree[0])))
    return _joined(trees, source, lookup, bins[place].interval)


def _joined(
    trees: list[tuple[Tree, Runs]], source: NDArray[np.int64], lookup: NDArray[np.uint8], interval: NDArray[np.bool_]
) -> Forest:
    feature, cut, right, parent = (np.concatenate(part) for part in zip(*(tree for tree, _ in trees), strict=True))
    content, start, stop = (np.concatenate(part) for part in zip(*(runs for _, runs in trees), strict=True))
    nodes = np.cumsum([0] + [len(tree[0]) for tree, _ in trees])
    contents = np.cumsum([0] + [len(runs[0]) for _, runs in trees])
    return Forest(source, lookup, feature, cut, right, parent, start, stop, content, nodes, contents, interval)


def _features(
    codes: NDArray[np.uint8], place: int, bins: list[ColumnBins], scores: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]]:
    source, lookups, widths = [], [], []
    for before in range(place):
        width = bins[before].width
        if width == 1:
            continue
        column = codes[:, before]
        if bins[before].is_ordered or width <= 3:
            orders = [coarse_ranks(np.bincount(column, minlength=width).astype(np.float64), FEATURE_BINS)]
        else:
            orders = level_ranks(column, width, scores, 64) if scores.shape[1] else []
        for lookup, ranks in orders:
            source.append(before)
            lookups.append(lookup)
            widths.append(ranks)
    return (
        np.array(source, np.int64),
        np.array(lookups, np.uint8).reshape(len(lookups), 256),
        np.array(widths, np.int64),
    )


def _stump() -> Tree:
    return np.full(1, -1, np.int16), np.zeros(1, np.uint8), np.zeros(1, np.int32), np.full(1, -1, np.int32)


def _notes(bins: list[ColumnBins], persons: int) -> tuple[str, ...]:
    notes = [f"Columns were taken in this order: {', '.join(found.column.name for found in bins)}."]
    notes += [
        f"Column '{found.column.name}': {found.levels_left_out} rare levels do not come back; too few carry each."
        for found in bins
        if found.levels_left_out and found.column.kind.is_nominal
    ]
    notes += [
        f"Column '{found.column.name}' has too few known values to be learnt and comes back empty."
        for found in bins
        if found.width == 1
    ]
    if persons < 10 * len(bins):
        notes.append(
            f"{persons} persons are few for {len(bins)} columns: relations between columns are shrunk towards none."
        )
    return tuple(notes)
