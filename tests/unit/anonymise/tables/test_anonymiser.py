from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from cohortium.analyse import over_sites
from cohortium.anonymise.pseudonyms import KeyRing
from cohortium.anonymise.tables import ColumnUse, Recipe, anonymise, evidence_on, load_recipe, plain_recipe
from cohortium.anonymise.tables.building import infer_hierarchies
from cohortium.anonymise.tables.federated import JointAnonymity
from cohortium.anonymise.tables.models import KAnonymity
from cohortium.errors import CohortiumError, InvalidRequest, NotApplicable, SourceUnreadable, TooFewRecords
from cohortium.records import Column, Kind, Role, Schema, Table

SEXES = ("f", "m")


def register(rows: int = 300, seed: int = 0) -> Table:
    rng = np.random.default_rng(seed)
    arrays = {
        "id": pa.array([f"P{row:04d}" for row in range(rows)]),
        "age": pa.array(rng.integers(20, 95, rows)),
        "sex": pa.array(np.array(SEXES)[rng.integers(0, 2, rows)]).dictionary_encode(),
        "born": pa.array(rng.integers(-9000, 9000, rows).astype(np.int32), pa.int32()).cast(pa.date32()),
        "marker": pa.array(rng.normal(size=rows)),
        "illness": pa.array(np.array(["a", "b", "c"])[rng.integers(0, 3, rows)]).dictionary_encode(),
        "remark": pa.array(["seen again"] * rows),
    }
    columns = (
        Column("id", Kind.IDENTIFIER, frozenset({Role.PERSON_KEY})),
        Column("age", Kind.INTEGER, frozenset({Role.QUASI_IDENTIFIER})),
        Column("sex", Kind.CATEGORICAL, frozenset({Role.QUASI_IDENTIFIER})),
        Column("born", Kind.DATE),
        Column("marker", Kind.CONTINUOUS),
        Column("illness", Kind.CATEGORICAL, frozenset({Role.SENSITIVE})),
        Column("remark", Kind.TEXT),
    )
    return Table(pa.table(arrays), Schema(columns, title="register"))


RECIPE = Recipe(
    "register",
    (
        ColumnUse("age", "quasi_identifier"),
        ColumnUse("sex", "quasi_identifier", least=0, most=1),
        ColumnUse("illness", "sensitive"),
        ColumnUse("marker", "keep"),
    ),
    (KAnonymity(5),),
    suppression=0.05,
)
EXACT = replace(RECIPE, columns=(ColumnUse("age", "quasi_identifier", most=0),))


def test_what_leaves_is_anonymous_and_has_only_what_the_recipe_names() -> None:
    done = anonymise(register(), RECIPE)
    assert done.table.schema.names == ("age", "sex", "illness", "marker")
    shown = done.table.arrow.select(["age", "sex"]).to_pylist()
    classes: dict[tuple[str, ...], int] = {}
    for row in shown:
        classes[tuple(row.values())] = classes.get(tuple(row.values()), 0) + 1
    assert min(classes.values()) >= 5
    assert len(done.table) >= 0.95 * 300
    evidence = evidence_on(done, title="register", source="made")
    assert evidence.finding("rows_against_models").score.value == 0  # type: ignore[union-attr]
    assert evidence.finding("smallest_class").score.value == min(classes.values())  # type: ignore[union-attr]
    assert evidence.facts["before"]["unique_persons"] > 0.1


def test_rows_belong_together_and_their_order_tells_nothing() -> None:
    table = register()
    first, second = anonymise(table, RECIPE).table, anonymise(table, RECIPE).table
    by_marker = dict(zip(table.numeric("marker"), table.arrow.column("illness").to_pylist(), strict=True))
    assert all(
        by_marker[marker] == illness
        for marker, illness in zip(first.numeric("marker"), first.arrow.column("illness").to_pylist(), strict=True)
    )
    assert first.numeric("marker").tolist() != second.numeric("marker").tolist()
    assert sorted(first.numeric("marker")) == sorted(second.numeric("marker"))


def test_pseudonyms_and_shifted_dates_follow_from_the_keys() -> None:
    keys, table = KeyRing.generate(), register()
    uses = (*RECIPE.columns, ColumnUse("id", "pseudonym"), ColumnUse("born", "shift_dates"))
    done = anonymise(table, replace(RECIPE, columns=uses), keys=keys)
    before = dict(zip(table.arrow.column("id").to_pylist(), table.numeric("born"), strict=True))
    pseudonyms = {keys.pseudonym("patient", person): person for person in before}
    for pseudonym, born in zip(done.table.arrow.column("id").to_pylist(), done.table.numeric("born"), strict=True):
        person = pseudonyms[pseudonym]
        assert born - before[person] == keys.shift_days(person)
    found = evidence_on(done, title="register", source="made").finding("identifiers_left")
    assert found.score is not None
    assert found.score.value == 0


def test_a_person_key_that_stays_is_counted() -> None:
    done = anonymise(register(), replace(RECIPE, columns=(*RECIPE.columns, ColumnUse("id", "keep"))))
    found = evidence_on(done, title="register", source="made").finding("identifiers_left")
    assert found.score is not None
    assert found.score.value == 1


def test_a_missing_value_is_a_value_of_its_own() -> None:
    table = register()
    ages = table.arrow.column("age").to_pylist()
    ages[::3] = [None] * len(ages[::3])
    arrow = table.arrow.set_column(1, "age", pa.array(ages, pa.int64()))
    done = anonymise(Table(arrow, table.schema), RECIPE)
    assert len(done.table) >= 0.95 * 300


def test_steps_of_the_recipe_come_before_the_search(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text("""
title = "register"
suppression = 0.05

[[transform]]
name = "code_ends"
columns = ["age"]
top = 60

[[transform]]
name = "round"
columns = ["marker"]
base = 0.5

[[column]]
name = "age"
use = "quasi_identifier"
weight = 2

[[column]]
name = "marker"
use = "keep"

[[model]]
name = "k_anonymity"
k = 5
""")
    done = anonymise(register(), load_recipe(path))
    assert set(np.mod(done.table.numeric("marker") * 2, 1)) == {0.0}
    assert "60" in done.question.hierarchies[0].values
    assert "61" not in done.question.hierarchies[0].values


def test_a_joint_answer_is_followed_and_judged_by_all_sites() -> None:
    sites = [register(200, 1), register(80, 2)]
    together = Table(pa.concat_tables([one.arrow for one in sites]).unify_dictionaries(), sites[0].schema)
    levels = {one.column: one.build(together) for one in infer_hierarchies(together, ["age", "sex"])}
    asked = JointAnonymity(("age", "sex"), tuple(levels[name].to_csv() for name in ("age", "sex")), k=10)
    answer = over_sites(asked, sites).tables
    recipe = replace(RECIPE, models=(KAnonymity(10),))
    for site in sites:
        done = anonymise(site, recipe, hierarchies=levels, joint=answer)
        evidence = evidence_on(done, title="part", source="made")
        assert evidence.finding("rows_against_models").score.value == 0  # type: ignore[union-attr]
        assert evidence.finding("smallest_class").score.value >= 10  # type: ignore[union-attr]


def test_without_a_recipe_roles_decide() -> None:
    found = plain_recipe(register(), 5)
    assert {use.name: use.use for use in found.columns} == {
        "id": "drop", "age": "quasi_identifier", "sex": "quasi_identifier", "born": "keep", "marker": "keep",
        "illness": "sensitive", "remark": "drop",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("recipe", "error", "message"),
    [
        (replace(RECIPE, columns=(*RECIPE.columns, ColumnUse("nobody", "keep"))), InvalidRequest, "nobody"),
        (replace(RECIPE, columns=(*RECIPE.columns, ColumnUse("id", "pseudonym"))), InvalidRequest, "--keys"),
        (replace(RECIPE, models=(KAnonymity(301),)), TooFewRecords, "301"),
        (replace(RECIPE, columns=(ColumnUse("age", "quasi_identifier", least=99),)), InvalidRequest, "levels 0 to"),
        (replace(EXACT, suppression=1.0, models=(KAnonymity(250),)), NotApplicable, "Every row"),
        (replace(RECIPE, columns=(ColumnUse("age", "quasi_identifier", hierarchy="no.csv"),)), SourceUnreadable, "no"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said(recipe: Recipe, error: type[CohortiumError], message: str) -> None:
    with pytest.raises(error, match=message):
        anonymise(register(), recipe)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("titel = 'x'", "titel"),
        ("[[column]]\nname = 'age'\nuse = 'guess'", "use"),
        ("[[column]]\nuse = 'keep'", "needs name"),
        ("[[column]]\nname = 'age'\nuse = 'keep'\n[[model]]\nname = 'k_anonymity'\nk = 5", "quasi_identifier"),
        ("[[column]]\nname = 'age'\nuse = 'quasi_identifier'", "no \\[\\[model\\]\\]"),
        ("[[model]]\nname = 'k_anonymity'\nsize = 5", "size"),
        ("[[model]]\nname = 'magic'", "magic"),
        ("[[model]]\nname = 'k_anonymity'\nk = 'five'", "as numbers"),
        ("suppression = 3", "share from 0 to 1"),
        ("[[transform]]\nname = 'blur'\ncolumns = ['age']", "blur"),
        ("[[transform]]\nname = 'round'\ncolumns = ['age']", "missing: \\['base'\\]"),
        ("[[transform]]\nname = 'round'\nbase = 5", "columns"),
        ("title = ", "not TOML"),
    ],
)
def test_mistakes_in_a_recipe_are_named(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    with pytest.raises(InvalidRequest, match=message):
        load_recipe(path)
