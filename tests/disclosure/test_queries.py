"""Attacks by questions: each finds a patient's secret with the rules switched off, and is refused with them on."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy.optimize import linprog

import cohortium.analyse
from cohortium.analyse import drive
from cohortium.analyse.describe import Describe
from cohortium.errors import BudgetExhausted, DisclosureRefused
from cohortium.privacy.disclosive_columns import check_columns
from cohortium.privacy.disclosure import DisclosureRules
from cohortium.privacy.distributed_noise import plan_noise
from cohortium.privacy.history import QueryHistory
from cohortium.privacy.ledger import Account, BudgetLedger
from cohortium.privacy.person_tokens import person_tokens
from cohortium.privacy.release import release_result
from cohortium.privacy.secure_noise import InsecureNoise
from cohortium.privacy.sensitivity import bounded
from cohortium.privacy.suppression import suppressed
from cohortium.records import PERSONS, Column, Kind, Result, Role, Schema, State, Sums, Table, agreed_schema
from cohortium.registry import find

assert cohortium.analyse  # importing the room registers its algorithms

N, TARGET = 240, 17
RULES = DisclosureRules("on")
OFF = DisclosureRules(
    "off", persons=0, persons_secure=0, cell=0, difference=0, dominant_share=1.0, p_percent=0.0,
    persons_per_parameter=0.0, residual_persons=0, distinct_share=1.0,
)  # fmt: skip


def patients() -> Table:
    """240 persons; the target is the only woman above 90, and the only one with a rare disease."""
    rng = np.random.default_rng(3)
    age, sex = rng.integers(30, 89, N), rng.choice(["F", "M"], N)
    age[TARGET], sex[TARGET] = 93, "F"
    viral_load = rng.gamma(2.0, 50.0, N).round(1)
    disease = np.where(np.arange(N) == TARGET, "rare", rng.choice(["common", "usual"], N))
    frame = pa.table(
        {
            "person": [f"P{k}" for k in range(N)],
            "age": age,
            "sex": sex,
            "disease": disease,
            "flag": (disease == "rare").astype(np.int64),
            "viral_load": viral_load,
        }
    )
    schema = Schema(
        (
            Column("person", Kind.IDENTIFIER, frozenset({Role.PERSON_KEY})),
            Column("age", Kind.INTEGER),
            Column("sex", Kind.CATEGORICAL, levels=("F", "M")),
            Column("disease", Kind.CATEGORICAL, levels=("common", "rare", "usual")),
            Column("flag", Kind.INTEGER),
            Column("viral_load", Kind.CONTINUOUS, minimum=0, maximum=1000),
        )
    )
    return Table(frame, schema)


class Node:
    """A site that answers one researcher under the rules given to it, in the order of a real node."""

    def __init__(self, folder: Path, rules: DisclosureRules) -> None:
        self.table, self.rules = patients(), rules
        self.history = QueryHistory(folder / f"{rules.title}.db", fewest=rules.difference)
        self.age, self.sex = self.table.numeric("age"), self.table.codes("sex")[0]
        self.secret = float(self.table.numeric("viral_load")[TARGET])

    def _admit(self, question: str, records: Table) -> None:
        digest = hashlib.sha256(question.encode()).hexdigest()
        self.history.admit("eve", "ward", digest, person_tokens(records, "ward", b"k" * 32))

    def describe(self, who: np.ndarray, *columns: str) -> Result:
        """A description of columns, of the persons ``who``."""
        algorithm, records = Describe(columns), self.table.take(who)
        self.rules.check_persons(len(records))
        check_columns(records, columns, self.rules)
        self._admit(repr(algorithm), records)

        def total(state: State) -> Sums:
            sums = algorithm.local(records, state)
            self.rules.check_sums(sums, counts=find("algorithm", "describe").facts["counts"])
            return sums

        answer = drive(algorithm, agreed_schema([self.table.schema], columns, [self.table]), total)
        return release_result(answer, self.rules).result

    def total(self, who: np.ndarray) -> float:
        """Sum of the viral loads of the persons ``who``."""
        self.rules.check_contributions(self.table.numeric("viral_load")[who], "viral_load")
        numbers = self.describe(who, "viral_load").tables["numeric"]
        return float(numbers["mean"][0] * numbers["n"][0])

    def normal_equations(self, who: np.ndarray, covariates: np.ndarray, *columns: str) -> Sums:
        """X'X and X'y of a linear model of the viral load."""
        records = self.table.take(who)
        check_columns(records, columns, self.rules)
        self._admit(f"linear {columns}", records)
        outcome = records.numeric("viral_load")
        sums = Sums({PERSONS: len(records), "gradient": covariates.T @ outcome, "hessian": covariates.T @ covariates})
        self.rules.check_sums(sums)
        return sums


@pytest.fixture
def off(tmp_path: Path) -> Node:
    return Node(tmp_path, OFF)


@pytest.fixture
def on(tmp_path: Path) -> Node:
    return Node(tmp_path, RULES)


def everyone() -> np.ndarray:
    return np.ones(N, dtype=np.bool_)


def but_the_target() -> np.ndarray:
    return np.arange(N) != TARGET


def differencing(node: Node) -> float:
    return node.total(everyone()) - node.total(but_the_target())


def individual_tracker(node: Node) -> float:
    """Denning, Denning & Schwartz 1979: women above 90 are women, less the women up to 90."""
    women, old = node.sex == 0, node.age > 90
    return node.total(women) - node.total(women & ~old)


def general_tracker(node: Node) -> float:
    """The same source: a tracker needs no overlap with the target; here, men."""
    target, tracker = (node.sex == 0) & (node.age > 90), node.sex == 1
    whole = node.total(tracker) + node.total(~tracker)
    return node.total(target | tracker) + node.total(target | ~tracker) - whole


def union_of_parts(node: Node) -> float:
    """No two cohorts differ by few persons, but one is two others and the target."""
    others = np.flatnonzero(but_the_target())
    one, two = np.isin(np.arange(N), others[:80]), np.isin(np.arange(N), others[80:160])
    both = one | two
    both[TARGET] = True
    return node.total(both) - node.total(one) - node.total(two)


def mean_of_two_then_sum(node: Node) -> float:
    """The attacker is a patient, too: a mean over both of them, less the own value."""
    two = np.isin(np.arange(N), (TARGET, 40))
    mean = float(node.describe(two, "viral_load").tables["numeric"]["mean"][0])
    return 2 * mean - float(node.table.numeric("viral_load")[40])


def one_hot_times_column(node: Node) -> float:
    """A covariate that is 1 for one person alone turns X'y into that person's outcome."""
    flag = node.table.numeric("flag")
    sums = node.normal_equations(everyone(), np.stack([np.ones(N), flag], axis=1), "flag")
    return float(sums["gradient"][1])


def rare_level(node: Node) -> float:
    """The same by a level of a nominal column."""
    rare = (node.table.codes("disease")[0] == 1).astype(float)
    return float(node.normal_equations(everyone(), rare[:, None], "disease")["gradient"][0])


def saturated_model(node: Node) -> float:
    """As many parameters as persons: the model repeats every person's outcome."""
    who = np.arange(N) < 30
    covariates = np.vander(np.linspace(-1, 1, 30), 30)
    covariates, _ = np.linalg.qr(covariates)
    sums = node.normal_equations(who, covariates, "age")
    fitted = covariates @ np.linalg.solve(sums["hessian"], sums["gradient"])
    return float(fitted[TARGET])


ATTACKS = {
    "differencing": (differencing, "Differencing"),
    "individual tracker": (individual_tracker, "Differencing"),
    "general tracker": (general_tracker, "Differencing"),
    "union of parts": (union_of_parts, "Differencing"),
    "mean of two, then sum": (mean_of_two_then_sum, "Minimum persons"),
    "one-hot times column": (one_hot_times_column, "Isolation"),
    "rare level": (rare_level, "Isolation"),
    "saturated model": (saturated_model, "Saturation"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_without_rules_the_attack_finds_the_secret(name: str, off: Node) -> None:
    assert ATTACKS[name][0](off) == pytest.approx(off.secret, abs=1e-6)


@pytest.mark.parametrize("name", ATTACKS)
def test_with_rules_the_attack_is_refused_and_the_message_is_silent(name: str, on: Node) -> None:
    attack, rule = ATTACKS[name]
    with pytest.raises(DisclosureRefused, match=rule) as caught:
        attack(on)
    assert f"{on.secret:g}" not in str(caught.value)
    assert "P17" not in str(caught.value)


def test_honest_questions_are_answered(on: Node) -> None:
    women = on.sex == 0
    whole = on.describe(everyone(), "viral_load", "sex")
    assert whole.persons == N
    assert on.describe(women, "age").persons == int(women.sum())
    assert on.describe(~women, "age").persons == int((~women).sum())
    assert on.describe(everyone(), "viral_load", "sex").to_bytes() == whole.to_bytes()


def test_a_person_who_dominates_a_sum_is_not_given_away_to_the_second(on: Node, off: Node) -> None:
    costs = np.array([90_000.0, 800.0, *[10.0] * 20])
    guess = costs.sum() - costs[1]  # what the second largest knows, less what is surely small
    assert abs(guess - costs[0]) < 0.01 * costs[0]
    off.rules.check_contributions(costs, "cost")
    with pytest.raises(DisclosureRefused, match="Dominance"):
        on.rules.check_contributions(costs, "cost")


# ---- small cells ----


def reach(counts: np.ndarray, blank: np.ndarray, cell: tuple[int, int]) -> tuple[float, float]:
    """Smallest and largest number that a cell may be, for who sees the others and all margins."""
    places = np.argwhere(blank)
    lines = [(axis, at) for axis in (0, 1) for at in np.unique(places[:, axis])]
    members = np.array([[place[axis] == at for place in places] for axis, at in lines], dtype=float)
    hidden = np.array([counts[tuple(place)] for place in places])
    wanted = np.array([tuple(place) == cell for place in places], dtype=float)
    low, high = (linprog(sign * wanted, A_eq=members, b_eq=members @ hidden, bounds=(0, None)).fun for sign in (1, -1))
    return float(low), float(-high)


def test_small_cells_come_back_from_margins_only_without_complements() -> None:
    counts = np.array([[40, 3, 57], [61, 72, 30], [25, 90, 14]])
    small = RULES.is_small(counts)
    assert small.sum() == 1
    assert reach(counts, small, (0, 1)) == (3.0, 3.0)
    low, high = reach(counts, suppressed(counts, small, RULES.cell), (0, 1))
    assert high - low >= RULES.cell


# ---- averaging noise away ----

RHO = Fraction(1, 2)
WARD = Account("dataset", "ward")


class NoisyNode(Node):
    """A node in mode "dp": kept answers and a budget, or neither where the rules are off."""

    def __init__(self, folder: Path, rules: DisclosureRules) -> None:
        super().__init__(folder, rules)
        self.ledger = BudgetLedger(folder / f"budget {rules.title}.db")
        self.ledger.grant(WARD, 3 * RHO, by="steward")
        self.noise = InsecureNoise(np.random.default_rng(8))
        self.asked = 0

    def viral_load(self, question: str) -> float:
        """The noisy sum of all viral loads; what the question is called is up to the researcher."""
        algorithm, schema = Describe(("viral_load",)), self.table.schema
        state = algorithm.start(schema)
        bounds = bounded(algorithm, schema)
        sums = algorithm.local(bounds.clip(self.table, state), state)
        plan = plan_noise(sums.layout, bounds.sensitivity(state), RHO, sites=1)
        if self.rules is OFF:
            return float(plan.total(plan.words(sums, self.noise), sums.layout)["sum"][0])
        asked = self.history.admit("eve", "ward", question, person_tokens(self.table, "ward", b"k" * 32))
        if asked.answer is None:
            self.asked += 1
            self.ledger.charge("run", self.asked, [WARD], plan.rho)
            noisy = plan.total(plan.words(sums, self.noise), sums.layout)
            return float(Sums.from_bytes(self.history.keep(asked, noisy.to_bytes()))["sum"][0])
        return float(Sums.from_bytes(asked.answer)["sum"][0])


def test_noise_averages_away_without_a_history(tmp_path: Path) -> None:
    node = NoisyNode(tmp_path, OFF)
    answers = [node.viral_load("q") for _ in range(200)]
    exact = float(node.table.numeric("viral_load").sum())
    assert np.std(answers) > 500
    assert abs(np.mean(answers) - exact) < np.std(answers) / 4


def test_repeating_a_question_repeats_its_noise(tmp_path: Path) -> None:
    node = NoisyNode(tmp_path, RULES)
    answers = {node.viral_load("q") for _ in range(50)}
    assert len(answers) == 1
    assert node.ledger.line(WARD).spent_rho <= RHO


def test_asking_in_other_words_spends_the_budget(tmp_path: Path) -> None:
    node = NoisyNode(tmp_path, RULES)
    answers = {node.viral_load(f"wording {k}") for k in range(3)}
    assert len(answers) == 3
    with pytest.raises(BudgetExhausted, match="dataset 'ward'"):
        node.viral_load("wording 3")
