from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from cohortium.analyse import over_sites, pooled
from cohortium.analyse.describe import Describe
from cohortium.errors import InvalidRequest
from cohortium.records import Column, Kind, Schema, Table, agreed_schema, as_agreed


def site(
    values: list[float | None],
    unit: str | None,
    kind: Kind = Kind.CONTINUOUS,
    limits: tuple[float, float] | None = None,
) -> Table:
    low, high = limits or (None, None)
    typed = pa.array(values, pa.int64() if kind is Kind.INTEGER else pa.float64())
    return Table(pa.table({"lead": typed}), Schema((Column("lead", kind, unit=unit, minimum=low, maximum=high),)))


def agreed(*tables: Table) -> Column:
    return agreed_schema([table.schema for table in tables], ["lead"], tables)["lead"]


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0)])
def test_a_unit_at_one_site_and_none_at_another_is_refused_with_what_to_do(order: tuple[int, ...]) -> None:
    tables = [site([1.0], "mg/dL"), site([10.0], None), site([2.0], "mg/dL")]
    schemas, names = [tables[place].schema for place in order], ["north", "south", "west"]
    with pytest.raises(InvalidRequest) as caught:
        agreed_schema(schemas, ["lead"], sites=[names[place] for place in order])
    said = str(caught.value)
    assert "'lead' is in mg/dL" in said and "without a unit at south" in said and "schema file" in said
    with pytest.raises(InvalidRequest, match=r"at 2 site\(s\), and without a unit at 1 site\(s\)"):
        agreed_schema(schemas, ["lead"])


def test_no_answer_is_pooled_from_a_stated_and_an_unstated_unit() -> None:
    with pytest.raises(InvalidRequest, match="without a unit"):
        over_sites(Describe(("lead",)), [site([1.0, 2.0], "mg/dL"), site([10.0, 20.0], None)])


def test_no_unit_anywhere_is_agreed_on() -> None:
    column = agreed(site([1.0], None, limits=(0, 5)), site([2.0], None, limits=(1, 9)))
    assert (column.unit, column.minimum, column.maximum) == (None, 0, 9)


@pytest.mark.parametrize("values", [[], [None, None]])
def test_a_site_without_a_value_need_not_state_the_unit(values: list[float | None]) -> None:
    tables = [site(values, None), site([1.0, 2.0], "mg/dL", limits=(0, 50))]
    column = agreed(*tables)
    assert (column.unit, column.minimum, column.maximum) == ("mg/dL", 0, 50)
    assert over_sites(Describe(("lead",)), tables).tables == over_sites(Describe(("lead",)), tables[::-1]).tables


def test_a_site_that_lacks_the_column_does_not_contradict() -> None:
    other = Table(pa.table({"age": [1.0]}), Schema((Column("age", Kind.CONTINUOUS),)))
    assert agreed(other, site([1.0], "mg/dL")).unit == "mg/dL"


def test_levels_need_no_unit() -> None:
    tables = [
        Table(
            pa.table({"dose": pa.array(["1", "2"]).dictionary_encode()}),
            Schema((Column("dose", Kind.ORDINAL, unit=unit, levels=("1", "2")),)),
        )
        for unit in ("mg", None)
    ]
    assert agreed_schema([table.schema for table in tables], ["dose"], tables)["dose"].levels == ("1", "2")


def test_values_are_brought_into_the_unit_of_the_first_site() -> None:
    tables = [site([10.0], "mg/L", limits=(0, 100)), site([1.0], "mg/dl", limits=(0, 20))]
    column = agreed(*tables)
    assert (column.unit, column.maximum) == ("mg/L", 200)
    ready = [as_agreed(table, Schema((column,))).numeric("lead") for table in tables]
    np.testing.assert_array_equal(np.concatenate(ready), [10.0, 10.0])
    alike = pooled(Describe(("lead",)), site([10.0, 10.0], "mg/L"))
    assert over_sites(Describe(("lead",)), tables).tables == alike.tables


def test_whole_numbers_lose_nothing_in_another_unit() -> None:
    tables = [site([1], "kg", Kind.INTEGER), site([1500], "g", Kind.INTEGER)]
    column = agreed(*tables)
    assert column.kind is Kind.CONTINUOUS
    assert as_agreed(tables[1], Schema((column,))).numeric("lead").tolist() == [1.5]
    assert agreed(site([1], "days", Kind.INTEGER), site([1], "weeks", Kind.INTEGER)).kind is Kind.INTEGER


def test_units_of_another_measure_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="in mmol/L at one site and in mg/dL at another"):
        agreed(site([1.0], "mg/dL"), site([1.0], "mmol/L"))


@pytest.mark.parametrize(("own", "study"), [(None, "mg/dL"), ("mg/dL", None)])
def test_a_table_is_not_taken_for_the_agreed_unit_unstated(own: str | None, study: str | None) -> None:
    schema = Schema((Column("lead", Kind.CONTINUOUS, unit=study),))
    with pytest.raises(InvalidRequest, match="without a unit"):
        as_agreed(site([1.0], own), schema)
    assert len(as_agreed(site([], own), schema)) == 0
