"""Studies: files, digests, plain words, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from tests.unit.federate.conftest import study

from cohortium.analyse import Describe, NeuralNetwork
from cohortium.errors import InvalidRequest
from cohortium.federate import Analysis, Study, in_words, read_study
from cohortium.federate.study import study_from_bytes, study_from_plain
from cohortium.privacy.accounting import rho_of


def test_a_study_travels_as_it_is() -> None:
    asked = study(where="age >= 50", sites=("north", "west"), quorum=2)
    assert study_from_bytes(asked.to_bytes()) == asked
    assert study_from_bytes(asked.to_bytes()).digest == asked.digest


@pytest.mark.parametrize(
    "change",
    [{"where": "age >= 51"}, {"mode": "secure"}, {"researcher": "eve"}, {"purpose": "another"}, {"dataset": "other"}],
)
def test_any_change_changes_the_digest(change: dict[str, str]) -> None:
    assert replace(study(), **change).digest != study().digest  # type: ignore[arg-type]


def test_a_file_reads_as_people_write_it(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(
        'title = "Ages"\ndataset = "trial"\nmode = "plain"\n'
        '[[analyses]]\nname = "who"\nalgorithm = "describe"\nvariables = ["age", "stage"]\n',
        "utf-8",
    )
    found = read_study(path)
    assert found.analyses[0].algorithm == Describe(("age", "stage"))
    assert found.columns == ("age", "stage")


GOOD = {"title": "x", "dataset": "d", "analyses": [{"algorithm": "describe", "variables": ["a"]}]}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"analyses": None}, "analyses"),
        ({"analyses": [{"name": "a"}]}, "describe"),
        ({"analyses": [{"algorithm": "nonesuch"}]}, "nonesuch"),
        ({"analyses": [{"algorithm": "describe", "colums": []}]}, "colums"),
        ({"sits": []}, "sits"),
        ({"mode": "trusting"}, "trusting"),
        ({"mode": "dp"}, "epsilon"),
        ({"title": " "}, "title"),
        ({"quorum": 0}, "quorum"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, object], says: str) -> None:
    with pytest.raises(InvalidRequest, match=says):
        study_from_plain({**GOOD, **changes})


def test_what_is_missing_is_named() -> None:
    with pytest.raises(InvalidRequest, match="dataset"):
        study_from_plain({name: value for name, value in GOOD.items() if name != "dataset"})


def test_words_say_who_why_what_leaves() -> None:
    words = "\n".join(in_words(study(purpose="Planning a trial", where="age >= 50")))
    for part in ("ada", "Planning a trial", "age >= 50", "age, stage", "sees each hospital's sums", "counts of levels"):
        assert part in words


def test_a_budget_is_divided_equally_where_the_steps_are_known() -> None:
    network = NeuralNetwork("died", ("age",), rounds=9, patient_clip=1.0, scaling="range")
    study = Study("Private", "records", (Analysis("n", network), Analysis("d", Describe(("age",)))), mode="dp",
                  epsilon=1.0, delta=1e-5)  # fmt: skip
    whole = Fraction(rho_of(1.0, 1e-5))
    parts = [study.rho("n", step) for step in range(network.steps())]
    assert set(parts) == {whole / 2 / network.steps()}
    assert study.rho("d", 0) == whole / 4
    with pytest.raises(InvalidRequest, match="one more"):
        study.rho("n", network.steps())


def test_two_hospitals_cannot_hide_in_a_sum() -> None:
    with pytest.raises(InvalidRequest, match="3 or more"):
        study(mode="secure", sites=("north", "west"))
    assert study(mode="plain", sites=("north", "west")).sites == ("north", "west")
