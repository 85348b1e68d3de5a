"""The tables of the catalogue, and the index of words that each database has in its own way."""

from __future__ import annotations

from sqlalchemy import DDL, BigInteger, Boolean, Column, Index, Integer, String, Table, Text, event

from cohortium.govern.store import metadata

VERSIONS = Table(
    "catalogue_versions",
    metadata,
    Column("identifier", String(600), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("form", Text, nullable=False),
    Column("at", String(40), nullable=False),
    Column("by", String(300), nullable=False),
    Column("note", Text, nullable=False),
)
"""Every version that there ever was; rows are added and never changed."""

CURRENT = Table(
    "catalogue_entries",
    metadata,
    Column("place", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("identifier", String(600), nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("published", Integer, nullable=False),
    Column("origin", String(500), nullable=False),
    Column("is_shown", Boolean, nullable=False),
    Column("digest", String(80), nullable=False),
    Column("facets", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Index("ix_catalogue_entries_revision", "revision"),
    Index("ix_catalogue_entries_origin", "origin"),
)
"""Which version is the present one, which went to the hub last (0: none), whose it is ("": our own), and what it is
found by."""

REVISION = Table(
    "catalogue_revision",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
)
"""A single row that counts changes; who changes the catalogue holds it until the end of the transaction."""

INDEX = {
    "sqlite": (
        "CREATE VIRTUAL TABLE IF NOT EXISTS catalogue_words USING "
        "fts5(title, keywords, body, tokenize = 'unicode61 remove_diacritics 0', prefix = '3')",
    ),
    "postgresql": (
        "CREATE TABLE IF NOT EXISTS catalogue_words (place bigint PRIMARY KEY, words tsvector NOT NULL)",
        "CREATE INDEX IF NOT EXISTS ix_catalogue_words_words ON catalogue_words USING gin (words)",
    ),
}
"""The index of words; a migration runs these statements too. Words come folded, so that both find the same."""

for _dialect, _statements in INDEX.items():
    for _statement in _statements:
        _ddl = DDL(_statement)  # type: ignore[no-untyped-call]
        event.listen(REVISION, "after_create", _ddl.execute_if(dialect=_dialect))
_first = DDL("INSERT INTO catalogue_revision VALUES (1, 0)")  # type: ignore[no-untyped-call]
event.listen(REVISION, "after_create", _first)
