"""A site's rows as growth sees them: all of it follows from the records and the settings."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.analyse.trees.memory import kept
from cohortium.analyse.trees.target import Target
from cohortium.numerics.keyed_draws import chosen_rows, fingerprints, uniforms
from cohortium.records import Role, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Words = NDArray[np.uint64]

HELD_OUT = 0
"""Key of the draw of persons who are held out; tree or round t draws with key 1 + t."""
MOST_TIMES = 15
_POISSON = np.cumsum([np.exp(-1.0) / np.prod(np.arange(1, k + 1), dtype=np.float64) for k in range(MOST_TIMES)])


@dataclass(frozen=True, slots=True)
class SiteRows:
    """The n rows whose outcome is known; the table itself is not kept with them, so that it can be let go.

    known   : (all rows,) True for these n.
    outcome : (n, 2) as ``Target.read`` gives it.
    words   : (n,) what draws go by: the person key, or all that the row holds where there is none.
    counted : (n,) True for one row of each person, so that counts are of persons.
    held    : (n,) True where the person is held out.
    """

    known: NDArray[np.bool_]
    outcome: NDArray[np.float64]
    words: Words
    counted: NDArray[np.bool_]
    held: NDArray[np.bool_]

    @property
    def persons(self) -> int:
        """How many persons there are."""
        return int(self.counted.sum())

    def of(self, values: NDArray[Any]) -> NDArray[Any]:
        """The values of these rows."""
        return values if self.known.all() else values[self.known]

    def drawn(self, number: int, share: float) -> NDArray[np.uint8]:
        """1 (n,) for a random ``share`` of the persons in training, for round or tree ``number``; 0 for the others."""
        if share >= 1.0:
            return (~self.held).astype(np.uint8)
        chosen: NDArray[np.bool_] = chosen_rows(self.words, 1 + number, share)
        return (chosen & ~self.held).astype(np.uint8)

    def bootstrapped(self, number: int) -> NDArray[np.uint8]:
        """How often (n,) each person is in the sample of tree ``number``: Poisson with mean 1, at most 15.

        Source : Oza & Russell 2001 (online bagging): many draws with replacement are Poisson draws person by person.
        """
        drawn = uniforms(self.words, 1 + number, 1)[:, 0]
        return np.where(self.held, 0, np.searchsorted(_POISSON, drawn, "left")).astype(np.uint8)


def site_rows(records: Table, target: Target, features: tuple[str, ...], seed: int, held_out: float) -> SiteRows:
    """The site's rows for these settings."""

    def make() -> SiteRows:
        outcome = target.read(records)
        known = np.asarray(~np.isnan(outcome).any(axis=1))
        table = records if known.all() else records.take(known)
        content = fingerprints(_octets(table, (*features, *target.columns)), seed)
        key = table.schema.only(Role.PERSON_KEY)
        words = content if key is None else _key_words(table, key.name, seed)
        held = chosen_rows(words, HELD_OUT, held_out)
        return SiteRows(known, outcome[known], words, _one_each(table, content), held)

    return kept(records, ("rows", target, features, seed, held_out), make)


def _octets(table: Table, names: tuple[str, ...]) -> NDArray[np.uint8]:
    blocks = [np.zeros((len(table), 0), dtype=np.uint8)]
    for name in names:
        if table.schema[name].kind.is_nominal:
            values: NDArray[Any] = table.codes(name)[0].astype("<i4")
        else:
            found = table.numeric(name)
            values = np.where(np.isnan(found), np.nan, found + 0.0).astype("<f8")  # one NaN, and no negative zero
        blocks.append(np.ascontiguousarray(values).view(np.uint8).reshape(len(table), values.itemsize))
    return np.ascontiguousarray(np.concatenate(blocks, axis=1))


def _key_words(table: Table, name: str, seed: int) -> Words:
    codes = table.factorised(name)
    first = np.unique(codes, return_index=True)[1]
    keys = table.arrow.column(name).take(first).to_pylist()
    salt = f"{seed}:".encode()
    words = [hashlib.blake2b(salt + str(key).encode(), digest_size=8).digest() for key in keys]
    place = np.searchsorted(codes[first], codes)
    return np.frombuffer(b"".join(words), dtype="<u8")[place].astype(np.uint64)


def _one_each(table: Table, content: Words) -> NDArray[np.bool_]:
    """One row of each person: the one with the least fingerprint, whatever the order of rows."""
    persons = table.persons()
    order = np.lexsort((content, persons))
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = persons[order][1:] != persons[order][:-1]
    counted = np.zeros(len(order), dtype=np.bool_)
    counted[order[first]] = True
    return counted
