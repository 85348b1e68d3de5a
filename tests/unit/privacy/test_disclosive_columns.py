"""Columns that single persons out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from tests.tables import visits

from cohortium.errors import DisclosureRefused
from cohortium.privacy.column_facts import persons_per_level
from cohortium.privacy.disclosive_columns import check_columns, without_rare_levels
from cohortium.privacy.disclosure import DisclosureRules
from cohortium.records import Column, Kind, Schema, Table

RULES = DisclosureRules()


def table(**columns: tuple[Kind, object]) -> Table:
    schema = Schema(tuple(Column(name, kind) for name, (kind, _) in columns.items()))
    return Table(pa.table({name: pa.array(values) for name, (_, values) in columns.items()}), schema)


def grouped(*counts: int) -> Table:
    return table(group=(Kind.CATEGORICAL, [f"g{k}" for k, count in enumerate(counts) for _ in range(count)]))


@pytest.mark.parametrize(
    ("counts", "refused"), [((50, 50), False), ((91, 9), True), ((99, 1), True), ((10, 90), False)]
)
def test_a_level_of_few_persons_isolates_them(counts: tuple[int, ...], refused: bool) -> None:
    check_columns(grouped(*counts), ["group", "elsewhere"], RULES, "secure")
    if refused:
        with pytest.raises(DisclosureRefused, match="Isolation"):
            check_columns(grouped(*counts), ["group"], RULES)
    else:
        check_columns(grouped(*counts), ["group"], RULES)


@pytest.mark.parametrize("mode", ["plain", "secure", "dp"])
def test_nearly_a_level_each_is_an_identifier(mode: str) -> None:
    with pytest.raises(DisclosureRefused, match="Near-identifier"):
        check_columns(grouped(*[2] * 50), ["group"], RULES, mode)


@pytest.mark.parametrize(("marked", "refused"), [(0, False), (1, True), (9, True), (10, False), (50, False)])
def test_a_number_that_marks_few_persons_isolates_them(marked: int, refused: bool) -> None:
    flags = table(flag=(Kind.INTEGER, [1] * marked + [0] * (100 - marked)))
    check_columns(flags, ["flag"], RULES, "secure")
    if refused:
        with pytest.raises(DisclosureRefused, match="Isolation"):
            check_columns(flags, ["flag"], RULES)
    else:
        check_columns(flags, ["flag"], RULES)


def test_a_measured_number_is_no_mark() -> None:
    check_columns(table(age=(Kind.CONTINUOUS, np.random.default_rng(0).normal(60, 9, 200))), ["age"], RULES)


def test_persons_count_and_not_rows() -> None:
    many = visits(12)
    assert persons_per_level(many, "sex").sum() == 12 < len(many)


def test_rare_levels_can_be_blanked() -> None:
    rules = replace(RULES, rare_levels="blank")
    records = grouped(60, 30, 4)
    kept = without_rare_levels(records, ["group"], rules)
    assert persons_per_level(kept, "group").tolist() == [60, 30]
    assert int(kept.missing("group").sum()) == 4
    check_columns(records, ["group"], rules)
    both = table(yes=(Kind.BOOLEAN, [True] * 5 + [False] * 95))
    assert int(without_rare_levels(both, ["yes"], rules).missing("yes").sum()) == 5
