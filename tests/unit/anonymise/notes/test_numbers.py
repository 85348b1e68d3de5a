from __future__ import annotations

import pytest

from cohortium.anonymise.notes.recognisers import checksums, recognised


@pytest.mark.parametrize(
    ("check", "right"),
    [
        (checksums.is_dni, "12345678Z"),
        (checksums.is_dni, "X1234567L"),
        (checksums.is_nass, "281234567840"),
        (checksums.is_nhs, "9434765919"),
        (checksums.is_nir, "255081416802538"),
        (checksums.is_codice_fiscale, "RSSMRA85T10A562S"),
        (checksums.is_bsn, "111222333"),
        (checksums.is_iban, "DE89370400440532013000"),
        (checksums.is_luhn, "4111111111111111"),
        (checksums.is_kvnr, "A123456780"),
    ],
)
def test_published_examples_pass_and_any_changed_digit_fails(check: object, right: str) -> None:
    assert callable(check)
    assert check(right)
    place = next(place for place in range(len(right) - 2, 0, -1) if right[place].isdecimal())
    wrong = right[:place] + str((int(right[place]) + 1) % 10) + right[place + 1 :]
    assert not check(wrong)


@pytest.mark.parametrize(
    ("code", "text", "what"),
    [
        ("es", "DNI: 12.345.678-Z.", "12.345.678-Z"),
        ("es", "NHC: 368503. NASS: 26 63514095.", "368503"),
        ("en", "NHS No 943 476 5919 seen", "943 476 5919"),
        ("en", "MRN: A-12345, SSN 123-45-6789", "123-45-6789"),
        ("en", "mail john.o_neil+x@nhs.example.uk or", "john.o_neil+x@nhs.example.uk"),
        ("en", "Call (555) 123-4567.", "(555) 123-4567"),
        ("fr", "NIR 2 55 08 14 168 025 38", "2 55 08 14 168 025 38"),
        ("fr", "Tél : 01 42 16 00 00", "01 42 16 00 00"),
        ("de", "KVNR A123456780, Tel. 089/123456", "089/123456"),
        ("it", "c.f. RSSMRA85T10A562S", "RSSMRA85T10A562S"),
        ("nl", "BSN 111222333, tel 030-1234567", "111222333"),
        ("nl", "woont op Kerkstraat 12a, 1234 AB Utrecht", "1234 AB"),
        ("de", "wohnhaft Lindenstraße 12a, 80331 München", "Lindenstraße 12a"),
        ("fr", "12 bis rue du Général de Gaulle, 75013 Paris", "12 bis rue du Général de Gaulle"),
        ("en", "of 12 Orchard Lane, York YO1 7HH", "YO1 7HH"),
        ("it", "residente in Via Giuseppe Garibaldi 12, Milano", "Via Giuseppe Garibaldi 12"),
    ],
)
def test_the_rules_find(code: str, text: str, what: str) -> None:
    assert what in {text[span.start : span.end].strip(" ,.") for span in recognised(text, code)}


def test_the_letter_of_a_false_number_gives_it_away() -> None:
    assert not [span for span in recognised("valor 12345678A normal", "es") if span.rule == "DNI"]
