"""A made-up release to show: about fifty findings, every plot, and names that a careless page would stumble over."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from cohortium.records import (
    Column,
    Evidence,
    Finding,
    FunctionalDependency,
    Guarantee,
    Inequality,
    Kind,
    Question,
    Role,
    Schema,
    Score,
    Status,
)

HOSTILE = "<script>alert('Größe')</script> & \"mehr\" | #panic()"
LONG = "Linksventrikuläre Ejektionsfraktion nach Simpson, biplan, bei Aufnahme"


@dataclass(frozen=True)
class Decided:
    verdict: str
    policy: str
    reasons: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    override_reason: str = ""


class Release(NamedTuple):
    evidence: Evidence
    decision: Decided
    schema: Schema


_COLUMNS = (
    ("Alter bei Aufnahme", Kind.INTEGER, "Jahre", (Role.QUASI_IDENTIFIER,)),
    ("Geschlecht", Kind.CATEGORICAL, None, (Role.QUASI_IDENTIFIER,)),
    ("Brustschmerztyp", Kind.CATEGORICAL, None, ()),
    ("Ruheblutdruck (systolisch)", Kind.CONTINUOUS, "mmHg", ()),
    ("Serumcholesterin", Kind.CONTINUOUS, "mg/dl", ()),
    ("Nüchternblutzucker über 120 mg/dl", Kind.BOOLEAN, None, ()),
    (LONG, Kind.CONTINUOUS, "%", (Role.SENSITIVE,)),
    ("Maximale Herzfrequenz unter Belastung", Kind.CONTINUOUS, "1/min", ()),
    (HOSTILE, Kind.CONTINUOUS, None, ()),
    ("oldpeak", Kind.CONTINUOUS, "mm", ()),
    ("Aufnahmedatum", Kind.DATE, None, ()),
    ("Hauptdiagnose (ICD-10)", Kind.CATEGORICAL, None, (Role.SENSITIVE,)),
    ("Beobachtungszeit", Kind.DURATION, "days", (Role.TIME,)),
    ("verstorben", Kind.BOOLEAN, None, (Role.EVENT,)),
    ("Klinik", Kind.CATEGORICAL, None, (Role.SITE,)),
)  # fmt: skip

_LEVELS: dict[str, tuple[str, ...]] = {
    "Geschlecht": ("männlich", "weiblich"),
    "Brustschmerztyp": ("typische Angina", "atypische Angina", "nicht-anginöser Schmerz", "asymptomatisch"),
    "Hauptdiagnose (ICD-10)": ("I20", "I21", "I25.1", "I25.5", "I35", "I42", "I48", "I50", "Q21", "Z95"),
    "Klinik": ("Cleveland", "Budapest", "Zürich/Basel", "Long Beach"),
}


def _schema(width: int) -> Schema:
    columns = [Column(name, kind, frozenset(roles), unit) for name, kind, unit, roles in _COLUMNS]
    columns += [
        Column(f"Laborwert {number:03d} (Methode {'ABC'[number % 3]})", Kind.CONTINUOUS) for number in range(width - 15)
    ]
    rules = (
        Inequality("oldpeak", "<=", "Ruheblutdruck (systolisch)"),
        FunctionalDependency("Hauptdiagnose (ICD-10)", "Brustschmerztyp"),
    )
    return Schema(tuple(columns), rules, "Herzkatheter-Register von vier Kliniken")


def _marginals(schema: Schema, rng: np.random.Generator, noise: float) -> dict[str, Any]:
    panels: dict[str, Any] = {}
    for column in schema.columns:
        missing = [round(float(rng.choice([0, 0, 0.03, 0.2])), 3)] * 2
        missing[1] = max(0.0, round(missing[0] + 0.004, 3)) if missing[0] else 0.0
        if column.kind.is_nominal:
            labels = _LEVELS.get(column.name, ("nein", "ja"))
            real = rng.dirichlet(np.full(len(labels), 2.0))
            synthetic = rng.dirichlet(300 / (1 + 20 * noise) * real + 1)
            panel = {"kind": "nominal", "labels": list(labels)}
        else:
            edges = np.linspace(
                *((14000, 19000) if column.kind is Kind.DATE else (rng.uniform(0, 50), rng.uniform(80, 250))), 21
            )
            centre = np.linspace(-2.4, 2.4, 20) + rng.normal(0, 0.6)
            real = np.exp(-(centre**2) / 2) * (1 + 0.4 * rng.random(20))
            synthetic = real * np.exp(rng.normal(0, 0.05 + noise, 20))
            panel = {"kind": "numeric", "edges": edges.round(1).tolist()}
        panel |= {
            "real": np.round(real / real.sum(), 4).tolist(),
            "synthetic": np.round(synthetic / synthetic.sum(), 4).tolist(),
        }
        panels[column.name] = panel | {"missing": missing, "score": 0.98}
    return panels


def _correlations(schema: Schema, rng: np.random.Generator, noise: float) -> dict[str, Any]:
    names = [column.name for column in schema.modelled]
    loadings = rng.normal(0, 0.7, (len(names), 3))
    covariance = loadings @ loadings.T + np.diag(rng.uniform(0.3, 1.2, len(names)))
    spread = np.sqrt(np.diag(covariance))
    real = covariance / np.outer(spread, spread)
    wobble = rng.normal(0, 0.02 + noise / 4, real.shape)
    synthetic = np.clip(real + (wobble + wobble.T) / 2, -1, 1)
    np.fill_diagonal(synthetic, 1)
    return {"names": names, "real": real.round(3).tolist(), "synthetic": synthetic.round(3).tolist()}


def _pca(rng: np.random.Generator, noise: float) -> dict[str, Any]:
    clouds = []
    for shift in (0.0, noise):
        cluster = rng.random(3000) < 0.35
        x = rng.normal(-1.2 + shift, 0.9, 3000) + 3.2 * cluster
        y = 0.4 * x + rng.normal(0, 0.9, 3000) - 1.5 * cluster
        clouds.append((x, y))
    edges = np.linspace(-5, 6, 31), np.linspace(-5, 4, 31)
    real, synthetic = (np.histogram2d(x, y, bins=edges)[0] / 3000 for x, y in clouds)
    return {
        "x": edges[0].round(3).tolist(),
        "y": edges[1].round(3).tolist(),
        "real": real.tolist(),
        "synthetic": synthetic.tolist(),
        "explained": [0.284, 0.131],
    }


def _survival(noise: float) -> dict[str, Any]:
    time = np.arange(0, 3650, 12.0)
    curves: dict[str, Any] = {"unit": "days"}
    for name, rate, n in (("real", 2.1e-4, 460), ("synthetic", 2.1e-4 / (1 + noise), 920), ("holdout", 2.16e-4, 460)):
        share = np.exp(-rate * time - 2e-8 * time**2)
        width = 1.96 * np.sqrt(share * (1 - share) / n)
        curves[name] = {
            "time": time.tolist(),
            "survival": share.round(4).tolist(),
            "low": (share - width).round(4).tolist(),
            "high": (share + width).round(4).tolist(),
        }
    return curves


def _roc(noise: float) -> dict[str, Any]:
    fpr = np.concatenate([np.linspace(0, 0.05, 51), np.linspace(0.06, 1, 95)])
    bends = {
        "Membership, attacker knows the population": 0.03 + noise / 3,
        "Membership, informed insider": 0.04 + noise / 4,
        "Membership of the most unusual tenth": 0.09 + noise / 2,
    }
    return {
        name: {"fpr": fpr.round(4).tolist(), "tpr": (fpr ** (1 - bend)).round(4).tolist()}
        for name, bend in bends.items()
    }


def _subgroups(rng: np.random.Generator) -> list[dict[str, Any]]:
    groups = []
    for column in ("Geschlecht", "Klinik", "Hauptdiagnose (ICD-10)"):
        shares = rng.dirichlet(np.full(len(_LEVELS[column]), 3.0))
        for level, share in zip(_LEVELS[column], shares, strict=True):
            scarce = share < 0.05
            groups.append(
                {
                    "column": column,
                    "level": level,
                    "share_real": float(share),
                    "share_synthetic": float(share * rng.uniform(0.9, 1.1)),
                    "trend": float(rng.uniform(0.92, 0.98)),
                    "tstr_gap": None if scarce else float(rng.normal(0.008, 0.01)),
                    "mia": None if scarce else float(rng.uniform(0.49, 0.54)),
                }
            )
    return groups


def _findings(refused: bool) -> tuple[Finding, ...]:
    with (Path(__file__).parent / "findings.csv").open(encoding="utf-8", newline="") as lines:
        return tuple(_finding(row, refused) for row in csv.DictReader(lines, delimiter=";"))


def _finding(row: dict[str, str], refused: bool) -> Finding:
    question = Question(row["question"])
    if row["reason"]:
        return Finding(
            row["metric"], question, row["title"], None, row["better"], Status.NOT_APPLICABLE, reason=row["reason"]
        )
    is_broken = refused and bool(row["broken_value"])
    value, half = (float(row[("broken_" if is_broken else "") + name]) for name in ("value", "half_width"))
    reference = float(row["reference"]) if row["reference"] else None
    score = Score(value, value - half, value + half, 920, reference)
    status = Status.FAIL if is_broken else Status.PASS if row["limit"] else Status.INFORMATIVE
    advice = row["advice"] if is_broken else ""
    return Finding(row["metric"], question, row["title"], score, row["better"], status, row["limit"], advice=advice)


def make_release(width: int = 15, verdict: str = "released", formal: bool = False) -> Release:
    rng = np.random.default_rng(7)
    refused = verdict != "released"
    noise = 0.25 if refused else 0.03
    schema = _schema(width)
    names = [column.name for column in schema.columns]
    gains = np.sort(rng.dirichlet(np.full(8, 0.8)))[::-1]
    plots = {
        "marginals": _marginals(schema, rng, noise),
        "correlations": _correlations(schema, rng, noise),
        "pca": _pca(rng, noise),
        "survival": _survival(noise),
        "roc": _roc(noise),
        "subgroups": _subgroups(rng),
        "gives_away": [{"column": name, "gain": float(gain)} for name, gain in zip(names[3:11], gains, strict=True)],
    }
    facts = {
        "persons_real": 460,
        "persons_holdout": 460,
        "rows_synthetic": 920,
        "columns": width,
        "method": "sequential trees, smallest leaf 20 persons",
        "seed": 20261123,
        "time": "2026-11-23T14:05:00+01:00",
        "version": "0.1.0",
        "machine": "2 cores, 8 GB",
        "permit": "FDZ-2026-0417 (Herzinsuffizienz)",
        "source_digest": "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "digests": {
            "twin.parquet": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
            "twin.csv": "fd61a03af4f77d870fc21e05e7e80678095c92d808cfb3b5c279ee04c74aca13",
        },
    }
    decision = Decided(verdict, "standard, fewer than 1,000 persons")
    if refused:
        decision = Decided(
            verdict,
            "standard, fewer than 1,000 persons",
            reasons=(
                "Membership, attacker knows the population (AUC): 0.571 [0.556 to 0.586]; the policy asks for ≤ 0.53.",
                "Members found at 1 % false accusations: 0.046 [0.037 to 0.055]; the policy asks for ≤ 0.025.",
            ),
            limits=("Real or synthetic? (boosted trees): 0.713 [0.699 to 0.727]; the policy asks for ≤ 0.65.",),
            advice=("Raise the smallest leaf to 40 persons.", "Or choose a method with differential privacy."),
            override_reason="Only for the staff of the registry, until 31 March." if "override" in verdict else "",
        )
    guarantee = Guarantee(1.0, 1e-6, "patient", "zero-concentrated differential privacy") if formal else Guarantee()
    return Release(Evidence(facts, _findings(refused), guarantee, plots), decision, schema)


@pytest.fixture(scope="session")
def released() -> Release:
    return make_release()


@pytest.fixture(scope="session")
def refused() -> Release:
    return make_release(verdict="refused")


@pytest.fixture(scope="session")
def overridden() -> Release:
    return make_release(verdict="released by override", formal=True)


@pytest.fixture(scope="session")
def wide() -> Release:
    return make_release(width=200)
