"""``cohortium risk``: a copy is refused, a release that keeps its word is not, and nobody's row is in the folder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pytest
import typer
from tests.pages import Page
from tests.unit.anonymise.risk.releases import COLUMNS, HIERARCHIES, people, released
from typer.testing import CliRunner

from cohortium.errors import InvalidRequest
from cohortium.evaluate.report import from_json
from cohortium.privacy.policy import load_policy
from cohortium.records import Kind, Schema, Table
from cohortium.serve.anonymisation.risk import risk
from cohortium.sources import save_schema, schema_path_for

QUICK = ("--no-frontier",)
MANY = 400


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COHORTIUM_WORKSPACE", str(tmp_path / "workspace"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A table with its schema, persons like its own who are not in it, and the hierarchies."""
    table = people(MANY)
    written(tmp_path / "people.csv", table)
    save_schema(table.schema, schema_path_for(str(tmp_path / "people.csv")))
    written(tmp_path / "strangers.csv", people(300, seed=9))
    (tmp_path / "levels").mkdir()
    for name, one in HIERARCHIES.items():
        (tmp_path / "levels" / f"{name}.csv").write_text(one.to_csv())
    return tmp_path


def written(path: Path, table: Table) -> Path:
    plain = [column.cast(pa.string()) for column in table.arrow.columns]
    arrow_csv.write_csv(pa.table(plain, names=table.arrow.column_names), path)
    return path


def run(data: Path, *options: str, table: str = "people.csv", out: str = "out") -> tuple[int, dict[str, Any]]:
    app = typer.Typer()
    app.command()(risk)
    words = [str(data / table), "--out", str(data / out), "--json", "--hierarchies", str(data / "levels"), *options]
    result = CliRunner().invoke(app, words)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, json.loads(result.stdout)


def test_a_raw_table_may_not_leave(data: Path) -> None:
    code, said = run(data, "--population", "100000")
    assert code == 3
    assert said["verdict"] == "refused"
    assert any("Highest chance" in reason for reason in said["reasons"])
    assert said["measured"]["highest_prosecutor_risk"] == 1.0
    assert said["measured"]["marketer_risk"] < 0.02
    assert {"unique_dankar", "unique_zayatz"} <= said["measured"].keys()
    assert {path.name for path in (data / "out").iterdir()} == {"evidence.json", "report.html", "frontier.html"}
    assert "Which columns single persons out" in Page((data / "out" / "report.html").read_text()).text()


def test_a_release_that_keeps_its_word_may_leave(data: Path) -> None:
    release = written(data / "release.csv", released(people(MANY), 5, 0.1))
    code, said = run(
        data, "--released", str(release), "--holdout", str(data / "strangers.csv"), "--outcome", "ill", *QUICK
    )
    assert said["verdict"] == "released", said["reasons"]
    assert code == 0
    measured = said["measured"]
    assert measured["highest_prosecutor_risk"] <= 0.2
    assert measured["linkage_highest"] <= 0.2
    assert measured["linkage_alone"] == 0.0
    assert {"mia_nearest", "singling_out_multivariate", "linkability", "attribute_inference"} <= measured.keys()
    assert {"single_valued", "left_out_gap", "loss_gap", "parity_shift"} <= measured.keys()


def test_a_copy_may_not_leave(data: Path) -> None:
    copy = written(data / "copy.csv", people(MANY).take(np.random.default_rng(0).permutation(MANY)))
    code, said = run(data, "--released", str(copy), "--holdout", str(data / "strangers.csv"), *QUICK)
    assert code == 3
    assert said["measured"]["linkage_highest"] == 1.0
    assert said["measured"]["unique_persons"] > 0
    assert any("stand alone" in reason for reason in said["reasons"])


def test_two_releases_that_undo_each_other_may_not_leave(data: Path) -> None:
    first = written(data / "first.csv", released(people(MANY), 5, 0.1, (5, 1, 1)))
    second = written(data / "second.csv", released(people(MANY), 5, 0.1, (1, 9, 9)))
    code, said = run(data, "--released", str(second), "--against", str(first), *QUICK)
    assert code == 3
    assert said["measured"]["smallest_together"] < 5
    assert [reason for reason in said["reasons"] if "once joined" in reason] == said["reasons"]
    code, said = run(data, "--released", str(second), "--against", str(second), *QUICK, out="same")
    assert code == 0
    assert said["measured"]["smallest_together"] >= 5


def test_numbers_that_were_changed_are_attacked_by_nearest_rows(data: Path) -> None:
    """Noise on ages is no generalisation: nobody can be looked up, and the page says so."""
    table, noise = people(MANY), np.random.default_rng(2).normal(0, 0.3, MANY)
    columns = {name: table.arrow.column(name).cast(pa.string()) for name in table.schema.names}
    ages = np.array(columns["age"].to_pylist(), dtype=float)
    numbers = Schema(
        tuple(replace(one, kind=Kind.INTEGER) if one.name == "age" else one for one in table.schema.columns)
    )
    save_schema(numbers, schema_path_for(str(data / "people.csv")))
    arrow_csv.write_csv(pa.table({**columns, "age": pa.array(ages + noise)}), data / "noisy.csv")
    words = ("--released", str(data / "noisy.csv"), "--holdout", str(data / "strangers.csv"), *QUICK)
    code, said = run(data, *words)
    assert code == 3
    assert "linkage_rate" not in said["measured"]
    assert "mia_nearest" in said["measured"]
    assert "were changed, not told less exactly" in Page((data / "out" / "report.html").read_text()).text()


def test_a_register_tells_the_journalists_chance(data: Path) -> None:
    written(data / "sample.csv", people(MANY).take(np.arange(100)))
    save_schema(people(10).schema, schema_path_for(str(data / "sample.csv")))
    _, said = run(data, "--register", str(data / "people.csv"), *QUICK, table="sample.csv")
    assert said["measured"]["marketer_risk"] < said["measured"]["average_prosecutor_risk"]


def test_nothing_of_anybody_is_in_the_folder(data: Path) -> None:
    """A person with values of his own, in a group of his own."""
    table = people(MANY)
    rows = table.arrow.to_pylist()
    rows[17] = {"age": "zanzibar-17", "region": "quixote-3", "sex": "0", "ill": "yes"}
    planted = Table(pa.table({name: [row[name] for row in rows] for name in table.schema.names}), table.schema)
    written(data / "people.csv", planted)
    for name, secret in (("age", "zanzibar-17"), ("region", "quixote-3")):
        (data / "levels" / f"{name}.csv").write_text(HIERARCHIES[name].with_value(secret).to_csv())
    release = written(data / "release.csv", released(table, 5, 0.1))
    run(data, "--released", str(release), "--holdout", str(data / "strangers.csv"), "--outcome", "ill")
    for path in (data / "out").iterdir():
        found = path.read_bytes()
        assert b"zanzibar" not in found and b"quixote" not in found, path.name


def test_the_evidence_is_read_back_and_the_page_is_whole(data: Path) -> None:
    release = written(data / "release.csv", released(people(MANY), 5, 0.1))
    _, said = run(data, "--released", str(release), "--outcome", "ill")
    evidence, decision, _ = from_json((data / "out" / "evidence.json").read_text())
    assert decision.verdict == said["verdict"]
    assert evidence.facts["rows_released"] <= MANY
    page = Page((data / "out" / "report.html").read_text())
    for words in ("May leave", "Who bears the cost", "How many others a person looks like", "What was not asked"):
        assert words in page.text()
    assert not page.named("link") and not [one for one in page.named("script") if "src" in one]


def test_the_page_of_the_frontier_says_everything_without_scripts(data: Path) -> None:
    run(data)
    page = Page((data / "out" / "frontier.html").read_text())
    points = [one["data-point"] for one in page.named("tr") if "data-point" in one]
    assert len(points) == 2 * len(set(points)) >= 40  # once in figures, once in words
    assert "5/0.02" in points
    assert len([one for one in page.named("path") if "data-point" in one]) == len(set(points))
    text = page.text()
    assert "hidden" in text and "exact" in text and "groups, such as" in text
    assert next(one for one in page.named("form") if one.get("id") == "choose").keys() >= {"hidden"}
    assert "http" not in (data / "out" / "frontier.html").read_text().replace("http-equiv", "")


def test_the_policy_names_only_rows_that_are_measured(data: Path) -> None:
    run(data, *QUICK)
    evidence, _, _ = from_json((data / "out" / "evidence.json").read_text())
    assert {rule.metric for rule in load_policy(shipped="risk").rules} <= {one.metric for one in evidence.findings}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--quasi-identifiers", "nonsense"), "nonsense"),
        (("--sensitive", "nonsense"), "nonsense"),
        (("--population", "10"), "smaller"),
        (("--hierarchies", "."), "no hierarchy"),
        (("--groups", "nonsense"), "nonsense"),
    ],
)
def test_mistakes_are_named(options: tuple[str, ...], said: str, data: Path) -> None:
    place = tuple(str(data) if word == "." else word for word in options)
    with pytest.raises(InvalidRequest, match=said):
        run(data, *place, *QUICK)
    assert not (data / "out").exists()


def test_a_hierarchy_that_misses_values_is_told(data: Path) -> None:
    (data / "levels" / "sex.csv").write_text("0;*\n")
    with pytest.raises(InvalidRequest, match="hierarchy of 'sex' misses 1"):
        run(data)
    assert not (data / "out").exists()


def test_without_a_hierarchy_for_every_column_there_is_no_frontier(data: Path) -> None:
    (data / "levels" / "sex.csv").unlink()
    _, said = run(data)
    assert "needs hierarchies of ['sex']" in said["lines"][-1]
    assert not (data / "out" / "frontier.html").exists()


def test_columns_of_the_tests_are_the_schemas(data: Path) -> None:
    _, said = run(data, *QUICK)
    evidence, _, _ = from_json((data / "out" / "evidence.json").read_text())
    assert evidence.facts["quasi_identifiers"] == list(COLUMNS)
    assert said["folder"] == str(data / "out")
