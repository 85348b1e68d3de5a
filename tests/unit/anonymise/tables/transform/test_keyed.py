"""Pseudonyms and shifted dates follow from the keys, as in notes and images; nothing of the original is left."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.tables import mixed

from cohortium.anonymise.pseudonyms import KeyRing
from cohortium.anonymise.tables.transform import pseudonymise, shift_dates
from cohortium.errors import InvalidRecords, InvalidRequest
from cohortium.records import Column, Inequality, Kind, Role, Schema, Table

RING = KeyRing({"1": bytes(range(32))}, "1")


def stays(persons: int = 40) -> Table:
    rng = np.random.default_rng(0)
    who = np.repeat([f"HOSP-{number:05d}" for number in range(persons)], 3)
    start = 18_000 + rng.integers(0, 700, len(who))
    return Table(
        pa.table({
            "patient": who,
            "admitted": pa.array(start.astype(np.int32)).cast(pa.date32()),
            "left": pa.array((start + 4).astype(np.int32)).cast(pa.date32()),
            "seen": pa.array([datetime(2020, 5, 17, 8, 30)] * len(who), pa.timestamp("us")),
        }),
        Schema(
            (
                Column("patient", Kind.IDENTIFIER, frozenset({Role.PERSON_KEY}), reasons=("such as HOSP-00001",)),
                Column("admitted", Kind.DATE, minimum=18_000, maximum=18_700),
                Column("left", Kind.DATE),
                Column("seen", Kind.DATETIME),
            ),
            (Inequality("admitted", "<=", "left"),),
        ),
    )  # fmt: skip


def written(table: Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table.arrow, out, compression="none")
    return out.getvalue() + repr(table.schema).encode()


def test_a_person_has_the_pseudonym_of_the_ring() -> None:
    table = stays()
    found = pseudonymise(table, "patient", RING)
    told = found.arrow.column("patient").to_pylist()
    assert told == [RING.pseudonym("patient", one) for one in table.arrow.column("patient").to_pylist()]
    assert b"HOSP" not in written(found)
    assert (found.persons() == table.persons()).all()


def test_kinds_are_apart_and_may_be_named() -> None:
    table = stays().with_schema(Schema(tuple(replace(one, roles=frozenset()) for one in stays().schema.columns)))
    plain = pseudonymise(table, "patient", RING).arrow.column("patient").to_pylist()
    named = pseudonymise(table, "patient", RING, kind="patient").arrow.column("patient").to_pylist()
    assert plain[0] == RING.pseudonym("patient", "HOSP-00000") == named[0]
    other = pseudonymise(table, "patient", RING, kind="insurance").arrow.column("patient").to_pylist()
    assert other[0] != named[0]


def test_a_missing_identifier_stays_missing_and_a_question_mark_does_not() -> None:
    schema = Schema((Column("doctor", Kind.IDENTIFIER),))
    found = pseudonymise(Table(pa.table({"doctor": ["x", None]}), schema), "doctor", RING)
    assert found.arrow.column("doctor").to_pylist() == [RING.pseudonym("doctor", "x"), None]
    found = pseudonymise(Table(pa.table({"doctor": ["x", "?"]}), schema), "doctor", RING)
    assert found.arrow.column("doctor").to_pylist()[1] == RING.pseudonym("doctor", "?")


def test_all_dates_of_a_person_move_alike_by_the_shift_of_the_ring() -> None:
    table = stays()
    found = shift_dates(table, ["admitted", "left", "seen"], RING)
    moved = found.numeric("admitted") - table.numeric("admitted")
    expected = [RING.shift_days(one) for one in table.arrow.column("patient").to_pylist()]
    assert moved.tolist() == expected
    assert (found.numeric("left") - table.numeric("left") == moved).all()
    assert ((found.numeric("seen") - table.numeric("seen")) == moved * 86_400).all()
    assert not found.schema.constraints[0].violated(found).any()
    assert (moved != 0).all() and len(set(expected)) > 30


def test_the_plausible_range_grows_so_that_it_tells_nothing_of_the_shift() -> None:
    found = shift_dates(stays(), ["admitted"], RING, most=10)
    assert (found.schema["admitted"].minimum, found.schema["admitted"].maximum) == (17_990, 18_710)


def test_dates_need_a_person() -> None:
    with pytest.raises(InvalidRequest, match="names the person"):
        shift_dates(mixed(20), ["admitted"], RING)
    with pytest.raises(InvalidRequest, match="patient"):
        shift_dates(stays(), ["patient"], RING)
    table = stays()
    nobody = Table(table.arrow.set_column(0, "patient", pa.array(["a"] * 119 + [None])), table.schema)
    with pytest.raises(InvalidRecords, match="no person"):
        shift_dates(nobody, ["admitted"], RING)
