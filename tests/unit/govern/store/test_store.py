"""Transactions of the governance database: whole or not at all, in a file and in PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy", reason="the extra 'govern' is not installed")

from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select
from sqlalchemy.exc import IntegrityError

from cohortium.errors import InvalidRequest, TargetUnwritable
from cohortium.govern.store import Store

THINGS = Table("things", MetaData(), Column("id", Integer, primary_key=True), Column("name", String, unique=True))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "new" / "govern.sqlite")
    with made.transaction() as connection:
        THINGS.create(connection)
    return made


def names(store: Store) -> list[str]:
    with store.reading() as connection:
        return [name for (name,) in connection.execute(select(THINGS.c.name).order_by(THINGS.c.id))]


def test_what_fails_half_way_leaves_nothing(store: Store) -> None:
    with store.transaction() as connection:
        connection.execute(insert(THINGS).values(name="kept"))
    with pytest.raises(KeyError), store.transaction() as connection:
        connection.execute(insert(THINGS).values(name="lost"))
        raise KeyError
    assert names(store) == ["kept"]


def test_a_conflict_is_no_fault_of_the_database_and_says_no_value(store: Store) -> None:
    with store.transaction() as connection:
        connection.execute(insert(THINGS).values(name="Wetherby"))
    with pytest.raises(IntegrityError) as caught, store.transaction() as connection:
        connection.execute(insert(THINGS).values(name="Wetherby"))
    assert "Wetherby" not in str(caught.value)


def test_another_process_reads_what_was_committed(store: Store) -> None:
    with store.transaction() as connection:
        connection.execute(insert(THINGS).values(name="kept"))
    assert names(Store(store.engine.url.database or "")) == ["kept"]


@pytest.mark.parametrize("address", ["mysql://user:hush@host/name", "nonsense://", "://"])
def test_other_addresses_are_refused_without_being_said(address: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        Store(address)
    assert "hush" not in str(caught.value)


def test_a_server_that_does_not_answer_is_said_without_its_address() -> None:
    with pytest.raises(TargetUnwritable) as caught, Store("postgresql://user:hush@127.0.0.1:1/none").reading():
        pass
    assert "hush" not in str(caught.value) and "127.0.0.1" not in str(caught.value)
