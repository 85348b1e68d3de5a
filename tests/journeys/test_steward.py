"""A data steward's tasks from end to end, as commands in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from importlib import resources
from pathlib import Path

import pandas as pd
import pytest
from tests.tables import mixed

COMMAND = [sys.executable, "-c", "from cohortium.serve.cli import run; run()"]


def run(*arguments: str, folder: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COHORTIUM_WORKSPACE": str(folder / "workspace"), "NO_COLOR": "1", "COLUMNS": "200"}
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the steward's table in it."""
    folder = tmp_path_factory.mktemp("desk")
    packaged = resources.files("cohortium.serve") / "demo_data"
    for name in ("heart_disease.csv", "heart_disease.csv.schema.toml"):
        (folder / name).write_bytes((packaged / name).read_bytes())
    return folder


@pytest.mark.journey
def test_profile_writes_schema_and_page(tmp_path: Path) -> None:
    mixed(300).to_pandas().to_csv(tmp_path / "patients.csv", index=False)
    found = json.loads(run("profile", "patients.csv", "--out", "p.html", "--json", folder=tmp_path).stdout)
    assert found["rows"] == 300
    assert (tmp_path / "patients.csv.schema.toml").exists()
    assert "creatinine" in (tmp_path / "p.html").read_text()


@pytest.mark.journey
@pytest.mark.slow
def test_a_twin_is_made_released_and_sampled(desk: Path) -> None:
    made = json.loads(
        run("synthesise", "heart_disease.csv", "--out", "twin", "--seed", "1", "--json", folder=desk).stdout
    )
    assert made["verdict"] == "released", made["reasons"]
    twin = desk / "twin"
    names = {path.name for path in twin.iterdir()}
    assert {"twin.parquet", "twin.csv", "evidence.json", "report.html", "card.md", "SHA256SUMS"} <= names
    checked = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=twin, capture_output=True, check=False)
    assert checked.returncode == 0
    rows = pd.read_csv(twin / "twin.csv")
    assert len(rows) == 920
    assert "id" not in rows
    evidence = json.loads((twin / "evidence.json").read_text())
    assert evidence["decision"]["verdict"] == "released"
    assert len(evidence["findings"]) > 50
    model = made["model"]
    run(
        "sample", model, "--rows", "5000", "--where", "age >= 60 and sex = Female", "--out", "more.parquet", folder=desk
    )
    more = pd.read_parquet(desk / "more.parquet")
    assert len(more) == 5000
    assert (more.age >= 60).all()
    run("sample", model, "--rows", "400", "--balance", "dataset", "--out", "even.csv", folder=desk)
    assert set(pd.read_csv(desk / "even.csv").dataset.value_counts()) == {100}
    journal = (desk / "workspace/releases.jsonl").read_text().splitlines()
    assert [json.loads(line)["verdict"] for line in journal] == ["released", "sampled", "sampled"]
    again = run("synthesise", "heart_disease.csv", "--out", "twin", folder=desk, code=2)
    assert "not an empty folder" in again.stderr


@pytest.mark.journey
@pytest.mark.slow
def test_a_refusal_writes_nothing_outside_and_an_override_is_recorded(desk: Path) -> None:
    (desk / "strict.toml").write_text(
        'title = "Impossible"\n[[rule]]\nmetric = "mia_worst"\nat_most = 0.1\ngate = true\nadvice = "Give up."\n'
    )
    mixed(1200).select(["age", "sex", "stage", "creatinine", "severe"]).to_pandas().to_csv(
        desk / "made.csv", index=False
    )
    before = {path.name for path in desk.iterdir()} | {"made.csv.schema.toml"}
    refused = run("synthesise", "made.csv", "--out", "no", "--policy", "strict.toml", folder=desk, code=3)
    assert "Refused" in refused.stdout
    assert "Give up." in refused.stdout
    assert {path.name for path in desk.iterdir()} - before <= {"workspace"}
    model = next(path for path in sorted((desk / "workspace/runs").iterdir())[::-1]) / "model.cohortium"
    kept = run("sample", str(model), "--out", "x.csv", folder=desk, code=3)
    assert "has not let out" in kept.stderr
    assert not (desk / "x.csv").exists()
    options = ["--policy", "strict.toml", "--override", "ethics board 7"]
    run("synthesise", "made.csv", "--out", "yes", *options, folder=desk)
    last = json.loads((desk / "workspace/releases.jsonl").read_text().splitlines()[-1])
    assert (last["verdict"], last["override"]) == ("released by override", "ethics board 7")
    assert "ethics board 7" in (desk / "yes/report.html").read_text()


@pytest.mark.journey
@pytest.mark.slow
def test_evaluate_judges_files_of_anyone(tmp_path: Path) -> None:
    rows = mixed(900).to_pandas()
    rows[:400].to_csv(tmp_path / "real.csv", index=False)
    rows[400:800].to_csv(tmp_path / "holdout.csv", index=False)
    rows[:400].to_csv(tmp_path / "copy.csv", index=False)
    copy = json.loads(
        run("evaluate", "real.csv", "copy.csv", "--holdout", "holdout.csv", "--out", "e", "--json", folder=tmp_path,
            code=3).stdout
    )  # fmt: skip
    assert copy["verdict"] == "refused"
    assert any("Membership" in reason for reason in copy["reasons"])
    assert (tmp_path / "e/report.html").exists()
    rows[:40].drop(columns="age").to_csv(tmp_path / "lacking.csv", index=False)
    lacking = run("evaluate", "real.csv", "lacking.csv", "--out", "f", folder=tmp_path, code=2)
    assert "age" in lacking.stderr


@pytest.mark.journey
def test_interrupting_leaves_nothing_half_written(desk: Path) -> None:
    environment = {**os.environ, "COHORTIUM_WORKSPACE": str(desk / "elsewhere")}
    process = subprocess.Popen(
        [*COMMAND, "synthesise", "heart_disease.csv", "--out", "cut"], cwd=desk, env=environment,
        stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    assert process.stderr.readline().startswith("Schema")  # work has begun
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert "Interrupted" in said
    assert not (desk / "cut").exists()
    assert not list(desk.rglob("*.unfinished"))


@pytest.mark.journey
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["profile", "nowhere.csv"], "nowhere.csv"),
        (["synthesise", "heart_disease.csv", "--out", "o", "--epsilon", "1"], "no formal guarantee"),
        (["synthesise", "heart_disease.csv", "--out", "o", "--method", "magic"], "no synthesiser 'magic'"),
        (["synthesise", "heart_disease.csv", "--out", "o", "--where", "size > 3"], "no column 'size'"),
        (["synthesise", "heart_disease.csv", "--out", "o", "--person", "nobody"], "no column 'nobody'"),
        (["synthesise", "heart_disease.csv", "--out", "o", "--policy", "none.toml"], "none.toml"),
        (["sample", "heart_disease.csv", "--out", "o.csv"], "not a whole Cohortium model"),
    ],
)
def test_mistakes_get_one_clear_message(arguments: list[str], message: str, desk: Path) -> None:
    said = run(*arguments, folder=desk, code=2).stderr
    assert message in said.replace("\n", " ")
    assert "Traceback" not in said
    assert not (desk / "o").exists()


@pytest.mark.journey
def test_every_command_explains_itself(tmp_path: Path) -> None:
    listed = run("--help", folder=tmp_path).stdout
    for command in ("profile", "synthesise", "evaluate", "sample", "demo", "methods"):
        assert command in listed
        assert len(run(command, "--help", folder=tmp_path).stdout) > 200
    methods = json.loads(run("methods", "--json", folder=tmp_path).stdout)
    assert {"sequential_trees", "private_marginals"} <= {method["name"] for method in methods}
    assert run("--version", folder=tmp_path).stdout.startswith("cohortium ")
