"""Every registered metric against one suite: what is real scores as real, what is not does not, nothing crashes.

The population is invented and its law known, so a fresh draw from it is a perfect synthetic table.
"""

from __future__ import annotations

import functools
import json
import math

import numpy as np
import pyarrow as pa
import pytest

import cohortium.evaluate  # noqa: F401 - registers the metrics
from cohortium.errors import NotApplicable
from cohortium.evaluate import Comparison
from cohortium.records import Column, Guarantee, Inequality, Kind, Question, Role, Schema, Score, Table
from cohortium.registry import entries, find

ROWS = 600
DRAWS = 3
NAMES = [entry.name for entry in entries("metric")]
# A regression of one strong term changes its mind on nothing else, and wide intervals overlap whatever they surround.
BLIND_TO_SHUFFLING = {"replication", "coefficient_overlap"}
QUASI, SITE = frozenset({Role.QUASI_IDENTIFIER}), frozenset({Role.SITE})
SCHEMA = Schema(
    (
        Column("person", Kind.IDENTIFIER, frozenset({Role.PERSON_KEY})),
        Column("age", Kind.INTEGER, QUASI, minimum=18.0, maximum=110.0),
        Column("sex", Kind.CATEGORICAL, QUASI),
        Column("site", Kind.CATEGORICAL, SITE),
        Column("bmi", Kind.CONTINUOUS),
        Column("marker", Kind.CONTINUOUS),
        Column("upper", Kind.CONTINUOUS),
        Column("smoker", Kind.BOOLEAN),
        Column("stage", Kind.ORDINAL, levels=("I", "II", "III")),
        Column("outcome", Kind.BOOLEAN, frozenset({Role.OUTCOME, Role.SENSITIVE})),
        Column("days", Kind.INTEGER, frozenset({Role.TIME}), unit="days"),
        Column("died", Kind.BOOLEAN, frozenset({Role.EVENT})),
    ),
    (Inequality("marker", "<=", "upper"),),
)


def population(n: int, seed: int) -> Table:
    rng = np.random.default_rng([2026, seed])
    age = np.clip(rng.normal(62, 12, n).round(), 18, 95)
    sex = rng.choice(["female", "male"], n, p=[0.45, 0.55])
    site = rng.choice(["north", "south", "west"], n, p=[0.5, 0.3, 0.2])
    bmi = 20 + 0.08 * age + 2.0 * (site == "south") + rng.normal(0, 3, n)
    marker = np.exp(0.02 * age + 0.5 * (sex == "male") + rng.normal(0, 0.5, n)).round(2)
    smoker = rng.random(n) < np.where(sex == "male", 0.4, 0.2)
    risk = -9 + 0.08 * age + 0.9 * smoker + 0.8 * np.log(marker) + rng.normal(0, 0.7, n)
    death = rng.exponential(4000 * np.exp(-0.5 * (risk + 2.5)))
    censored = rng.uniform(300, 4000, n)
    gone = rng.random(n) < 0.15
    columns = {
        "person": [f"{seed}-{i}" for i in range(n)],
        "age": age.astype(np.int64),
        "sex": sex,
        "site": site,
        "bmi": pa.array(np.where(gone, np.nan, bmi.round(1)), from_pandas=True),
        "marker": marker,
        "upper": pa.array(np.where(gone | (rng.random(n) < 0.1), np.nan, marker * 2), from_pandas=True),
        "smoker": smoker,
        "stage": np.array(["I", "II", "III"])[np.digitize(risk, [-3.5, -1.5])],
        "outcome": rng.random(n) < 1 / (1 + np.exp(-1.5 * (risk + 2.4))),
        "days": np.minimum(death, censored).astype(np.int64) + 1,
        "died": death <= censored,
    }
    return Table(pa.table(columns), SCHEMA)


def shuffled(table: Table, seed: int) -> Table:
    """Every column in an order of its own: perfect marginals, nothing else."""
    rng = np.random.default_rng(seed)
    columns = {name: table.arrow.column(name).take(pa.array(rng.permutation(len(table)))) for name in SCHEMA.names}
    return Table(pa.table(columns), SCHEMA)


@functools.cache
def tables() -> tuple[Table, Table]:
    return population(ROWS, 0), population(2 * ROWS, 1)


def compare(synthetic: Table, *, real: Table | None = None, holdout: Table | None = None) -> Comparison:
    own, held = tables()
    guarantee = Guarantee(epsilon=1.0, delta=1e-5)
    return Comparison(own if real is None else real, synthetic, held if holdout is None else holdout, None, guarantee)


@functools.cache
def scenario(name: str, draw: int) -> Comparison:
    if name == "fresh":
        return compare(population(ROWS, 10 + draw))
    if name == "real":
        return compare(tables()[0]).reference(np.random.default_rng(draw))
    if name == "shuffled":
        return compare(shuffled(tables()[0], draw))
    return compare(tables()[0])


def ask(metric: str, pair: Comparison, seed: int = 5) -> Score | None:
    try:
        return find("metric", metric).thing(pair, rng=np.random.default_rng(seed))
    except NotApplicable as reason:
        assert len(str(reason)) > 20, "a reason is a sentence"
        return None


@functools.cache
def values(metric: str, name: str, draws: int = DRAWS) -> tuple[float, ...]:
    found = [ask(metric, scenario(name, draw)) for draw in range(draws)]
    return tuple(score.value for score in found if score is not None)


def check(metric: str, score: Score | None) -> None:
    """A number inside its declared range, with its interval around it and plain details."""
    if score is None:
        return
    low, high = find("metric", metric).facts["range"]
    assert math.isfinite(score.value)
    assert low - 1e-12 <= score.value <= high + 1e-12
    assert score.low <= score.value <= score.high
    assert score.n > 0 or find("metric", metric).facts["asks"] is Question.FORMAL
    json.dumps(score.detail, allow_nan=False)


def worseness(metric: str, numbers: tuple[float, ...]) -> np.ndarray:
    """The numbers turned so that higher is worse."""
    facts = find("metric", metric).facts
    if facts["ideal"] is not None:
        # One-sided or not, an attack is worse the farther it is above its ideal; copies may also lie below.
        return np.abs(np.array(numbers) - facts["ideal"])
    return np.array(numbers) * (1.0 if facts["better"] == "lower" else -1.0)


@pytest.mark.parametrize("metric", NAMES)
def test_declares_what_people_need(metric: str) -> None:
    entry = find("metric", metric)
    facts = entry.facts
    assert facts["asks"] in list(Question)
    assert facts["better"] in ("lower", "higher", "nearer")
    assert (facts["better"] == "nearer") <= (facts["ideal"] is not None)
    assert facts["range"][0] < facts["range"][1]
    assert set(facts["needs"]) <= {"holdout", "survival", "target", "guarantee"}
    assert facts["title"][0].isupper()
    assert entry.thing.__name__ == metric


@pytest.mark.parametrize("metric", NAMES)
def test_fresh_persons_score_as_real(metric: str) -> None:
    fresh, real = np.array(values(metric, "fresh")), np.array(values(metric, "real"))
    assert len(fresh) == len(real), "a metric applies to both or to neither"
    check(metric, ask(metric, scenario("fresh", 0)))
    if len(fresh):
        noise = math.sqrt((fresh.var(ddof=1) + real.var(ddof=1)) / DRAWS)
        assert abs(fresh.mean() - real.mean()) <= 4 * noise + 0.04


@pytest.mark.parametrize(
    "metric",
    [
        name
        for name in NAMES
        if find("metric", name).facts["asks"] in (Question.JOINT, Question.UTILITY) and name not in BLIND_TO_SHUFFLING
    ],
)
def test_shuffled_columns_are_detected(metric: str) -> None:
    good = worseness(metric, values(metric, "fresh") + values(metric, "real"))
    bad = worseness(metric, values(metric, "shuffled", 2))
    assert bad.min() > good.max()


@pytest.mark.parametrize("metric", [n for n in NAMES if find("metric", n).facts["asks"] is Question.MARGINALS])
def test_marginals_do_not_see_a_shuffle(metric: str) -> None:
    good = worseness(metric, values(metric, "fresh") + values(metric, "real"))
    assert worseness(metric, values(metric, "shuffled", 2)).max() <= good.max()


@pytest.mark.parametrize(
    "metric", [n for n in NAMES if find("metric", n).facts["asks"] in (Question.PRIVACY, Question.COPIES)]
)
def test_copies_are_caught(metric: str) -> None:
    good = worseness(metric, values(metric, "fresh") + values(metric, "real"))
    copied = worseness(metric, values(metric, "copied", 1))
    if len(copied):
        assert copied.min() > good.max()
    else:
        assert not len(good), "a metric that applies to real persons applies to copies"


@pytest.mark.parametrize("metric", NAMES)
def test_a_seed_repeats_exactly(metric: str) -> None:
    again = compare(population(ROWS, 10))
    assert ask(metric, again, seed=7) == ask(metric, compare(population(ROWS, 10)), seed=7)


@pytest.mark.parametrize("metric", NAMES)
def test_the_order_of_rows_does_not_matter(metric: str) -> None:
    """A sorted table must not look better or worse: cross-validation shuffles first."""
    before, after = values(metric, "fresh"), ask(metric, _sorted_pair())
    assert (after is None) == (not before)
    if after is not None:
        assert abs(after.value - before[0]) <= 4 * np.std(before, ddof=1) + 0.05


@functools.cache
def _sorted_pair() -> Comparison:
    ordered = [table.take(np.lexsort((table.numeric("age"), table.codes("stage")[0]))) for table in tables()]
    synthetic = population(ROWS, 10)
    synthetic = synthetic.take(np.lexsort((-synthetic.numeric("days"), synthetic.codes("site")[0])))
    return compare(synthetic, real=ordered[0], holdout=ordered[1])


def _with(table: Table, **columns: pa.Array) -> Table:
    changed = table.arrow
    for name, values_ in columns.items():
        changed = changed.set_column(changed.column_names.index(name), name, values_)
    return Table(changed, table.schema)


def _constant(table: Table) -> Table:
    n = len(table)
    return _with(table, age=pa.array([60] * n), sex=pa.array(["female"] * n), outcome=pa.array([True] * n))


def _all_missing(table: Table) -> Table:
    n = len(table)
    return _with(table, bmi=pa.nulls(n, pa.float64()), site=pa.nulls(n, pa.string()), outcome=pa.nulls(n, pa.bool_()))


def _many_levels(table: Table) -> Table:
    rng = np.random.default_rng(len(table))
    return _with(table, site=pa.array([f"code {code}" for code in rng.integers(0, 1000, len(table))]))


@functools.cache
def degenerate(name: str) -> Comparison:
    real, held = tables()
    synthetic = population(ROWS, 10)
    one = np.array([0])
    return {
        "one synthetic row": lambda: compare(synthetic.take(one)),
        "one real row": lambda: compare(synthetic, real=real.take(one)),
        "one held-out row": lambda: compare(synthetic, holdout=held.take(one)),
        "one row each": lambda: compare(synthetic.take(one), real=real.take(one), holdout=held.take(one)),
        "constant columns": lambda: compare(_constant(synthetic), real=_constant(real), holdout=_constant(held)),
        "constant in synthetic": lambda: compare(_constant(synthetic)),
        "missing columns": lambda: compare(
            _all_missing(synthetic), real=_all_missing(real), holdout=_all_missing(held)
        ),
        "missing in synthetic": lambda: compare(_all_missing(synthetic)),
        "thousand levels": lambda: compare(
            _many_levels(synthetic), real=_many_levels(real), holdout=_many_levels(held)
        ),
    }[name]()


@pytest.mark.parametrize("metric", NAMES)
@pytest.mark.parametrize(
    "case",
    [
        "one synthetic row",
        "one real row",
        "one held-out row",
        "one row each",
        "constant columns",
        "constant in synthetic",
        "missing columns",
        "missing in synthetic",
        "thousand levels",
    ],
)
def test_degenerate_tables_give_a_number_or_a_reason(case: str, metric: str) -> None:
    check(metric, ask(metric, degenerate(case)))
