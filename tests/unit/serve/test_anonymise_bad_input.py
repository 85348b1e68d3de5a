"""Bad input to ``cohortium anonymise table``: what is wrong is said without a value, and nothing is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import cohortium.serve.anonymisation  # noqa: F401 - registers the commands
from cohortium.errors import CohortiumError
from cohortium.serve.anonymisation.app import anonymise_app

SEXES = ("Mermaid", "Faun")
"""No message may hold one of them."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COHORTIUM_WORKSPACE", str(tmp_path / "workspace"))
    rows = [f"{SEXES[number % 2]},{20 + number % 40}" for number in range(120)]
    (tmp_path / "rows.csv").write_text("\n".join(["sex,age", *rows]), "utf-8")
    (tmp_path / "hierarchies").mkdir()
    return tmp_path


def refused(folder: Path, *more: str, columns: str = "sex,age") -> str:
    """The message with which the command ends."""
    result = CliRunner().invoke(
        anonymise_app,
        ["table", str(folder / "rows.csv"), "--out", str(folder / "out"), "--quasi-identifiers", columns, *more],
    )  # fmt: skip
    assert isinstance(result.exception, CohortiumError), result.output
    assert not (folder / "out").exists()
    message = str(result.exception)
    assert not any(sex in message for sex in SEXES)
    return message


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("Mermaid;*\n", "The hierarchy of 'sex' misses 1 of the values"),
        ("Mermaid;A;Mermaid\nFaun;A;Faun\n", "The hierarchy of 'sex' splits a group of level 1 again at level 2"),
        ("Mermaid;A;*\nFaun;*\n", "hierarchy"),
        ("", "hierarchy"),
    ],
    ids=["misses a value", "goes round", "lines of two lengths", "empty"],
)
def test_a_hierarchy_that_cannot_hold(folder: Path, lines: str, expected: str) -> None:
    (folder / "hierarchies" / "sex.csv").write_text(lines, "utf-8")
    assert expected in refused(folder, "-k", "5", "--hierarchies", str(folder / "hierarchies"))


def test_a_column_that_is_not_there(folder: Path) -> None:
    assert "no columns ['height']" in refused(folder, "-k", "5", columns="sex,height")


def test_more_persons_than_there_are(folder: Path) -> None:
    assert "classes of 500 persons; the table has 120" in refused(folder, "-k", "500")
