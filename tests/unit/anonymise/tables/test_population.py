"""Models that count persons of the population count all of them, those too whom nobody in the table equals."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.tables import mixed, visits

from cohortium.anonymise.tables import anonymise, evidence_on, load_recipe
from cohortium.anonymise.tables.hierarchy import Hierarchy
from cohortium.errors import InvalidRequest

AGES = Hierarchy.from_rows("age", [[str(a), f"{a // 4 * 4}+", f"{a // 16 * 16}+", "*"] for a in range(18, 100)])
SEXES = Hierarchy.from_rows("sex", [["F", "*"], ["M", "*"]])
TREES = {"age": AGES, "sex": SEXES}


def recipe(folder: Path, model: str, suppression: float = 0.0) -> Path:
    text = f'suppression = {suppression}\npopulation = "register.csv"\n'
    for name in TREES:
        text += f'[[column]]\nname = "{name}"\nuse = "quasi_identifier"\n'
    text += '[[column]]\nname = "stage"\nuse = "sensitive"\n'
    (folder / "recipe.toml").write_text(text + model)
    return folder / "recipe.toml"


def frames(seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    everybody = mixed(600, seed=seed).to_pandas()[["age", "sex", "stage"]]
    return everybody[:60], everybody


def told(frame: pd.DataFrame, node: tuple[int, int]) -> pd.Series:
    shown = []
    for level, one in zip(node, (AGES, SEXES), strict=True):
        places = one.codes([str(value) for value in frame[one.column]])
        shown.append([one.labels[level][group] for group in one.groups[level][places]])
    return pd.Series(list(zip(*shown, strict=True)), index=frame.index)


def loss(frame: pd.DataFrame, node: tuple[int, int], out: pd.Series) -> float:
    shares = [
        one.shares()[level][one.codes([str(value) for value in frame[one.column]])]
        for level, one in zip(node, (AGES, SEXES), strict=True)
    ]
    return float(np.where(out, 1.0, np.mean(shares, axis=0)).mean())


@pytest.mark.parametrize("suppression", [0.0, 0.2])
@pytest.mark.parametrize("seed", [0, 1])
def test_k_map_finds_the_least_loss_by_definition(tmp_path: Path, seed: int, suppression: float) -> None:
    table, everybody = frames(seed)
    everybody.to_csv(tmp_path / "register.csv", index=False)
    plan = load_recipe(recipe(tmp_path, '[[model]]\nname = "k_map"\nk = 8\n', suppression))
    done = anonymise(mixed(600, seed=seed).take(np.arange(60)), plan, hierarchies=TREES)
    best = 1.0
    for node in product(range(AGES.levels), range(SEXES.levels)):
        held = told(everybody, node).value_counts()
        out = told(table, node).map(held) < 8
        if out.mean() <= suppression:
            best = min(best, loss(table, node, out))
    assert done.recoding.loss == pytest.approx(best, abs=1e-12)
    evidence = evidence_on(done, title="t", source="s")
    assert evidence.finding("rows_against_models").score.value == 0  # type: ignore[union-attr]
    assert evidence.facts["before"]["smallest_class"] == 1
    assert evidence.finding("smallest_class").score.value >= 1  # type: ignore[union-attr]


def test_with_the_population_less_must_be_told_vaguely_than_with_the_table_alone(tmp_path: Path) -> None:
    _, everybody = frames()
    everybody.to_csv(tmp_path / "register.csv", index=False)
    table = mixed(600).take(np.arange(60))
    losses = [
        anonymise(table, load_recipe(recipe(tmp_path, f'[[model]]\nname = "{name}"\nk = 8\n', 0.2)), hierarchies=TREES)
        .recoding.loss
        for name in ("k_map", "k_anonymity")
    ]  # fmt: skip
    assert losses[0] < losses[1]


def test_delta_presence_counts_those_whom_nobody_in_the_table_equals(tmp_path: Path) -> None:
    _, everybody = frames()
    everybody.to_csv(tmp_path / "register.csv", index=False)
    plan = load_recipe(recipe(tmp_path, '[[model]]\nname = "delta_presence"\nleast = 0.0\nmost = 0.25\n'))
    done = anonymise(mixed(600).take(np.arange(60)), plan, hierarchies=TREES)
    node = tuple(int(level) for level in done.recoding.levels[0])
    shares = told(everybody[:60], node).value_counts() / told(everybody, node).value_counts()  # type: ignore[arg-type]
    assert shares.max() <= 0.25
    assert done.recoding.loss < 0.99


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda rows: rows.drop(columns="sex"), "lacks the columns"),
        (lambda rows: rows[50:], "fewer persons than the table"),
        (lambda rows: rows.assign(age=rows["age"] + 70), "misses"),
        (lambda rows: rows.assign(sex=rows["sex"].where(rows.index > 90)), "complete it"),
    ],
    ids=["column", "persons", "values", "missing"],
)
def test_registers_that_cannot_be_used_are_refused(tmp_path: Path, change, match: str) -> None:  # type: ignore[no-untyped-def]
    change(frames()[1]).to_csv(tmp_path / "register.csv", index=False)
    plan = load_recipe(recipe(tmp_path, '[[model]]\nname = "k_map"\nk = 8\n'))
    with pytest.raises(InvalidRequest, match=match):
        anonymise(mixed(600).take(np.arange(60)), plan, hierarchies=TREES)


def test_several_rows_per_person_are_refused(tmp_path: Path) -> None:
    table = visits(20)
    name = next(one.name for one in table.schema.columns if one.kind.is_nominal)
    table.to_pandas().to_csv(tmp_path / "register.csv", index=False)
    (tmp_path / "r.toml").write_text(
        f'population = "register.csv"\n[[column]]\nname = "{name}"\nuse = "quasi_identifier"\n'
        '[[model]]\nname = "k_map"\nk = 2\n'
    )
    with pytest.raises(InvalidRequest, match="one row per person"):
        anonymise(table, load_recipe(tmp_path / "r.toml"))
