"""PostgreSQL, against a real server."""

from __future__ import annotations

import sys
from datetime import datetime
from urllib.parse import urlsplit

import pytest
from adbc_driver_postgresql import dbapi

from cohortium.errors import InvalidRequest, MissingExtra, SourceUnreadable
from cohortium.records import Kind, Role
from cohortium.sources import Options, conform, infer_schema, open_large, read_raw, schema_path_for

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def hospital(postgres_url: str) -> str:
    """Address of a database with two schemas and a table of each awkward type."""
    statements = """
        CREATE SCHEMA lab;
        CREATE TABLE public.visits (
            patient_id int, sex char(1), weight_kg numeric(6,2), admitted timestamptz, born date, smoker boolean,
            note text, score real, code uuid, ward varchar(10)
        );
        INSERT INTO public.visits SELECT i / 2, CASE WHEN i % 4 < 2 THEN 'm' ELSE 'f' END, 60 + i * 0.25,
            TIMESTAMPTZ '2024-01-01 08:00:00+02' + i * INTERVAL '1 hour', DATE '1950-01-01' + i, i % 3 = 0,
            CASE WHEN i % 10 = 0 THEN NULL ELSE 'seen' END, i * 0.5, gen_random_uuid(), 'A' || i % 3
            FROM generate_series(0, 199) i;
        CREATE TABLE lab.results (patient_id int, value text);
        INSERT INTO lab.results VALUES (1, '3,5'), (2, 'zwölf');
        CREATE TABLE lab.visits (id int);
    """
    with dbapi.connect(postgres_url) as connection:
        with connection.cursor() as cursor:
            for statement in statements.split(";"):
                if statement.strip():
                    cursor.execute(statement)
        connection.commit()
    return postgres_url


def _with(url: str, **more: str) -> str:
    glue = "&" if urlsplit(url).query else "?"
    return url + glue + "&".join(f"{key}={value}" for key, value in more.items())


def test_types_arrive_with_their_meaning(hospital: str) -> None:
    raw = read_raw(_with(hospital, table="public.visits"))
    schema = infer_schema(raw)
    table = conform(raw, schema)
    assert len(table) == 200
    assert schema["patient_id"].has_role(Role.PERSON_KEY)
    kinds = {name: schema[name].kind for name in ("weight_kg", "admitted", "born", "smoker", "score", "code", "ward")}
    assert kinds == {
        "weight_kg": Kind.CONTINUOUS,
        "admitted": Kind.DATETIME,
        "born": Kind.DATE,
        "smoker": Kind.BOOLEAN,
        "score": Kind.CONTINUOUS,
        "code": Kind.IDENTIFIER,
        "ward": Kind.CATEGORICAL,
    }
    assert table.numeric("weight_kg")[3] == 60.75
    assert schema["weight_kg"].decimals == 2
    assert table.arrow.column("admitted")[0].as_py() == datetime(2024, 1, 1, 6)
    assert table.missing("note").sum() == 20


def test_tables_and_queries_by_option(hospital: str) -> None:
    assert read_raw(hospital, Options(table="lab.results")).column("value").to_pylist() == ["3,5", "zwölf"]
    assert read_raw(hospital, Options(table="results")).num_rows == 2
    assert read_raw(hospital, Options(query="SELECT count(*) AS n FROM visits")).to_pydict() == {"n": [200]}
    assert sum(len(batch) for batch in open_large(hospital, Options(table="public.visits"))) == 200


def test_it_is_asked_which_table_is_meant(hospital: str) -> None:
    for options in (Options(), Options(table="visits"), Options(table="wards")):
        with pytest.raises(InvalidRequest, match=r"lab\.results.*public\.visits"):
            read_raw(hospital, options)


def test_nothing_can_be_written_and_no_cell_gets_into_a_message(hospital: str) -> None:
    with pytest.raises(InvalidRequest, match="25006"):  # read-only SQL transaction
        read_raw(hospital, Options(query="DELETE FROM public.visits RETURNING *"))
    with pytest.raises(InvalidRequest, match="could not be converted") as caught:
        read_raw(hospital, Options(query="SELECT value::int FROM lab.results"))
    assert "zwölf" not in str(caught.value)
    assert "3,5" not in str(caught.value)
    assert read_raw(hospital, Options(query="SELECT count(*) AS n FROM public.visits")).to_pydict() == {"n": [200]}


def test_a_password_is_in_no_message_and_no_name() -> None:
    url = "postgresql://steward:s3cr%40t@127.0.0.1:1/clinic?table=visits"
    with pytest.raises(SourceUnreadable, match=r"postgresql://127\.0\.0\.1/clinic does not answer") as caught:
        read_raw(url)
    shown = str(caught.value) + str(schema_path_for(url)) + repr(caught.value.__context__ and "")
    assert "s3cr" not in shown
    assert schema_path_for(url).name == "clinic.visits.schema.toml"


def test_without_the_driver_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql", None)
    with pytest.raises(MissingExtra, match=r"cohortium\[postgres\]"):
        read_raw("postgresql://localhost/clinic?table=visits")
