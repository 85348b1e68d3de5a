"""Full-text search in SQLite (FTS5) and PostgreSQL (tsvector): places of entries that have the words, best first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from sqlalchemy import Connection, text

from cohortium.govern.catalogue.entry import Entry
from cohortium.govern.catalogue.words import Term, words

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_WORDS = 12_000
"""Of one entry; PostgreSQL numbers no further than 16,383."""


class WordIndex(Protocol):
    """What an index of words can do; it looks for all terms, whether they are excluded is none of its business.

    title : asks for entries that have all of it in their title.
    """

    def put(self, connection: Connection, place: int, entry: Entry) -> None:
        """Index the entry where nothing is."""

    def drop(self, connection: Connection, place: int) -> None:
        """Forget what was there."""

    def matching(self, connection: Connection, sought: tuple[Term, ...], *, title: bool = False) -> NDArray[np.int64]:
        """Places of all entries that match, in no order."""

    def ranked(self, connection: Connection, sought: tuple[Term, ...], *, title: bool = False) -> NDArray[np.int64]:
        """The same, best first."""


def word_index(*, postgres: bool) -> WordIndex:
    """The index that the database has."""
    return PostgresWords() if postgres else SqliteWords()


def columns_of(entry: Entry) -> tuple[list[str], list[str], list[str]]:
    """Words of the title, of what names it, and of all that describes it."""
    named = [*entry.keywords, entry.name, entry.identifier, *(one.in_words for one in entry.categories)]
    told = [entry.description, entry.publisher.name if entry.publisher else "", entry.provenance, entry.coverage.place,
            entry.coverage.population]  # fmt: skip
    for one in entry.variables:
        told += [one.name, one.title, one.description, *one.concepts]
    body = [word for part in told for word in words(part)]
    return words(entry.title), [word for part in named for word in words(part)], body[:_MOST_WORDS]


class SqliteWords:
    """FTS5; a title counts ten times, what names it four times."""

    def put(self, connection: Connection, place: int, entry: Entry) -> None:
        """Index the entry where nothing is."""
        title, named, body = (" ".join(one) for one in columns_of(entry))
        connection.execute(
            text("INSERT INTO catalogue_words (rowid, title, keywords, body) VALUES (:place, :title, :named, :body)"),
            {"place": place, "title": title, "named": named, "body": body},
        )

    def drop(self, connection: Connection, place: int) -> None:
        """Forget what was there."""
        connection.execute(text("DELETE FROM catalogue_words WHERE rowid = :place"), {"place": place})

    def matching(self, connection: Connection, sought: tuple[Term, ...], *, title: bool = False) -> NDArray[np.int64]:
        """Places of all entries that match, in no order."""
        query = text("SELECT group_concat(rowid) FROM catalogue_words WHERE catalogue_words MATCH :sought")
        return _numbers(connection.execute(query, {"sought": _fts5(sought, title=title)}).scalar())

    def ranked(self, connection: Connection, sought: tuple[Term, ...], *, title: bool = False) -> NDArray[np.int64]:
        """The same, best first."""
        query = text(
            "SELECT group_concat(rowid) FROM (SELECT rowid FROM catalogue_words WHERE catalogue_words MATCH :sought "
            "ORDER BY bm25(catalogue_words, 10, 4, 1), rowid)"
        )
        return _numbers(connection.execute(query, {"sought": _fts5(sought, title=title)}).scalar())


class PostgresWords:
    """A tsvector that we write ourselves, so that its words are ours; weights A, B, C as the columns of FTS5."""

    def put(self, connection: Connection, place: int, entry: Entry) -> None:
        """Index the entry where nothing is."""
        connection.execute(
            text("INSERT INTO catalogue_words (place, words) VALUES (:place, CAST(:words AS tsvector))"),
            {"place": place, "words": _tsvector(entry)},
        )

    def drop(self, connection: Connection, place: int) -> None:
        """Forget what was there."""
        connection.execute(text("DELETE FROM catalogue_words WHERE place = :place"), {"place": place})

    def matching(self, connection: Connection, sought: tuple[Term, ...], *, title: bool = False) -> NDArray[np.int64]:
        """Places of all entries that match, in no order."""
        query = text(
            "SELECT string_agg(CAST(place AS text), ',') FROM catalogue_words WHERE words @@ CAST(:sought AS tsquery)"
        )
        return _numbers(connection.execute(query, {"sought": _tsquery(sought, title=title)}).scalar())

    def ranked(self, connection: Connection, sought: tuple[Term, ...], *, title: bool = False) -> NDArray[np.int64]:
        """The same, best first."""
        query = text(
            "SELECT string_agg(CAST(place AS text), ',' ORDER BY best DESC, place) FROM (SELECT place, "
            "ts_rank('{0, 0.1, 0.4, 1}', words, CAST(:sought AS tsquery), 1) AS best "
            "FROM catalogue_words WHERE words @@ CAST(:sought AS tsquery)) AS found"
        )
        return _numbers(connection.execute(query, {"sought": _tsquery(sought, title=title)}).scalar())


def _numbers(joined: str | None) -> NDArray[np.int64]:
    """The places that the database sent as one text, which is many times faster than as rows."""
    return np.fromstring(joined, dtype=np.int64, sep=",") if joined else np.empty(0, dtype=np.int64)


def _fts5(sought: tuple[Term, ...], *, title: bool) -> str:
    # Words are letters and digits alone, so that nothing in the quotes can end them.
    phrases = [f'"{" ".join(one.words)}"{" *" if one.is_begun else ""}' for one in sought]
    return f"{'title : ' if title else ''}({' AND '.join(phrases)})"


def _tsquery(sought: tuple[Term, ...], *, title: bool) -> str:
    def phrase(one: Term) -> str:
        weight, last = "A" if title else "", len(one.words) - 1
        marks = [f"{weight}{'*' if one.is_begun and place == last else ''}" for place in range(len(one.words))]
        marked = [f"'{word}'{':' if mark else ''}{mark}" for word, mark in zip(one.words, marks, strict=True)]
        return f"({' <-> '.join(marked)})"

    return " & ".join(phrase(one) for one in sought)


def _tsvector(entry: Entry) -> str:
    at: dict[str, list[str]] = {}
    place = 0
    for weight, column in zip("ABC", columns_of(entry), strict=True):
        for word in column:
            place += 1
            at.setdefault(word, []).append(f"{min(place, 16_383)}{weight}")
        place += 10  # no phrase reaches from one column into the next
    return " ".join(f"'{word}':{','.join(where[:255])}" for word, where in at.items())
