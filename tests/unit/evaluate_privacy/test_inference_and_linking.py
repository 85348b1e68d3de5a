"""Linkability, attribute inference and rare combinations where the truth is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from cohortium.errors import NotApplicable, TooFewRecords
from cohortium.evaluate.comparison import Comparison
from cohortium.evaluate.privacy import attribute_inference, linkability, rare_combinations
from cohortium.evaluate.privacy.attribute_inference import _is_right
from cohortium.evaluate.privacy.quasi_identifiers import grouping, known_outside, secrets
from cohortium.evaluate.privacy.rare_combinations import codes_of
from cohortium.records import Column, Kind, Role, Schema, Table

ALL = [linkability, attribute_inference, rare_combinations]


def seeded() -> np.random.Generator:
    return np.random.default_rng(6)


@pytest.mark.parametrize("metric", ALL)
def test_new_persons_tell_nothing_about_members(metric, pair: Callable[..., Comparison]) -> None:
    score = metric(pair(900), rng=seeded())
    assert score.low <= 0 <= score.high


@pytest.mark.parametrize("metric", ALL)
def test_copies_are_seen(metric, pair: Callable[..., Comparison]) -> None:
    one = pair(900, copy=True)
    assert one.holdout is not None
    plain = Schema(tuple(Column(column.name, column.kind) for column in one.real.schema.columns))
    tables = [table.with_schema(plain) for table in (one.real, one.synthetic, one.holdout)]
    assert metric(Comparison(*tables), rng=seeded()).low > 0.05


def test_every_copied_record_links_its_own_halves() -> None:
    """Rows of eight independent numbers: either half finds the copy, and nothing else."""
    rng = seeded()
    schema = Schema(tuple(Column(f"x{i}", Kind.CONTINUOUS) for i in range(8)))

    def table(rows: np.ndarray) -> Table:
        return Table.from_pandas(pd.DataFrame(rows, columns=list(schema.names)), schema)

    real = rng.normal(size=(400, 8))
    made = np.vstack([real[:200], rng.normal(size=(200, 8))])
    score = linkability(Comparison(table(real), table(made), table(rng.normal(size=(400, 8)))), rng=seeded())
    assert score.value == pytest.approx(0.5, abs=0.08)


def test_identical_rows_link_nobody_because_ties_are_broken_by_lot() -> None:
    schema = Schema((Column("a", Kind.CATEGORICAL), Column("b", Kind.CATEGORICAL)))
    table = Table.from_pandas(pd.DataFrame({"a": ["x"] * 500, "b": ["y"] * 500}), schema)
    score = linkability(Comparison(table, table, table), rng=seeded())
    assert score.detail["rate"] < 0.02 and score.low == 0.0


def test_what_the_population_tells_is_not_held_against_the_table(pair: Callable[..., Comparison]) -> None:
    """A column that follows from another is guessed for strangers as well as for members."""
    schema = Schema((Column("a", Kind.CATEGORICAL), Column("b", Kind.CATEGORICAL, frozenset({Role.SENSITIVE}))))

    def table(n: int, rng: np.random.Generator) -> Table:
        a = rng.integers(0, 5, n)
        return Table.from_pandas(pd.DataFrame({"a": a.astype(str), "b": (a % 2).astype(str)}), schema)

    rng = seeded()
    score = attribute_inference(Comparison(table(300, rng), table(300, rng), table(300, rng)), rng=seeded())
    assert score.detail["secrets"]["b"] == [1.0, 1.0]
    assert abs(score.value) < 0.1


def test_a_secret_that_only_a_copy_can_tell_is_guessed_for_the_copied(pair: Callable[..., Comparison]) -> None:
    score = attribute_inference(pair(900, leaked=0.4), rng=seeded())
    members, strangers = score.detail["secrets"]["ill"]
    assert members - strangers > 0.05
    assert score.low > 0.1


def test_a_number_is_guessed_within_five_percent() -> None:
    guess, truth = (
        np.array([104.0, 106.0, -104.0, np.nan, 1.0, 0.0]),
        np.array([100.0, 100.0, -100.0, np.nan, np.nan, 0.0]),
    )
    assert _is_right(guess, truth, is_nominal=False).tolist() == [True, False, True, True, False, True]
    assert _is_right(np.array([1.0, np.nan]), np.array([1.0, 1.0]), is_nominal=True).tolist() == [True, False]


def test_roles_choose_the_columns(pair: Callable[..., Comparison]) -> None:
    one = pair(100)
    assert [one.encoded.names[place] for place in known_outside(one)] == ["age", "sex"] == [
        one.encoded.names[place] for place in grouping(one)
    ]  # fmt: skip
    chosen = secrets(one, 3, seeded())
    assert one.encoded.names[chosen[0]] == "ill" and len(set(chosen)) == 3
    assert not set(known_outside(one)) & set(chosen)


def test_codes_are_levels_values_or_bins_with_missing_apart() -> None:
    numbers = np.concatenate([np.arange(300.0), [np.nan]])
    few = np.concatenate([np.tile([1.0, 2.0], 150), [1.0]])
    level = np.concatenate([np.zeros(300), [np.nan]])
    table = np.column_stack([numbers, few, level])
    codes = codes_of((table, table, table), np.array([False, False, True]))[0]
    assert len(np.unique(codes[:300, 0])) == 20 and codes[300, 0] == 0
    assert len(np.unique(codes[:, 1])) == 2
    assert codes[0, 2] == 1 and codes[300, 2] == 0


def test_reconstructed_combinations_are_counted_by_hand() -> None:
    """Thirty members with a combination of their own, of whom ten came back; strangers' combinations never do."""
    schema = Schema(tuple(Column(name, Kind.CATEGORICAL, frozenset({Role.QUASI_IDENTIFIER})) for name in ("a", "b")))

    def table(names: list[str]) -> Table:
        return Table.from_pandas(pd.DataFrame({"a": names, "b": ["x"] * len(names)}), schema)

    real = table([f"m{i}" for i in range(30)] + ["common"] * 70)
    held = table([f"s{i}" for i in range(40)] + ["common"] * 60)
    made = table([f"m{i}" for i in range(10)] + ["common"] * 90)
    score = rare_combinations(Comparison(real, made, held), rng=seeded())
    assert score.value == pytest.approx(1 / 3) and score.low > 0.1
    assert score.detail == {"members": 0.33333, "strangers": 0.0}


def test_what_cannot_be_asked_is_said() -> None:
    schema = Schema((Column("a", Kind.CATEGORICAL),))
    table = Table.from_pandas(pd.DataFrame({"a": ["x", "y"] * 50}), schema)
    one = Comparison(table, table, table)
    for metric in (linkability, attribute_inference, rare_combinations):
        with pytest.raises(NotApplicable):
            metric(one, rng=seeded())
    two = Schema(tuple(Column(name, Kind.CATEGORICAL, frozenset({Role.QUASI_IDENTIFIER})) for name in ("a", "b")))
    common = Table.from_pandas(pd.DataFrame({"a": ["x", "y"] * 50, "b": ["z"] * 100}), two)
    with pytest.raises(TooFewRecords, match="rare combinations"):
        rare_combinations(Comparison(common, common, common), rng=seeded())
