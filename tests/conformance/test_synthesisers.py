"""Every registered synthesiser against one suite."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tests.tables import heart, mixed

from cohortium.errors import CohortiumError, NotApplicable
from cohortium.records import Column, Kind, Role, Schema, Table, parse_condition
from cohortium.registry import entries
from cohortium.synthesise import load_model, save_model
from cohortium.synthesise.protocol import Parts

METHODS = [entry.name for entry in entries("synthesiser")]
FORMAL = {entry.name for entry in entries("synthesiser") if entry.facts["guarantee"] != "none"}


def fit(method: str, table: Table, seed: int = 0):
    made = next(entry.thing for entry in entries("synthesiser") if entry.name == method)
    return made().fit(table, rng=np.random.default_rng(seed))


@pytest.fixture(scope="module", params=METHODS)
def fitted(request: pytest.FixtureRequest):
    return fit(request.param, mixed(1200))


def test_there_is_a_family() -> None:
    assert {"sequential_trees", "copula_mixture", "private_marginals", "independent_columns"} <= set(METHODS)


def test_schema_is_kept(fitted) -> None:
    real, twin = mixed(1200), fitted.sample(500, rng=np.random.default_rng(0))
    assert twin.schema.names == real.schema.names
    assert [c.kind for c in twin.schema.columns] == [c.kind for c in real.schema.columns]
    assert twin.arrow.schema.types == real.arrow.schema.types
    assert len(twin) == 500
    assert set(twin.to_pandas().sex.dropna()) <= {"F", "M"}
    assert twin.to_pandas().age.dropna().between(18, 99).all()


def test_seed_repeats_a_sample(fitted) -> None:
    one, two, other = (fitted.sample(300, rng=np.random.default_rng(seed)) for seed in (4, 4, 5))
    assert one == two
    assert one != other


def test_model_file_round_trips(fitted, tmp_path: Path) -> None:
    path = save_model(fitted, tmp_path / "m.cohortium", facts={"verdict": "released"})
    again, facts = load_model(path)
    assert facts == {"verdict": "released"}
    assert again.schema == fitted.schema
    assert again.guarantee == fitted.guarantee
    assert again.notes == fitted.notes
    draws = [model.sample(400, rng=np.random.default_rng(1)) for model in (fitted, again)]
    assert draws[0] == draws[1]


def test_parts_hold_plain_data_only(fitted) -> None:
    parts: Parts = fitted.parts()
    assert all(array.dtype.kind in "biuf" for array in parts.arrays.values())


def test_rare_level_does_not_come_back(fitted) -> None:
    assert "rare ward" not in set(fitted.sample(4000, rng=np.random.default_rng(2)).to_pandas().ward)


def test_condition_holds_in_every_row(fitted) -> None:
    condition = parse_condition("sex = F and age >= 60", fitted.schema)
    twin = fitted.sample(200, rng=np.random.default_rng(3), where=condition)
    assert len(twin) == 200
    assert condition.holds(twin).all()


def test_progress_ends_at_one() -> None:
    for method in METHODS:
        shares: list[float] = []
        made = next(entry.thing for entry in entries("synthesiser") if entry.name == method)
        made().fit(
            mixed(300), rng=np.random.default_rng(0), progress=lambda _doing, share, seen=shares: seen.append(share)
        )
        assert shares, method
        assert shares[-1] == pytest.approx(1.0), method
        assert all(0 <= share <= 1 for share in shares), method


def _odd(n: int = 200) -> Table:
    rng = np.random.default_rng(0)
    arrow = pa.table(
        {
            "constant": np.ones(n),
            "empty": pa.nulls(n, pa.float64()),
            "nameless": pa.nulls(n, pa.string()),
            "many": [f"level {number}" for number in rng.integers(0, 1000, n)],
            "value": rng.normal(size=n),
            "flag": rng.random(n) < 0.5,
            "key": [str(number) for number in range(n)],
            "note": ["free text"] * n,
        }
    )
    kinds = [
        Kind.CONTINUOUS, Kind.CONTINUOUS, Kind.CATEGORICAL, Kind.CATEGORICAL,
        Kind.CONTINUOUS, Kind.BOOLEAN, Kind.IDENTIFIER, Kind.TEXT,
    ]  # fmt: skip
    roles = [frozenset({Role.PERSON_KEY}) if name == "key" else frozenset() for name in arrow.column_names]
    columns = (Column(n, k, r) for n, k, r in zip(arrow.column_names, kinds, roles, strict=True))
    return Table(arrow, Schema(tuple(columns)))


@pytest.mark.parametrize("method", METHODS)
def test_odd_columns_come_back_sane(method: str) -> None:
    twin = fit(method, _odd()).sample(100, rng=np.random.default_rng(0)).to_pandas()
    assert "key" not in twin
    assert "note" not in twin
    assert set(twin.constant.dropna().round(6)) <= {1.0} or method in FORMAL
    assert twin["empty"].isna().all() or method in FORMAL
    assert twin.value.notna().mean() > 0.9
    made = set(twin["many"].dropna())
    assert len(made) < 100, "a thousand levels of a few persons each must not come back"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("rows", [0, 1, 5])
def test_a_handful_of_rows_is_refused_or_sane(method: str, rows: int) -> None:
    table = mixed(40).take(np.arange(rows))
    try:
        fitted = fit(method, table)
    except NotApplicable as reason:
        assert any(character.isdigit() for character in str(reason)), "the message says how many are needed"
        return
    assert len(fitted.sample(10, rng=np.random.default_rng(0))) == 10


@pytest.mark.parametrize("method", METHODS)
def test_nothing_to_model_is_said(method: str) -> None:
    table = _odd().select(["key", "note"])
    with pytest.raises(CohortiumError):
        fit(method, table)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.slow
def test_two_hundred_columns(method: str) -> None:
    rng = np.random.default_rng(0)
    base = rng.normal(size=(150, 5))
    values = base @ rng.normal(size=(5, 200)) + rng.normal(size=(150, 200))
    names = [f"marker {number}" for number in range(200)]
    schema = Schema(tuple(Column(name, Kind.CONTINUOUS, decimals=3) for name in names))
    table = Table(pa.table(dict(zip(names, values.T, strict=True))), schema)
    twin = fit(method, table).sample(150, rng=rng)
    assert len(twin) == 150
    assert np.isfinite(twin.numeric("marker 0")).mean() > 0.9


@pytest.mark.parametrize("method", sorted(set(METHODS) - FORMAL - {"independent_columns"}))
def test_a_real_table_keeps_its_shape(method: str) -> None:
    real = heart()
    twin = fit(method, real).sample(920, rng=np.random.default_rng(0)).to_pandas()
    truth = real.to_pandas()
    sick = [frame.exang[frame.num != "0"].astype(float).mean() - frame.exang[frame.num == "0"].astype(float).mean()
            for frame in (truth, twin)]  # fmt: skip
    assert abs(sick[0] - sick[1]) < 0.15
    assert abs(truth.chol.isna().mean() - twin.chol.isna().mean()) < 0.05
