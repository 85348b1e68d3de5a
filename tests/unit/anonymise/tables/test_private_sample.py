"""A private table: only what the scheme covers leaves, classes are large, nothing tells how many rows there were."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.tables import mixed, visits
from typer.testing import CliRunner

from cohortium.anonymise.tables.hierarchy import Hierarchy
from cohortium.anonymise.tables.models.safe_release import SafeRelease
from cohortium.anonymise.tables.private_sample import evidence_of_sample, private_sample
from cohortium.errors import InvalidRequest, NotApplicable
from cohortium.privacy.secure_noise import InsecureNoise
from cohortium.serve.cli import app

AGES = Hierarchy.from_rows("age", [[str(age), f"{age // 10 * 10}s", "*"] for age in range(18, 100)])
SEXES = Hierarchy.from_rows("sex", [["F", "*"], ["M", "*"]])
MODEL = SafeRelease(1.0, 1e-6)


def noise(seed: int = 1) -> InsecureNoise:
    return InsecureNoise(np.random.default_rng(seed))


def test_rows_are_told_at_the_given_levels_in_classes_of_k_or_more() -> None:
    made = private_sample(mixed(3000), [AGES, SEXES], MODEL, {"age": 1, "sex": 0}, noise=noise())
    frame = made.table.to_pandas()
    assert list(frame) == ["age", "sex"] and set(frame["age"]) <= {f"{d}s" for d in range(10, 100, 10)}
    assert frame.groupby(["age", "sex"], observed=True).size().min() >= MODEL.k
    assert 0 < len(frame) < 3000 * MODEL.beta * 1.1
    assert not made.chosen and made.levels == {"age": 1, "sex": 0}


def test_the_schema_that_leaves_tells_all_groups_of_the_hierarchy_not_those_that_occur() -> None:
    made = private_sample(mixed(3000), [AGES, SEXES], MODEL, {"age": 1, "sex": 0}, noise=noise())
    assert "10s" in made.table.schema["age"].levels and "?" in made.table.schema["sex"].levels


def test_rows_stand_in_the_order_of_what_they_show() -> None:
    frame = private_sample(mixed(3000), [AGES, SEXES], MODEL, {"age": 1, "sex": 0}, noise=noise()).table.to_pandas()
    groups = frame.astype(str).agg("|".join, axis=1).to_numpy()
    assert (groups[1:] != groups[:-1]).sum() == len(set(groups)) - 1


def test_levels_that_are_not_given_are_chosen_and_the_fixed_ones_stay() -> None:
    made = private_sample(mixed(3000), [AGES, SEXES], MODEL, {"sex": 0}, noise=noise())
    assert made.chosen and made.levels["sex"] == 0 and made.levels["age"] in (1, 2)


def test_the_evidence_says_nothing_of_rows_that_stayed_in() -> None:
    made = private_sample(mixed(3000), [AGES, SEXES], MODEL, {"age": 1, "sex": 0}, noise=noise())
    evidence = evidence_of_sample(made, [AGES, SEXES], title="t")
    told = json.dumps([evidence.facts, [str(one.score) for one in evidence.findings]])
    assert "3000" not in told and str(len(made.table)) in told
    assert evidence.finding("smallest_class").score.value >= MODEL.k  # type: ignore[union-attr]
    lost = evidence.finding("information_loss").score.value  # type: ignore[union-attr]
    ages = made.table.to_pandas()["age"].astype(str)
    held = {f"{d}s": (8 if d == 10 else 10) - (d == 10) * 6 for d in range(10, 100, 10)}
    assert lost == pytest.approx(np.mean([(held[one] - 1) / 82 for one in ages]) / 2)


@pytest.mark.parametrize(
    ("levels", "match"), [({"age": 9}, "levels 0 to 2"), ({"ward": 0}, "no hierarchy"), ({"sex": -1}, "levels 0 to 1")]
)
def test_levels_that_do_not_exist_are_refused(levels: dict[str, int], match: str) -> None:
    with pytest.raises(InvalidRequest, match=match):
        private_sample(mixed(100), [AGES, SEXES], MODEL, levels, noise=noise())


def test_few_rows_and_several_rows_per_person_are_refused() -> None:
    with pytest.raises(NotApplicable, match=f"{MODEL.k} rows"):
        private_sample(mixed(60), [AGES, SEXES], MODEL, {"age": 1, "sex": 0}, noise=noise())
    table = visits(50)
    name = next(one.name for one in table.schema.columns if one.kind.is_nominal)
    levels = sorted({str(one) for one in table.to_pandas()[name]})
    tree = Hierarchy.from_rows(name, [[one, "*"] for one in levels])
    with pytest.raises(InvalidRequest, match="one row per person"):
        private_sample(table, [tree], MODEL, {name: 1}, noise=noise())


def test_the_command_writes_a_release_and_refuses_too_much_epsilon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COHORTIUM_WORKSPACE", str(tmp_path / "workspace"))
    mixed(3000).to_pandas()[["age", "sex", "stage"]].to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "h").mkdir()
    for one in (AGES, SEXES):
        (tmp_path / f"h/{one.column}.csv").write_text(one.to_csv())
    command = ["anonymise", "private-table", str(tmp_path / "rows.csv"), "--hierarchies", str(tmp_path / "h")]
    done = CliRunner().invoke(app, [*command, "--out", str(tmp_path / "out"), "--level", "age=1", "--level", "sex=0"],
                              catch_exceptions=False)  # fmt: skip
    assert done.exit_code == 0, done.output
    head = (tmp_path / "out/table.csv").read_text().splitlines()[0]
    assert head.replace('"', "") == "age,sex"
    assert "3,000" not in (tmp_path / "out/report.html").read_text()
    kept = CliRunner().invoke(app, [*command, "--out", str(tmp_path / "no"), "--epsilon", "4"], catch_exceptions=False)
    assert kept.exit_code == 3 and not (tmp_path / "no").exists()
    with pytest.raises(InvalidRequest, match="COLUMN=LEVEL"):
        CliRunner().invoke(app, [*command, "--out", str(tmp_path / "no"), "--level", "age"], catch_exceptions=False)
