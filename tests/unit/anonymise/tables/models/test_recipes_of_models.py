"""Every registered model, as a steward writes it down."""

from __future__ import annotations

from pathlib import Path

import pytest

import cohortium.anonymise.tables.models  # noqa: F401 - registers the models
from cohortium.anonymise.tables.recipe import load_recipe
from cohortium.errors import InvalidRequest
from cohortium.registry import entries

WRITTEN = {
    "k_anonymity": "k = 5",
    "k_map": "k = 5\npopulation = 80000",
    "km_anonymity": "k = 5\nm = 2",
    "distinct_l_diversity": 'column = "illness"\nl = 3',
    "entropy_l_diversity": 'column = "illness"\nl = 2.5',
    "recursive_cl_diversity": 'column = "illness"\nc = 3.0\nl = 2',
    "t_closeness": 'column = "illness"\nt = 0.2\ndistance = "ordered"\norder = ["mild", "severe"]',
    "beta_likeness": 'column = "illness"\nbeta = 1.0\nenhanced = false',
    "delta_disclosure": 'column = "illness"\ndelta = 1.1',
    "delta_presence": "least = 0.0\nmost = 0.5",
    "average_risk": "at_most = 0.05",
    "highest_risk": "at_most = 0.2",
    "population_uniqueness": 'at_most = 0.01\npopulation = 80000\nestimator = "pitman"',
}
NAMES = [entry.name for entry in entries("privacy_model")]


def recipe(folder: Path, name: str, settings: str) -> Path:
    path = folder / "recipe.toml"
    path.write_text(f'[[column]]\nname = "age"\nuse = "quasi_identifier"\n[[model]]\nname = "{name}"\n{settings}\n')
    return path


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_sets_it(name: str, tmp_path: Path) -> None:
    (model,) = load_recipe(recipe(tmp_path, name, WRITTEN[name])).models
    assert isinstance(hash(model), int)
    assert model.sensitive == (("illness",) if "illness" in WRITTEN[name] else ())


@pytest.mark.parametrize("name", NAMES)
def test_a_setting_that_it_does_not_have_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="kk"):
        load_recipe(recipe(tmp_path, name, WRITTEN[name] + "\nkk = 1"))
    with pytest.raises(InvalidRequest, match=name):
        load_recipe(recipe(tmp_path, name, ""))
