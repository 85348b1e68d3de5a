"""Prosecutor, journalist and marketer against closed forms, simulation and a register."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.unit.anonymise.risk.releases import COLUMNS, HIERARCHIES, people, released

from cohortium.anonymise.risk import (
    PersonClasses,
    chances_in_register,
    expected_chances,
    journalist,
    link,
    prosecutor,
    unique_in_population,
)
from cohortium.errors import InvalidRequest
from cohortium.records import concat

SIZES = (1, 1, 2, 5, 11, 20)


def classes(sizes: tuple[int, ...] = SIZES) -> PersonClasses:
    return PersonClasses.of([np.repeat(np.arange(len(sizes)), sizes).astype(np.int32)])


def test_prosecutor() -> None:
    found = prosecutor(classes())
    assert found.highest == 1.0
    assert found.average == pytest.approx(len(SIZES) / sum(SIZES))
    assert found.above[0.2] == pytest.approx(4 / 40)  # a class of five is found with 0.2, not more
    assert found.above[0.09] == pytest.approx(20 / 40)
    assert found.above[0.05] == pytest.approx(20 / 40)
    assert found.persons == 40


def test_a_copy_of_everybody_unlike_is_found_wholly() -> None:
    assert prosecutor(classes((1,) * 30)).average == 1.0


def test_the_register_is_counted() -> None:
    table, register = people(100), people(900).take(np.arange(900))
    everybody = concat([table, register])
    found = PersonClasses.of_table(table, COLUMNS)
    chances = chances_in_register(found, link(everybody, table, COLUMNS).of_persons())
    risk = journalist(found, chances)
    frame = everybody.to_pandas().groupby(list(COLUMNS), observed=True).size()
    expected = [1 / frame[tuple(row)] for row in table.to_pandas()[list(COLUMNS)].itertuples(index=False)]
    assert risk.average == pytest.approx(np.mean(expected))
    assert risk.highest == pytest.approx(max(expected))


def test_a_register_of_a_release_is_counted_by_what_it_tells() -> None:
    table, release = people(100), released(people(100), 5)
    everybody = concat([table, people(900, seed=4)])
    found = PersonClasses.of_table(release, COLUMNS)
    shown = link(everybody, release, COLUMNS, HIERARCHIES, original=table)
    chances = chances_in_register(found, shown.of_persons())
    assert (chances <= 1.0 / found.sizes).all()
    assert journalist(found, chances).average < prosecutor(found).average


def test_a_register_that_lacks_persons_is_refused() -> None:
    table = people(100)
    found = PersonClasses.of_table(table, COLUMNS)
    with pytest.raises(InvalidRequest, match="fewer persons in the register"):
        chances_in_register(found, link(table.take(np.arange(99)), table, COLUMNS, original=table).of_persons())


@pytest.mark.parametrize("population", [41, 60, 400, 40_000, 320_000_000])
def test_expected_chances_have_their_closed_forms(population: int) -> None:
    p = 40 / population
    q = 1 - p
    found = dict(zip(SIZES, expected_chances(classes(), population), strict=True))
    assert found[1] == pytest.approx(-p / q * math.log(p), rel=1e-9)
    assert found[2] == pytest.approx(p / q**2 * (p * math.log(p) + q), rel=1e-6)
    assert all(0 < chance <= 1 / size for size, chance in found.items())


def test_whoever_has_everybody_has_the_prosecutors_chance() -> None:
    assert expected_chances(classes(), 40) == pytest.approx(1.0 / classes().sizes)


def test_expected_chances_are_what_sampling_gives() -> None:
    rng = np.random.default_rng(1)
    share, size = 0.2, 3
    population = size + rng.negative_binomial(size, share, 200_000)
    found = expected_chances(classes((size,) * 20), 300)[0]
    assert found == pytest.approx(float((1 / population).mean()), rel=0.01)


def test_a_population_smaller_than_the_table_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="smaller"):
        expected_chances(classes(), 39)


def test_estimates_of_the_population_lie_below_the_samples() -> None:
    found = unique_in_population(classes((1,) * 60 + (2,) * 20 + (3,) * 10 + (8,) * 4), 10_000)
    assert set(found) == {"dankar", "pitman", "zayatz", "snb"}
    values = [one for one in found.values() if isinstance(one, float)]
    assert values
    assert all(0 <= one < 60 / 162 for one in values)


def test_an_estimate_that_does_not_exist_says_why() -> None:
    found = unique_in_population(classes((1,) * 30), 1_000)
    assert isinstance(found["pitman"], str)
