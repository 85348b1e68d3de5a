from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cohortium.anonymise.tables.hierarchy import Hierarchy, read_hierarchy
from cohortium.errors import InvalidRequest, SourceUnreadable

AGES = "1;0-4;*\n2;0-4;*\n6;5-9;*\n"


def test_a_file_as_arx_writes_it_is_read_and_written(tmp_path: Path) -> None:
    path = tmp_path / "age.csv"
    path.write_text("\ufeff" + AGES, "utf-8")
    found = read_hierarchy(path, "age")
    assert found.values == ("1", "2", "6")
    assert found.labels == (("1", "2", "6"), ("0-4", "5-9"), ("*",))
    assert found.groups.tolist() == [[0, 1, 2], [0, 0, 1], [0, 0, 0]]
    assert found.to_csv() == AGES


def test_what_a_value_loses_at_a_level() -> None:
    found = Hierarchy.from_rows("age", [line.split(";") for line in AGES.splitlines()])
    assert found.shares() == pytest.approx(np.array([[0, 0, 0], [0.5, 0.5, 0], [1, 1, 1]]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1;0-4;*\n2;0-4\n", "same number of levels"),
        ("1;a;x\n2;a;y\n", "splits a group of level 1"),
        ("1;a;*\n1;a;*\n", "twice"),
    ],
)
def test_mistakes_in_a_hierarchy_are_named(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "age.csv"
    path.write_text(text)
    with pytest.raises(InvalidRequest, match=message):
        read_hierarchy(path, "age")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00"])
def test_what_is_no_hierarchy_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "age.csv"
    path.write_bytes(content)
    with pytest.raises(SourceUnreadable):
        read_hierarchy(path, "age")


def test_a_value_that_it_misses_is_counted_and_not_told() -> None:
    found = Hierarchy.from_rows("age", [line.split(";") for line in AGES.splitlines()])
    with pytest.raises(InvalidRequest, match="misses 2 of the values") as caught:
        found.codes(["1", "77", "88", "88"])
    assert "77" not in str(caught.value)


def test_a_value_that_is_added_stays_by_itself_up_to_the_star() -> None:
    found = Hierarchy.from_rows("age", [line.split(";") for line in AGES.splitlines()]).with_value("?")
    assert found.to_csv() == AGES + "?;?;*\n"
    assert found.with_value("?") is found
