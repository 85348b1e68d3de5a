"""The examples of the documents run, and the schema that they show is read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cohortium import registry
from cohortium.records import Kind, Role
from cohortium.sources import load_schema, save_schema

DOCS = Path(__file__).parents[3] / "docs"


def _blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text("utf-8"), re.DOTALL)


def test_the_examples_of_the_sources_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "_ENTRIES", dict(registry._ENTRIES))
    blocks = [block for block in _blocks("sources.md", "python") if "postgresql://" not in block]
    assert len(blocks) >= 7
    names: dict[str, object] = {"__name__": "examples"}
    for block in blocks:
        exec(block, names)  # noqa: S102 - the documents' own examples
    assert (tmp_path / "trial.csv.schema.toml").exists()
    assert (tmp_path / "trial.parquet").exists()


def test_the_schema_that_is_shown_is_read_and_every_key_and_word_is_explained(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(_blocks("schema.md", "toml")[0])
    schema = load_schema(tmp_path / "a.toml")
    assert schema["chol"].missing_codes == ("0",)
    assert load_schema(save_schema(schema, tmp_path / "b.toml")) == schema
    text = (DOCS / "schema.md").read_text("utf-8")
    assert not [word for word in (*Kind, *Role) if f"`{word}`" not in text]
