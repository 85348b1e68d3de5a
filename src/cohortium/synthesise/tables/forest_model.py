"""Forests in sequence as a generative model: sampling, conditioning, imputing, and plain data."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import pyarrow as pa

from cohortium.errors import NotApplicable
from cohortium.numerics.tree_draws import Forest, draw
from cohortium.records import Condition, Schema, Table, concat, conjuncts
from cohortium.synthesise.protocol import Parts
from cohortium.synthesise.tables.bins import ColumnBins
from cohortium.synthesise.tables.derived import Derivation, rules_to_check
from cohortium.synthesise.tables.stored import model_from_parts, model_parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK_ROWS = 65_536
PARTICLES = 16
RAREST = 1e-4
NO_LIMIT = np.zeros(0, np.bool_)


@dataclass(frozen=True, slots=True)
class ForestModel:
    """Columns in order, each with its bins and the forest that draws it from the ones before."""

    schema: Schema
    bins: tuple[ColumnBins, ...]
    forests: tuple[Forest, ...]
    derived: tuple[Derivation, ...]
    shrink: float
    smallest: int

    def sample(self, n: int, *, rng: np.random.Generator, where: Condition | None = None) -> Table:
        """``n`` rows that satisfy ``where`` and every rule; the same for a seed however many threads run."""
        sizes = [min(BLOCK_ROWS, n - start) for start in range(0, n, BLOCK_ROWS)] or [0]
        seeds = rng.integers(2**63, size=len(sizes))
        with ThreadPoolExecutor(max_workers=2) as pool:
            blocks = list(pool.map(lambda size, seed: self._block(size, int(seed), where), sizes, seeds))
        return blocks[0] if len(blocks) == 1 else concat(blocks)

    def _block(self, n: int, seed: int, where: Condition | None) -> Table:
        rng = np.random.default_rng(seed)
        rules = rules_to_check(self.schema, self.derived)
        if where is None and not rules:
            return self._decoded(self._drawn(n, rng)[0], rng)
        allowed = self._allowed(where)
        kept: list[Table] = []
        have, tried, peak = 0, 0, 0.0
        while have < n:
            batch = int(np.clip((n - have) * 1.2 * (tried + 1) / (have + 1), 1024, 4 * BLOCK_ROWS))
            codes, weight = self._drawn(batch, rng, allowed)
            peak = max(peak, float(weight.max(initial=0.0)))
            if peak > 0:
                codes = codes[rng.random(batch) * peak < weight]
            table = self._decoded(codes, rng)
            good = where.holds(table) if where is not None else np.ones(len(table), dtype=np.bool_)
            for rule in rules:
                good &= ~rule.violated(table)
            kept.append(table.take(good))
            have += int(good.sum())
            tried += batch
            if have < RAREST * tried and tried >= BLOCK_ROWS:
                raise NotApplicable(
                    "The model hardly ever makes a row that satisfies the condition and the rules of the schema "
                    f"({have} of {tried:,} tried). Widen the condition, or check that the real data hold such rows."
                )
        return concat(kept).take(np.arange(n))

    def _drawn(
        self, n: int, rng: np.random.Generator, allowed: tuple[NDArray[np.bool_], ...] | None = None
    ) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
        codes = np.zeros((n, len(self.bins)), dtype=np.uint8)
        weight = np.ones(n)
        nobody = np.zeros(0, np.bool_)
        for place, forest in enumerate(self.forests):
            limit = NO_LIMIT if allowed is None else allowed[place]
            seed = int(rng.integers(2**63))
            draw(codes, place, forest, self.shrink, self.smallest, seed, limit, nobody, weight)
        return codes, weight

    def _decoded(self, codes: NDArray[np.uint8], rng: np.random.Generator) -> Table:
        made = {
            found.column.name: found.decode(np.ascontiguousarray(codes[:, place]), rng)
            for place, found in enumerate(self.bins)
        }
        for rule in self.derived:
            made[rule.dependent] = rule.column(made, self.schema)
        return Table(pa.table({name: made[name] for name in self.schema.names}), self.schema)

    def _allowed(self, where: Condition | None) -> tuple[NDArray[np.bool_], ...]:
        """Per column the bins that may hold a suitable value; intervals that are cut stay in and are sifted later."""
        limits = [NO_LIMIT] * len(self.bins)
        place_of = {found.column.name: place for place, found in enumerate(self.bins)}
        for test in conjuncts(where) if where is not None else ():
            if test.column not in place_of:
                continue
            place = place_of[test.column]
            suits = _suitable(self.bins[place], test.accepts_numbers, test.accepts_levels)
            limits[place] = suits if len(limits[place]) == 0 else limits[place] & suits
        return tuple(limits)

    def impute(self, table: Table, *, rng: np.random.Generator) -> Table:
        """``table`` with missing cells drawn given the known ones (importance resampling over 16 proposals a row)."""
        names = [found.column.name for found in self.bins]
        gaps = np.stack([table.missing(name) for name in names], axis=1)
        rows = np.flatnonzero(gaps.any(axis=1))
        if not len(rows):
            return table
        part = table.take(rows)
        codes = np.stack([found.encode(part)[0] for found in self.bins], axis=1)
        open_cells = np.repeat(gaps[rows], PARTICLES, axis=0)
        tries = np.repeat(codes, PARTICLES, axis=0)
        weight = np.ones(len(tries))
        known_value = np.ones(256, np.bool_)
        known_value[0] = False
        for place, forest in enumerate(self.forests):
            limit = known_value if self.bins[place].width > 1 else NO_LIMIT
            given = np.ascontiguousarray(~open_cells[:, place])
            draw(tries, place, forest, self.shrink, self.smallest, int(rng.integers(2**63)), limit, given, weight)
        chosen = _one_of_each(weight.reshape(-1, PARTICLES), rng) + np.arange(len(rows)) * PARTICLES
        drawn = self._decoded(tries[chosen], rng)
        return _patched(table, drawn, rows)

    def parts(self) -> Parts:
        """The model as plain data."""
        return model_parts(self.schema, self.bins, self.forests, self.derived, self.shrink, self.smallest, {})

    @classmethod
    def from_parts(cls, schema: Schema, parts: Parts) -> Self:
        """The model that ``parts`` holds."""
        bins, forests, derived = model_from_parts(schema, parts)
        return cls(schema, bins, forests, derived, parts.facts["shrink"], parts.facts["smallest"])


def _suitable(
    found: ColumnBins,
    accepts_numbers: Callable[..., NDArray[np.bool_]],
    accepts_levels: Callable[..., NDArray[np.bool_]],
) -> NDArray[np.bool_]:
    suits = np.zeros(256, np.bool_)
    kind = found.column.kind
    if kind.is_nominal:
        every = found.column.levels or found.levels
        levels = tuple(dict.fromkeys((*every, *found.levels)))
        accepted = accepts_levels(levels, kind)
        good = {level for level, fine in zip(levels, accepted[:-1], strict=True) if fine}
        suits[0] = accepted[-1]
        for place in range(1, found.width):
            own = found.levels[found.first[place] : found.first[place + 1]]
            suits[place] = any(level in good for level in own)
        return suits
    suits[0] = accepts_numbers(np.array([np.nan]), kind)[0]
    for place in range(1, found.width):
        ends = found.values[found.first[place] : found.first[place + 1]]
        inside = np.linspace(ends[0], ends[-1], 65)
        suits[place] = bool(accepts_numbers(np.concatenate([ends, inside, np.round(inside)]), kind).any())
    return suits


def _one_of_each(weight: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """One column number per row of ``weight``, drawn in proportion to it."""
    total = np.cumsum(weight + 1e-300, axis=1)
    return np.asarray((total < rng.random(len(weight))[:, None] * total[:, -1:]).sum(axis=1), dtype=np.int64)


def _patched(table: Table, drawn: Table, rows: NDArray[np.int64]) -> Table:
    """``table`` with the missing cells of ``rows`` taken from ``drawn``."""
    place = np.zeros(len(table), dtype=np.int64)
    place[rows] = np.arange(len(rows))
    mask = np.zeros(len(table), dtype=np.bool_)
    mask[rows] = True
    columns = {}
    for name in table.schema.names:
        old = table.arrow.column(name)
        if name not in drawn.schema:
            columns[name] = old
            continue
        new = drawn.arrow.column(name).take(pa.array(place))
        plain = new.type.value_type if pa.types.is_dictionary(new.type) else new.type
        use = pa.array(mask & table.missing(name))
        columns[name] = pa.compute.if_else(use, new.cast(plain), old.cast(plain))
    return Table(pa.table(columns), table.schema)
