"""One database behind SQLAlchemy: a SQLite file unless a hospital names its PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from cohortium.errors import InvalidRequest, TargetUnwritable

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMES)
"""The tables of every room of ``govern``; each room declares its own beside its code."""
KINDS = ("sqlite", "postgresql")


class Store:
    """A database and its transactions.

    url    : a path, which is a SQLite file, or ``postgresql://user@host/name``.
    Raises : InvalidRequest for any other address; every use TargetUnwritable where the database fails, so that what
             was written before is as it was. No message holds the address, which may contain a password.
    """

    def __init__(self, url: str | Path) -> None:
        self.engine = _engine(url)

    @property
    def is_postgres(self) -> bool:
        """Whether it is PostgreSQL rather than a file."""
        return self.engine.dialect.name == "postgresql"

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All or nothing, and on disk before it returns; writers of a SQLite file wait for each other up to 30 s."""
        with _said_clearly(), self.engine.connect() as connection:
            if not self.is_postgres:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A look that changes nothing and waits for no writer."""
        with _said_clearly(), self.engine.connect() as connection:
            if not self.is_postgres:
                connection.exec_driver_sql("BEGIN")
            yield connection
            connection.rollback()

    def make_tables(self) -> None:
        """Every table of ``metadata`` that is missing; an existing database is brought up to date by ``migrate``."""
        with self.transaction() as connection:
            metadata.create_all(connection)

    def close(self) -> None:
        """Close its connections."""
        self.engine.dispose()


def _engine(url: str | Path) -> Engine:
    text = str(url)
    if isinstance(url, Path) or "://" not in text:
        path = Path(text)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = f"sqlite:///{path}"
    try:
        address = make_url(text)
        if address.get_backend_name() not in KINDS:
            raise InvalidRequest(f"A database is a file or postgresql://…, not {address.get_backend_name()}://….")
        if address.get_backend_name() == "postgresql":
            address = address.set(drivername="postgresql+pg8000")
        engine = create_engine(address, hide_parameters=True, pool_pre_ping=address.get_backend_name() != "sqlite")
    except (ArgumentError, NoSuchModuleError) as error:
        raise InvalidRequest("A database is a file or an address such as postgresql://user@host/name.") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepared)
    return engine


def _prepared(connection: Any, _record: object) -> None:
    """A write-ahead log that is synchronised at every commit, foreign keys, and transactions that we begin."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@contextmanager
def _said_clearly() -> Iterator[None]:
    """A database that fails, in words; SQL and its parameters, which may be of a person, are not passed on."""
    try:
        yield
    except DBAPIError as error:
        if error.connection_invalidated or type(error).__name__ in ("OperationalError", "InterfaceError"):
            kind = type(error.orig).__name__
            raise TargetUnwritable(
                f"The database cannot be used ({kind}). See that it runs, that this account may write to it, and that "
                "its disk has space."
            ) from None
        raise
