"""Roles against labels: what is allowed is shown so exactly and no more; what is hidden is nowhere in the bytes."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohortium.anonymise.pseudonyms import KeyRing
from cohortium.anonymise.tables.building import prefixes
from cohortium.anonymise.views import AttributePolicy, Precision, Rule, load_attribute_policy, view, view_with_account
from cohortium.errors import InvalidRequest, PermitDenied
from cohortium.records import AllowedCombinations, Column, Inequality, Kind, Role, Schema, Table

RING = KeyRing({"1": bytes(range(32))}, "1")
ROWS = 60


def records() -> Table:
    """Every cell can be told by its letters from every other column's."""
    number = range(ROWS)
    rng = np.random.default_rng(0)
    return Table(
        pa.table({
            "patient": [f"PATIENT{one:04d}" for one in number],
            "age": pa.array(7_000 + 10 * rng.integers(0, 9, ROWS) + rng.integers(1, 9, ROWS)),
            "sex": [["SEXF", "SEXM"][one % 2] for one in number],
            "zip": [f"ZIP{one % 7}{one % 10}" for one in number],
            "admitted": pa.array((18_000 + rng.integers(0, 900, ROWS)).astype(np.int32)).cast(pa.date32()),
            "stage": [f"STAGE{one % 4}" for one in number],
            "hiv_status": [f"HIV{one % 2}" for one in number],
            "note": [f"NOTE{one} was seen." for one in number],
        }),
        Schema(
            (
                Column("patient", Kind.IDENTIFIER, frozenset({Role.PERSON_KEY}), reasons=("PATIENT0001 is one",)),
                Column("age", Kind.INTEGER, minimum=7_001, maximum=7_090),
                Column("sex", Kind.CATEGORICAL, levels=("SEXF", "SEXM")),
                Column("zip", Kind.CATEGORICAL),
                Column("admitted", Kind.DATE),
                Column("stage", Kind.ORDINAL, levels=("STAGE0", "STAGE1", "STAGE2", "STAGE3")),
                Column("hiv_status", Kind.CATEGORICAL, levels=("HIV0", "HIV1")),
                Column("note", Kind.TEXT),
            ),
            (AllowedCombinations(("stage", "hiv_status"), tuple((f"STAGE{a}", f"HIV{a % 2}") for a in range(4))),),
        ),
    )  # fmt: skip


TABLE = records()
HIERARCHIES = {"zip": prefixes("zip", TABLE.arrow.column("zip").to_pylist())}
LABELS = {"patient": "person", "age": "demographic", "sex": "common", "zip": "place", "admitted": "date",
          "stage": "medical", "hiv_status": "stigmatising", "note": "text"}  # fmt: skip
WAYS = {
    "patient": ["exact", "pseudonym", "hidden"],
    "age": ["exact", "band:10", "band:20", "hidden"],
    "sex": ["exact", "hidden"],
    "zip": ["exact", "level:1", "level:3", "hidden"],
    "admitted": ["exact", "month", "quarter", "year", "decade", "shifted", "hidden"],
    "stage": ["exact", "hidden"],
    "hiv_status": ["exact", "hidden"],
    "note": ["exact", "hidden"],
}


def policy(*rules: tuple[str | None, str | None, dict[str, str]], labels: dict[str, str] = LABELS) -> AttributePolicy:
    made = (
        Rule(role, purpose, {label: Precision.of(how) for label, how in shows.items()})
        for role, purpose, shows in rules
    )
    return AttributePolicy("test", labels, tuple(made))


def seen(rules: AttributePolicy, role: str = "analyst", purpose: str = "research") -> Table:
    return view(TABLE, rules, role=role, purpose=purpose, hierarchies=HIERARCHIES, keys=RING)


def written(table: Table) -> bytes:
    """Everything that could reach a reader: both files that a release has, and the schema."""
    parquet, text = io.BytesIO(), io.BytesIO()
    pq.write_table(table.arrow, parquet, compression="none")
    plain = [one.cast(pa.string()) if pa.types.is_dictionary(one.type) else one for one in table.arrow.columns]
    pc.write_csv(pa.table(plain, names=table.arrow.column_names), text)
    return parquet.getvalue() + text.getvalue() + repr(table.schema).encode()


MATRIX = load_attribute_policy()
EXPECTED = {
    ("clinician", "care"): {"patient": "exact", "age": "exact", "sex": "exact", "admitted": "exact", "stage": "exact",
                            "creatinine": "exact", "hiv_status": "exact"},
    ("analyst", "research"): {"patient": "pseudonym", "age": "band:10", "sex": "exact", "admitted": "year",
                              "stage": "exact", "creatinine": "exact", "hiv_status": "hidden"},
    ("survival_analyst", "research"): {"patient": "pseudonym", "age": "band:10", "sex": "exact", "admitted": "shifted",
                                       "stage": "exact", "creatinine": "exact", "hiv_status": "hidden"},
    ("clinician", "research"): {"patient": "pseudonym", "age": "band:10", "sex": "exact", "admitted": "year",
                                "stage": "exact", "creatinine": "exact", "hiv_status": "hidden"},
    ("planner", "planning"): {"patient": "hidden", "age": "band:20", "sex": "exact", "admitted": "month",
                              "stage": "hidden", "creatinine": "hidden", "hiv_status": "hidden"},
}  # fmt: skip


@pytest.mark.parametrize(("role", "purpose"), EXPECTED)
def test_the_shipped_example_over_roles_and_labels(role: str, purpose: str) -> None:
    found = MATRIX.precisions(tuple(MATRIX.labels), role, purpose)
    assert {name: str(how) for name, how in found.items()} == EXPECTED[role, purpose]


@pytest.mark.parametrize(("role", "purpose"), [("planner", "care"), ("nobody", "care"), ("clinician", "marketing")])
def test_whom_no_view_speaks_of_sees_nothing(role: str, purpose: str) -> None:
    with pytest.raises(PermitDenied, match="clinician"):
        MATRIX.precisions(tuple(MATRIX.labels), role, purpose)


@pytest.mark.parametrize(("column", "way"), [(column, way) for column, ways in WAYS.items() for way in ways])
def test_every_way_shows_what_it_says_and_no_value_that_it_hides(column: str, way: str) -> None:
    other = "stage" if column == "sex" else "sex"
    found = seen(policy((None, None, {LABELS[column]: way, LABELS[other]: "exact"})))
    assert found.arrow.column(other).to_pylist() == TABLE.arrow.column(other).to_pylist()
    before = TABLE.arrow.column(column)
    if way == "hidden":
        assert column not in found.schema
    elif way == "exact":
        assert found.arrow.column(column).to_pylist() == before.to_pylist()
    if way == "shifted":  # a shifted date may well be the true date of somebody else
        assert not (found.numeric(column) == TABLE.numeric(column)).any()
    elif way != "exact":
        told = written(found)
        assert not [one for one in before.cast(pa.string()).unique().to_pylist() if one.encode() in told]


def test_what_each_coarser_way_writes() -> None:
    rules = policy(
        (None, None, {"person": "pseudonym", "demographic": "band:10", "date": "quarter", "place": "level:2"})
    )
    found = seen(rules)
    assert found.arrow.column("patient")[0].as_py() == RING.pseudonym("patient", "PATIENT0000")
    age = TABLE.arrow.column("age")[0].as_py()
    assert found.arrow.column("age")[0].as_py() == f"{age // 10 * 10}-{age // 10 * 10 + 9}"
    day: date = TABLE.arrow.column("admitted")[0].as_py()
    assert found.arrow.column("admitted")[0].as_py() == f"{day.year}-Q{(day.month + 2) // 3}"
    assert found.arrow.column("zip")[0].as_py() == "ZIP**"


def test_shifted_dates_are_those_of_the_ring_even_beside_pseudonyms() -> None:
    found = seen(policy((None, None, {"person": "pseudonym", "date": "shifted"})))
    moved = found.numeric("admitted") - TABLE.numeric("admitted")
    assert moved.tolist() == [RING.shift_days(one) for one in TABLE.arrow.column("patient").to_pylist()]


COLUMNS = st.fixed_dictionaries({LABELS[name]: st.sampled_from(ways) for name, ways in WAYS.items()})


@settings(max_examples=40, deadline=None)
@given(COLUMNS, st.sets(st.sampled_from(sorted(LABELS)), max_size=4))
def test_no_value_of_a_hidden_column_is_in_the_view(shows: dict[str, str], unlabelled: set[str]) -> None:
    labels = {name: label for name, label in LABELS.items() if name not in unlabelled}
    kept = {label: how for label, how in shows.items() if label in labels.values()}
    rules = policy((None, None, kept), labels=labels)
    hidden = [name for name in LABELS if kept.get(labels.get(name, ""), "hidden") == "hidden"]
    if len(hidden) == len(LABELS):
        with pytest.raises(PermitDenied):
            seen(rules)
        return
    told = written(seen(rules))
    for name in hidden:
        values = TABLE.arrow.column(name).cast(pa.string()).unique().to_pylist()
        assert not [value for value in values if value.encode() in told]
        assert f"'{name}'".encode() not in told


def test_rows_that_are_gone_leave_no_level_behind() -> None:
    few = TABLE.take([0, 2, 4])
    rules = policy((None, None, {"place": "exact"}))
    found = view(few, rules, role="analyst", purpose="research")
    assert b"ZIP33" not in written(found) and b"ZIP00" in written(found)


def test_rules_of_the_schema_go_with_the_columns_that_they_speak_of() -> None:
    table = TABLE.with_schema(
        replace(TABLE.schema, constraints=(*TABLE.schema.constraints, Inequality("age", "<=", "admitted")))
    )
    rules = policy((None, None, {"medical": "exact", "demographic": "band:10", "date": "exact"}))
    assert view(table, rules, role="a", purpose="b").schema.constraints == ()


def test_the_most_specific_view_goes_first_label_by_label() -> None:
    rules = policy(
        (None, None, {"demographic": "hidden", "common": "exact", "date": "year"}),
        ("analyst", None, {"demographic": "band:20", "date": "month"}),
        ("analyst", "research", {"demographic": "exact"}),
        ("other", "research", {"medical": "exact"}),
    )
    found = view_with_account(TABLE, rules, role="analyst", purpose="research").precisions
    assert {name: str(how) for name, how in found.items() if str(how) != "hidden"} == {
        "age": "exact", "sex": "exact", "admitted": "month",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("month", "year", "year"),
        ("exact", "decade", "decade"),
        ("band:10", "band:20", "band:20"),
        ("band:10", "band:15", "hidden"),
        ("level:1", "level:3", "level:3"),
        ("exact", "pseudonym", "pseudonym"),
        ("hidden", "exact", "hidden"),
        ("shifted", "year", "hidden"),
        ("level:1", "band:10", "hidden"),
    ],
)
def test_between_equals_the_stricter_holds_in_any_order(one: str, other: str, expected: str) -> None:
    for first, second in ((one, other), (other, one)):
        rules = policy(("analyst", None, {"date": first}), (None, "research", {"date": second}))
        assert str(rules.precisions(tuple(LABELS), "analyst", "research")["admitted"]) == expected


def test_missing_values_stay_missing() -> None:
    table = Table(pa.table({"age": [41, None]}), Schema((Column("age", Kind.INTEGER),)))
    rules = policy((None, None, {"demographic": "band:10"}), labels={"age": "demographic"})
    assert view(table, rules, role="a", purpose="b").arrow.column("age").to_pylist() == ["40-49", None]


def test_a_label_that_no_column_has_is_named() -> None:
    with pytest.raises(InvalidRequest, match="medicla"):
        policy((None, None, {"medicla": "exact"}))


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(InvalidRequest, match="hiv_staus"):
        seen(policy((None, None, {"medical": "exact"}), labels={**LABELS, "hiv_staus": "stigmatising"}))


@pytest.mark.parametrize(
    ("shows", "message"),
    [
        ({"place": "level:9"}, "levels 0 to"),
        ({"medical": "level:1"}, "needs its hierarchy"),
        ({"common": "month"}, "only dates"),
        ({"date": "band:10"}, "only numbers"),
    ],
)
def test_ways_that_a_column_cannot_be_shown_are_named(shows: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message) as caught:
        seen(policy((None, None, shows)))
    assert "STAGE" not in str(caught.value) and "ZIP" not in str(caught.value)


def test_pseudonyms_need_keys() -> None:
    with pytest.raises(InvalidRequest, match="needs the project's keys"):
        view(TABLE, policy((None, None, {"person": "pseudonym"})), role="a", purpose="b")
