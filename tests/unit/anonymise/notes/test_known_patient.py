"""The attack: identifiers in forms that the record does not have them in must still be found."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from cohortium.anonymise.notes import KnownPatient, identifiers_left
from cohortium.anonymise.notes.known_table import known_patients, meaning
from cohortium.anonymise.notes.recognisers.dates import dates
from cohortium.anonymise.notes.training.invented import Inventor
from cohortium.errors import InvalidRecords, InvalidRequest

PATIENT = KnownPatient(
    names=("José María", "García-López de la Torre", "Rosa"),
    numbers=("NHC-368503", "+34 914 169 700", "12345678Z"),
    dates=(date(1946, 3, 3),),
    addresses=("Calle Miguel Benítez 90, 2º B",),
    mails=("jm.garcia@example.es",),
)


@pytest.mark.parametrize(
    "written",
    [
        "José María García-López de la Torre",
        "GARCIA LOPEZ, JOSE MARIA",
        "garcía lópez",
        "J. M. García López",
        "Garcia-Lopez",
        "Josemaría",
        "Grcía",
        "Garccía",
        "Garzía",
        "Gacría",
        "NHC 368503",
        "NHC368503",
        "NHC-368.503",
        "914169700",
        "914 16 97 00",
        "0034 914 169 700",
        "12.345.678-Z",
        "03/03/1946",
        "3-3-46",
        "03 03 1946",
        "03031946",
        "3 de marzo de 1946",
        "1946-03-03",
        "C/ Miguel Benítez, 90",
        "c/ miguel benitez 90",
        "JM.GARCIA@EXAMPLE.ES",
        "de la Torre",
        "Rosa",
    ],
)
def test_an_identifier_is_found_however_it_is_written(written: str) -> None:
    text = f"Paciente visto ayer, {written}; estable."
    spans = list(PATIENT.find(text, "es", dates(text, "es")))
    hidden = {place for span in spans for place in range(span.start, span.end)}
    start = text.index(written)
    open_places = [
        text[place] for place in range(start, start + len(written)) if text[place].isalnum() and place not in hidden
    ]
    assert "".join(open_places).lower() in ("", "c", "dela", "0034"), open_places


@pytest.mark.parametrize(
    "text", ["lesión de color rosa", "sin cambios", "gracias", "368.5 mg", "el 4 de marzo de 1946", "grasa"]
)
def test_everyday_words_stay(text: str) -> None:
    assert not list(PATIENT.find(text, "es", dates(text, "es")))


def test_a_disease_is_no_patient() -> None:
    patient = KnownPatient(names=("John", "Parkinson"))
    text = "Mr. Parkinson has Parkinson's disease."
    assert [text[span.start : span.end] for span in patient.find(text, "en", ())] == ["Parkinson"]
    assert [span.start for span in patient.find(text, "en", ())] == [4]


@pytest.mark.parametrize("code", ["en", "es", "de", "fr", "it", "nl"])
def test_names_with_one_typing_error_are_found_nearly_always(code: str) -> None:
    rng = np.random.default_rng(5)
    invent, found, tried = Inventor(code, rng), 0, 0
    for _ in range(60):
        person = invent.person()
        word = max(person.surname.replace("-", " ").split(), key=len)
        if len(word) < 6:
            continue
        place = int(rng.integers(1, len(word)))
        wrong = word[:place] + word[place + 1 :] if rng.random() < 0.5 else word[:place] + "q" + word[place + 1 :]
        text = f"Note: {wrong} came back."
        tried += 1
        found += any(span.rule == "known name" for span in KnownPatient(names=(person.surname,)).find(text, code, ()))
    assert tried > 20
    assert found / tried > 0.9


def test_what_is_left_is_counted_by_another_way() -> None:
    assert identifiers_left("Hoy vino GARCÍA.", PATIENT, "es") == 1
    assert identifiers_left("nhc 368 503... NHC-368503", PATIENT, "es") >= 1
    assert identifiers_left("tel 914.169.700, nacido 03.03.1946, 3 de marzo de 1946", PATIENT, "es") >= 2
    assert identifiers_left("una lesión de color rosa", PATIENT, "es") == 0
    assert identifiers_left("Se llama Rosa", PATIENT, "es") == 1


def test_columns_say_what_they_hold() -> None:
    said = {
        "apellidos": "names",
        "Geburtsdatum": "dates",
        "NHC": "numbers",
        "e-mail": "mails",
        "domicilio": "addresses",
        "Telefon": "numbers",
        "date_naissance": "dates",
        "sex": None,
        "diagnosis": None,
    }
    assert {column: meaning(column) for column in said} == said


def test_a_table_of_the_record_becomes_patients() -> None:
    rows = [
        {"patient_id": "A0001", "surname": "Ruiz", "birth_date": "1950-12-31", "sex": "F"},
        {"patient_id": "A0001", "surname": "Ruiz Soto", "birth_date": date(1950, 12, 31), "sex": "F"},
    ]
    one = known_patients(rows, "patient_id", "es").of("A0001")
    assert one is not None
    assert one.names == ("Ruiz", "Ruiz Soto")
    assert one.dates == (date(1950, 12, 31),)
    assert one.numbers == ("A0001",)


def test_a_table_that_says_nothing_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="surname"):
        known_patients([{"patient_id": "1", "sex": "F"}], "patient_id", "es")
    with pytest.raises(InvalidRequest, match="no column"):
        known_patients([{"sex": "F"}], "patient_id", "es")
    with pytest.raises(InvalidRecords, match="birth_date") as caught:
        known_patients([{"patient_id": "1", "birth_date": "Ruiz"}], "patient_id", "es")
    assert "Ruiz" not in str(caught.value)
