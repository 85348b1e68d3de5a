"""Private marginals across sites: one budget, one noise for the sum, wherever it is added."""

from __future__ import annotations

import inspect
from fractions import Fraction

import numpy as np
import pytest
from tests.tables import mixed

from cohortium.analyse import drive, over_sites, pooled
from cohortium.errors import InvalidRequest, TooFewRecords
from cohortium.privacy.accounting import delta_of
from cohortium.privacy.secure_noise import InsecureNoise, discrete_gaussian
from cohortium.records import Result, State, Sums, Table, agreed_schema, as_agreed
from cohortium.synthesise.federated import FederatedMarginals, fitted_of
from cohortium.synthesise.tables.private.columns import PrivateColumn
from cohortium.synthesise.tables.private_marginals import FittedPrivateMarginals

SETTINGS = {"epsilon": 5.0, "delta": 1e-5, "insecure_seed": 1}


@pytest.fixture(scope="module")
def real() -> Table:
    return mixed(3_000)


@pytest.fixture(scope="module")
def answer(real: Table) -> Result:
    sites = [real.take(np.arange(site, len(real), 5)) for site in range(5)]
    return over_sites(FederatedMarginals.of(real.schema, **SETTINGS), sites)


def noisy_run(algorithm: FederatedMarginals, table: Table) -> tuple[Result, list[State], list[Sums]]:
    """A run in which the runner adds the noise that each state asks for, as a secure sum would."""
    schema = agreed_schema([table.schema], algorithm.columns(), [table])
    ready, states, seen = as_agreed(table, schema), [], []
    source = InsecureNoise(np.random.default_rng(7))

    def total_of(state: State) -> Sums:
        exact = algorithm.local(ready, state)
        arrays = {name: exact[name] for name in exact}
        for name, parts in state.facts["noise"].items():
            drawn = [discrete_gaussian(Fraction(variance), cells, source) for cells, variance in parts]
            arrays[name] = arrays[name] + np.concatenate(drawn)
        states.append(state)
        seen.append(exact)
        return Sums(arrays)

    return drive(algorithm, schema, total_of), states, seen


def assert_like(real: Table, fitted: FittedPrivateMarginals) -> None:
    twin = fitted.sample(6_000, rng=np.random.default_rng(2))
    for rule in twin.schema.constraints:
        assert not rule.violated(twin).any(), str(rule)
    one, other = real.to_pandas(), twin.to_pandas()
    assert abs(one.severe.mean() - other.severe.mean()) < 0.05
    gaps = [frame.age[frame.severe == True].mean() - frame.age[frame.severe == False].mean() for frame in (one, other)]  # noqa: E712
    assert gaps[0] > 5 and abs(gaps[1] - gaps[0]) < 4


def test_relations_come_back_and_the_budget_adds_up(real: Table, answer: Result) -> None:
    fitted = fitted_of(answer)
    assert isinstance(fitted, FittedPrivateMarginals)
    assert_like(real, fitted)
    spent = {purpose: Fraction(text) for purpose, text in fitted.budget.items()}
    assert all(part >= 0 for part in spent.values())
    assert delta_of(float(sum(spent.values())), 5.0) <= 1e-5
    assert fitted.guarantee.epsilon == 5.0 and fitted.guarantee.delta == 1e-5
    assert any("protects nobody" in note for note in fitted.notes)
    assert answer.persons == fitted.patients != len(real)


def test_noise_may_be_added_inside_the_sum(real: Table) -> None:
    algorithm = FederatedMarginals.of(real.schema, **SETTINGS, noise_in="sum")
    answer, states, seen = noisy_run(algorithm, real)
    fitted = fitted_of(answer)
    assert_like(real, fitted)
    rho = Fraction(0)
    for state, exact in zip(states, seen, strict=True):
        asked = state.facts["noise"]
        assert {name for name in exact if name not in ("persons", "rows")} == set(asked)
        for name, parts in asked.items():
            assert sum(cells for cells, _ in parts) == len(exact[name])
            rho += sum(1 / (2 * Fraction(variance)) for _, variance in parts)
    shown = {purpose: Fraction(text) for purpose, text in fitted.budget.items()}
    assert rho == sum(shown.values()) - shown["unspent"], "what was asked for is what was entered"
    assert delta_of(float(rho), 5.0) <= 1e-5


def test_states_hold_noisy_counts_alone(real: Table) -> None:
    """Two runs on equal records with other noise must not share a count that a site can read."""
    counts = []
    for seed in (1, 2):
        states: list[State] = []
        algorithm = FederatedMarginals.of(real.schema, epsilon=5.0, delta=1e-5, insecure_seed=seed)
        schema = agreed_schema([real.schema], algorithm.columns(), [real])
        ready = as_agreed(real, schema)

        def total_of(state: State, algorithm: FederatedMarginals = algorithm, ready: Table = ready) -> Sums:
            states.append(state)  # noqa: B023
            return algorithm.local(ready, state)

        drive(algorithm, schema, total_of)
        assert all(not state.arrays for state in states)
        found = [own["pieces"][0] for own in states[-1].facts["columns"]]
        counts.append(np.array([states[-1].facts["total"], *(part[0] for part in found)]))
    assert (counts[0] != counts[1]).mean() > 0.8


def test_with_secure_noise_no_two_answers_are_alike(real: Table) -> None:
    algorithm = FederatedMarginals.of(real.select(["sex", "severe"]).schema, delta=1e-5)
    one, other = (pooled(algorithm, real) for _ in range(2))
    assert one.to_bytes() != other.to_bytes()
    assert "insecure_seed" in inspect.signature(FederatedMarginals).parameters
    assert not any("protects nobody" in note for note in one.facts["notes"])


def test_what_does_not_fit_is_refused(real: Table) -> None:
    with pytest.raises(InvalidRequest, match="delta"):
        pooled(FederatedMarginals.of(real.schema, noise_in="sum"), real)
    with pytest.raises(InvalidRequest, match="noise_in"):
        pooled(FederatedMarginals.of(real.schema, noise_in="nowhere"), real)
    with pytest.raises(TooFewRecords, match="at least 1"):
        pooled(FederatedMarginals.of(real.schema), real.take(np.arange(0)))


def test_a_single_column_is_learnt_from_its_values_alone(real: Table) -> None:
    table = real.select(["age"])
    fitted = fitted_of(pooled(FederatedMarginals.of(table.schema, **SETTINGS), table))
    assert isinstance(fitted, FittedPrivateMarginals) and isinstance(fitted.columns[0], PrivateColumn)
    made = fitted.sample(4_000, rng=np.random.default_rng(1)).numeric("age")
    assert abs(np.median(made) - np.median(table.numeric("age"))) < 3
