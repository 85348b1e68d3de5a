"""Attacks on what comes out of a CDM: nothing of the persons is in its bytes, and it still holds together."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.unit.anonymise.omop.cdm_made import SECRETS, TABLES, cdm

from cohortium.anonymise.omop import Anonymised, KeyedPermutation, Profile, anonymise_cdm, evidence_of, load_profile
from cohortium.anonymise.omop.profile import PROFILES, Treatment
from cohortium.anonymise.pseudonyms import KeyRing
from cohortium.errors import InvalidRecords, InvalidRequest, SourceUnreadable
from cohortium.privacy.policy import load_policy
from cohortium.privacy.release import decide

RING = KeyRing({"1": b"k" * 32}, "1")
TODAY = date(2026, 11, 1)


def changed(profile: str = "eu_research", **changes: Any) -> Profile:
    made = load_profile(profile)
    fields = {name: getattr(made, name) for name in Profile.__dataclass_fields__}
    return Profile(**{**fields, "unknown": "drop", **changes})


def run(source: Path, target: Path, profile: Profile | None = None) -> Anonymised:
    return anonymise_cdm(source, target, profile or changed(), RING, today=TODAY)


def rows(target: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        for path in target.iterdir():
            connection.execute(f"CREATE VIEW {path.stem} AS SELECT * FROM read_parquet('{path}')")
        return connection.execute(query).fetchall()


def everything(target: Path) -> str:
    """All cells of all tables as text, and the names of the files; Parquet's bytes are compressed."""
    with duckdb.connect() as connection:
        texts = [
            str(connection.execute(f"SELECT * FROM read_parquet('{path}')").fetchall()) for path in target.iterdir()
        ]
    return " ".join([*texts, *(path.name for path in target.iterdir())]).lower()


@pytest.mark.parametrize("profile", PROFILES)
def test_nothing_of_the_persons_is_left(tmp_path: Path, profile: str) -> None:
    treatment = changed(profile)
    made = run(cdm(tmp_path / "in"), tmp_path / "out", treatment)
    text = everything(tmp_path / "out")
    assert [secret for secret in SECRETS if secret in text] == []
    assert not {"1001", "1002", "1003", "9001", "501"} & set(text.replace("(", " ").replace(",", " ").split())
    _, decision = decide(evidence_of(made, treatment, "x"), load_policy(shipped="omop"))
    assert decision.verdict == "released"
    # The person born in 1920 shares one year with all who are over 89.
    assert rows(tmp_path / "out", "SELECT min(year_of_birth) FROM person") == [(1936,)]


def test_keys_are_permuted_alike_in_every_table(tmp_path: Path) -> None:
    made = run(cdm(tmp_path / "in"), tmp_path / "out")
    persons = {row[0] for row in rows(tmp_path / "out", "SELECT person_id FROM person")}
    assert len(persons) == 3
    assert max(persons) < 1 << 31
    joined = rows(
        tmp_path / "out",
        "SELECT count(*) FROM measurement m JOIN visit_occurrence v USING (visit_occurrence_id, person_id)",
    )
    assert joined == [(2,)]
    assert rows(tmp_path / "out", "SELECT count(*) FROM visit_occurrence a JOIN visit_occurrence b "
                                  "ON a.preceding_visit_occurrence_id = b.visit_occurrence_id") == [(1,)]  # fmt: skip
    assert made.audit.orphans["measurement.visit_occurrence_id"] == (1, 1)  # visit 999 was never there
    assert all(before == after for before, after in made.audit.orphans.values())


def test_facts_go_on_fitting_and_families_do_not_leave(tmp_path: Path) -> None:
    run(cdm(tmp_path / "in"), tmp_path / "out")
    query = (
        "SELECT count(*) FROM fact_relationship f JOIN measurement m ON f.fact_id_1 = m.measurement_id "
        "JOIN visit_occurrence v ON f.fact_id_2 = v.visit_occurrence_id"
    )
    assert rows(tmp_path / "out", query) == [(1,)]
    assert rows(tmp_path / "out", "SELECT count(*) FROM fact_relationship") == [(1,)]


def test_dates_move_per_person_and_times_stay(tmp_path: Path) -> None:
    made = run(cdm(tmp_path / "in"), tmp_path / "out")
    days = RING.shift_days("1001")
    length, time = "visit_end_date - visit_start_date", "strftime(visit_start_datetime, '%H:%M')"
    query = f"SELECT visit_start_date, {length}, {time} FROM visit_occurrence"
    expected = {(date(2021, 6, 14), 6, "07:00"), (date(2021, 8, 1), 0, "09:15")}
    moved = {
        (date.fromordinal(start.toordinal() - days), length, time)
        for start, length, time in rows(tmp_path / "out", query)
    }
    assert expected <= moved
    assert (made.audit.moved_persons, made.audit.torn_persons) == (3, 0)


def test_safe_harbour_leaves_years(tmp_path: Path) -> None:
    run(cdm(tmp_path / "in"), tmp_path / "out", changed("safe_harbour"))
    dates = rows(tmp_path / "out", "SELECT DISTINCT measurement_date FROM measurement ORDER BY 1")
    assert dates == [(date(2020, 1, 1),), (date(2021, 1, 1),)]
    assert rows(tmp_path / "out", "SELECT state, zip, city FROM location") == [("RP", "55100", None)]


def test_what_the_cdm_does_not_know_does_not_leave(tmp_path: Path) -> None:
    made = run(cdm(tmp_path / "in"), tmp_path / "out")
    assert not any("patients_extra" in path.name.lower() for path in (tmp_path / "out").iterdir())
    assert "hospital_remark" not in str(rows(tmp_path / "out", "DESCRIBE measurement"))
    assert sum("not in the CDM" in remark for remark in made.remarks) == 2
    assert "patients_extra" not in str(made.remarks).lower()
    assert any("1 values of 'measurement.value_as_number' are no number" in remark for remark in made.remarks)
    with pytest.raises(InvalidRecords, match="hospital_remark"):
        run(cdm(tmp_path / "again"), tmp_path / "refused", changed(unknown="refuse"))


def test_rare_concepts_become_0(tmp_path: Path) -> None:
    made = run(cdm(tmp_path / "in"), tmp_path / "out", changed(rare_concepts=2))
    concepts = rows(tmp_path / "out", "SELECT measurement_concept_id FROM measurement ORDER BY 1")
    assert concepts == [(0,), (3000963,), (3000963,)]
    assert made.rare["measurement.measurement_concept_id"] == 1


def test_the_shift_can_follow_the_number_that_other_rooms_use(tmp_path: Path) -> None:
    run(cdm(tmp_path / "in"), tmp_path / "out", changed(person_key="person_source_value", columns={
        "person.person_source_value": Treatment("pseudonym")}))  # fmt: skip
    [(died,)] = rows(tmp_path / "out", "SELECT death_date FROM death")
    assert (died - date(2021, 1, 5)).days == RING.shift_days("MRN-990003")
    names = {row[0] for row in rows(tmp_path / "out", "SELECT person_source_value FROM person")}
    assert RING.pseudonym("patient", "MRN-990003") in names


def test_the_audit_finds_what_a_careless_profile_leaves(tmp_path: Path) -> None:
    kept = {role: Treatment("keep") for role in ("person", "name", "source_value")}
    careless = changed(roles={**load_profile("eu_research").roles, **kept})
    made = run(cdm(tmp_path / "in"), tmp_path / "out", careless)
    judged, decision = decide(evidence_of(made, careless, "x"), load_policy(shipped="omop"))
    assert decision.verdict == "refused"
    assert len(decision.reasons) == 2
    assert made.audit.names_left["person.person_source_value"] == 3
    score = judged.finding("free_text_left").score
    assert score is not None
    assert score.value >= 5


def test_the_audit_finds_dates_that_did_not_move_alike(tmp_path: Path) -> None:
    """A second shift on one table, as a mistake in the SQL would make it."""
    from cohortium.anonymise.omop import audit
    from cohortium.anonymise.omop.keys import offer_pseudonyms
    from cohortium.anonymise.omop.reading import opened

    run(cdm(tmp_path / "in"), tmp_path / "out")
    path = tmp_path / "out" / "death.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"CREATE TABLE d AS SELECT * REPLACE (death_date + 1 AS death_date) FROM read_parquet('{path}')"
        )
        connection.execute(f"COPY d TO '{path}' (FORMAT parquet)")
    with opened(tmp_path / "in", tmp_path) as found:
        offer_pseudonyms(found, RING)
        leaving = {table: columns for table, columns in found.tables.items() if table != "note"}
        assert audit.audited(found, tmp_path / "out", leaving, changed(), 2026).torn_persons == 1


def test_zip_parquet_and_duckdb_give_the_same(tmp_path: Path) -> None:
    folder = cdm(tmp_path / "in")
    run(folder, tmp_path / "out")
    with zipfile.ZipFile(tmp_path / "cdm.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, f"cdm/{path.name}")
        archive.writestr("__MACOSX/._person.csv", b"\0\1")
    with duckdb.connect(str(tmp_path / "cdm.duckdb")) as connection:
        for path in folder.iterdir():
            connection.execute(f"CREATE TABLE {path.stem} AS SELECT * FROM read_csv('{path}', all_varchar = true)")
    for name in ("cdm.zip", "cdm.duckdb"):
        run(tmp_path / name, tmp_path / f"out-{name}")
        assert everything(tmp_path / f"out-{name}") == everything(tmp_path / "out")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("tmp")]  # nothing unzipped is left


def test_large_keys_stay_apart(tmp_path: Path) -> None:
    folder = cdm(tmp_path / "in")
    text = TABLES["visit_occurrence"].replace("501,", f"{(1 << 62) + 5},").replace(",501", f",{(1 << 62) + 5}")
    next(path for path in folder.iterdir() if path.stem.lower() == "visit_occurrence").write_text(text)
    made = run(folder, tmp_path / "out")
    assert any("beyond 2^31" in remark for remark in made.remarks)
    assert rows(
        tmp_path / "out",
        "SELECT count(DISTINCT visit_occurrence_id), min(visit_occurrence_id) > 0 FROM visit_occurrence",
    ) == [(3, True)]


@pytest.mark.parametrize(
    ("name", "text", "error", "message"),
    [
        ("person.csv", "person_id\n-1\n", InvalidRecords, "negative"),
        ("person.csv", "name\nZworykin\n", InvalidRecords, "none of the columns"),
        ("persons.csv", "person_id\n1\n", InvalidRecords, "no table 'person'"),
        ("person.parquet", "no parquet", SourceUnreadable, "person|OMOP"),
    ],
)
def test_bad_tables_are_named(tmp_path: Path, name: str, text: str, error: type[Exception], message: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_text(text)
    with pytest.raises(error, match=message) as caught:
        run(tmp_path / "in", tmp_path / "out")
    assert "Zworykin" not in str(caught.value)


def test_other_sources_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="does not exist"):
        run(tmp_path / "nowhere", tmp_path / "out")
    (tmp_path / "x.zip").write_bytes(b"no zip")
    with pytest.raises(SourceUnreadable, match="zip"):
        run(tmp_path / "x.zip", tmp_path / "out2")
    (tmp_path / "x.txt").write_text("x")
    with pytest.raises(InvalidRequest, match="folder or zip"):
        run(tmp_path / "x.txt", tmp_path / "out3")


def test_the_permutation_is_a_permutation() -> None:
    import numpy as np

    numbers = np.arange(200_000, dtype=np.int64)
    for wide in (False, True):
        permuted = KeyedPermutation(RING, "person", wide=wide)
        made = permuted(numbers)
        assert len(np.unique(made)) == len(numbers)
        assert made.min() >= 0
        assert made.max() < permuted.below
        assert abs(np.corrcoef(numbers, made)[0, 1]) < 0.02
        assert abs(float(made.mean()) / permuted.below - 0.5) < 0.01
        assert (made != KeyedPermutation(RING, "record", wide=wide)(numbers)).mean() > 0.999


@pytest.mark.slow
@pytest.mark.parametrize("source", ["gibleed_parquet", "Synthea27Nj_5.4.zip"])
def test_real_cdms(data_folder: Path, tmp_path: Path, source: str) -> None:
    made = run(data_folder / "omop" / source, tmp_path / "out")
    evidence = evidence_of(made, load_profile("eu_research"), source)
    _, decision = decide(evidence, load_policy(shipped="omop"))
    assert decision.verdict == "released"
    assert decision.limits == ()
    assert made.audit.moved_persons > 25
    assert all(before == after for before, after in made.audit.orphans.values())
