"""What a steward types to get hierarchies, corrects, and hands back."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pyarrow.csv as pc
import pytest
from tests.tables import mixed
from typer.testing import CliRunner

import cohortium.serve.anonymisation.hierarchies  # noqa: F401 - registers the command
from cohortium.anonymise.tables.hierarchy import read_hierarchy
from cohortium.errors import InvalidRequest, TargetUnwritable
from cohortium.serve.anonymisation import anonymise_app


@pytest.fixture
def data(tmp_path: Path) -> Path:
    table = mixed(300)
    plain = table.arrow.set_column(1, "sex", table.arrow.column("sex").cast("string")).select(
        ["age", "sex", "admitted"]
    )
    pc.write_csv(plain, tmp_path / "a.csv")
    return tmp_path / "a.csv"


def run(*words: str | Path) -> dict[str, object]:
    done = CliRunner().invoke(anonymise_app, ["hierarchies", *map(str, words), "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_files_that_other_tools_read_and_one_that_says_why(data: Path, tmp_path: Path) -> None:
    found = run(data, "--columns", "age,admitted", "--out", tmp_path / "h")
    assert {path.name for path in (tmp_path / "h").iterdir()} == {"age.csv", "admitted.csv", "hierarchies.toml"}
    assert stat.S_IMODE((tmp_path / "h").stat().st_mode) == 0o700
    assert read_hierarchy(tmp_path / "h" / "age.csv", "age").levels == 5
    assert "# why:" in (tmp_path / "h" / "hierarchies.toml").read_text()
    assert [one["builder"] for one in found["hierarchies"]] == ["intervals", "dates"]  # type: ignore[attr-defined]


def test_an_edited_file_is_followed_and_its_comments_stay(data: Path, tmp_path: Path) -> None:
    run(data, "--out", tmp_path / "h")
    text = (tmp_path / "h" / "hierarchies.toml").read_text().replace("widths = [5, 10, 20]", "widths = [30] # mine")
    (tmp_path / "h" / "hierarchies.toml").write_text(text)
    run(data, "--choices", tmp_path / "h" / "hierarchies.toml", "--out", tmp_path / "again")
    assert read_hierarchy(tmp_path / "again" / "age.csv", "age").levels == 3
    assert (tmp_path / "again" / "hierarchies.toml").read_text() == text


def test_a_full_folder_is_left_alone(data: Path, tmp_path: Path) -> None:
    with pytest.raises(TargetUnwritable):
        run(data, "--out", tmp_path)


def test_columns_are_named_once(data: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="leave --columns out"):
        run(data, "--columns", "age", "--choices", "x.toml", "--out", tmp_path / "h")
