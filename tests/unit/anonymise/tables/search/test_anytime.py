"""An answer in time, and a bound that no release is below, whatever was counted by then."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.lattices import every_node, halving, made
from tests.tables import mixed

from cohortium.anonymise.tables import anonymise, evidence_on, load_recipe
from cohortium.anonymise.tables.lattice import Lattice
from cohortium.anonymise.tables.models import AverageRisk, DistinctLDiversity, EntropyLDiversity, KAnonymity
from cohortium.anonymise.tables.search import Question, parts, search_anytime, search_exactly
from cohortium.anonymise.tables.search.parts import bound_by_parts, parts_of
from cohortium.anonymise.tables.tuples import distinct
from cohortium.errors import InvalidRequest, NotApplicable


def asked(seed: int, suppression: float, *models: object) -> Question:
    tuples, hierarchies = made(seed)
    return Question(tuples, hierarchies, models or (KAnonymity(5),), suppression=suppression)  # type: ignore[arg-type]


def wide(columns: int = 15, rows: int = 400) -> Question:
    """More levels together than any search could hold."""
    rng = np.random.default_rng(0)
    hierarchies = tuple(halving(f"column {place}", 16) for place in range(columns))
    codes = [np.minimum(rng.geometric(0.4, rows) - 1, 15).astype(np.int32) for _ in hierarchies]
    return Question(distinct(codes), hierarchies, (KAnonymity(5),), suppression=0.05)


@pytest.mark.parametrize("suppression", [0.0, 0.05, 0.5])
@pytest.mark.parametrize("seed", range(3))
def test_with_time_enough_it_finds_and_proves_the_least(seed: int, suppression: float) -> None:
    question = asked(seed, suppression)
    found = search_anytime(question, steps=10_000)
    assert found.is_optimal
    assert found.loss == pytest.approx(search_exactly(question).loss, abs=1e-12)


@pytest.mark.parametrize(
    "models",
    [
        (DistinctLDiversity("illness", 3),),
        (EntropyLDiversity("illness", 2.0), KAnonymity(3)),
        (KAnonymity(2), AverageRisk(0.08)),
    ],
    ids=["distinct", "entropy", "average"],
)
def test_with_other_models_too(models: tuple[object, ...]) -> None:
    for seed in range(3):
        question = asked(seed, 0.1, *[one for one in models if not isinstance(one, AverageRisk)])
        question = Question(question.tuples, question.hierarchies, question.classes,
                            tuple(one for one in models if isinstance(one, AverageRisk)), 0.1)  # fmt: skip
        assert search_anytime(question, steps=10_000).loss == pytest.approx(search_exactly(question).loss, abs=1e-12)


@pytest.mark.parametrize("steps", [1, 5, 20, 60])
@pytest.mark.parametrize("suppression", [0.0, 0.1])
def test_at_any_time_the_bound_is_below_every_release(steps: int, suppression: float) -> None:
    for seed in range(4):
        question = asked(seed, suppression)
        least = min(loss for _, loss, _ in every_node(question))
        found = search_anytime(question, steps=steps)
        assert found.bound <= least + 1e-12 <= found.loss + 2e-12


@pytest.mark.parametrize("suppression", [0.0, 0.1])
def test_parts_of_the_columns_bound_the_whole(suppression: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "LARGEST", 8)
    for seed in range(4):
        question = asked(seed, suppression)
        assert len(parts_of(question)) > 1
        least = min(loss for _, loss, _ in every_node(question))
        assert 0 <= bound_by_parts(question, lambda: False) <= least + 1e-12
        assert bound_by_parts(question, lambda: True) == 0


def test_parts_hold_each_column_once_and_no_more_nodes_than_they_may() -> None:
    question = wide()
    found = parts_of(question)
    assert sorted(column for part in found for column in part) == list(range(15))
    assert all(np.prod(question.lattice.widths[list(part)]) <= parts.LARGEST for part in found)


def test_fifteen_columns_have_an_answer_and_a_bound_that_is_above_nothing() -> None:
    question = wide()
    assert question.lattice.size > 10**9
    with pytest.raises(InvalidRequest, match="Search with a limit of time"):
        search_exactly(question)
    found = search_anytime(question, seconds=3)
    assert 0 < found.bound < found.loss < 1
    checked = question.tuples
    levels = np.array(found.node)
    told = np.stack([one.groups[level, checked.codes[:, c]] for c, (one, level) in
                     enumerate(zip(question.hierarchies, levels, strict=True))], axis=1)  # fmt: skip
    _, of_tuple = np.unique(told, axis=0, return_inverse=True)
    rows = np.bincount(of_tuple.reshape(-1), weights=checked.counts)
    assert rows[rows < 5].sum() == found.left_out <= 0.05 * checked.rows


def test_the_same_steps_have_the_same_answer() -> None:
    assert search_anytime(wide(), steps=200) == search_anytime(wide(), steps=200)


def test_what_nothing_satisfies_is_told_so() -> None:
    exact = Lattice((0, 0, 0), (0, 0, 0))
    tuples, hierarchies = made(1)
    with pytest.raises(NotApplicable, match="no release satisfies"):
        search_anytime(Question(tuples, hierarchies, (KAnonymity(9),), allowed=exact), steps=50)


def test_time_runs_by_its_clock_and_is_shown() -> None:
    ticks = iter(range(1000))
    shown: list[float] = []
    search_anytime(wide(), seconds=100, progress=lambda _, share: shown.append(share), clock=lambda: float(next(ticks)))
    assert shown == sorted(shown) and shown[0] > 0 and shown[-1] <= 1


def test_a_recipe_asks_for_it(tmp_path: Path) -> None:
    columns = "".join(f'[[column]]\nname = "{name}"\nuse = "quasi_identifier"\n' for name in ("age", "sex", "ward"))
    path = tmp_path / "recipe.toml"
    path.write_text(f'search = "anytime"\nseconds = 5\n{columns}[[model]]\nname = "k_anonymity"\nk = 5\n')
    done = anonymise(mixed(300), load_recipe(path))
    assert evidence_on(done, title="t", source="s").finding("gap_to_optimum").score.value < 1e-9  # type: ignore[union-attr]
    path.write_text(path.read_text().replace("5\n[[column]]", "-5\n[[column]]", 1))
    with pytest.raises(InvalidRequest, match="'seconds' must be a number above 0"):
        load_recipe(path)
