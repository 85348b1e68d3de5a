from __future__ import annotations

from datetime import date, timedelta

import pytest

from cohortium.anonymise.notes.recognisers.dates import dates, read_date

WRITTEN = [
    ("es", "3 de mayo del 2012", date(2012, 5, 3)),
    ("es", "05/06/98", date(1998, 6, 5)),
    ("es", "1.2.2004", date(2004, 2, 1)),
    ("en", "May 5, 2020", date(2020, 5, 5)),
    ("en", "12-JAN-2019", date(2019, 1, 12)),
    ("en", "3rd of May 2020", date(2020, 5, 3)),
    ("en", "05/12/20", date(2020, 5, 12)),
    ("en", "2020-02-29", date(2020, 2, 29)),
    ("fr", "1er mars 1950", date(1950, 3, 1)),
    ("fr", "15 août 2013", date(2013, 8, 15)),
    ("de", "3. März 1950", date(1950, 3, 3)),
    ("de", "03.04.1950", date(1950, 4, 3)),
    ("it", "3 marzo 2020", date(2020, 3, 3)),
    ("nl", "3 mrt 2020", date(2020, 3, 3)),
    ("nl", "03-04-1950", date(1950, 4, 3)),
]


@pytest.mark.parametrize(("code", "text", "day"), WRITTEN)
def test_a_written_date_is_found_read_and_shifted_in_its_own_form(code: str, text: str, day: date) -> None:
    note = f"Visto x {text}, bien."
    assert any(note[span.start : span.end] == text for span in dates(note, code))
    written = read_date(text, code)
    assert written is not None
    assert written.exact() == day
    for days in (-364, -1, 40, 365):
        moved = read_date(written.shifted(days, code), code)
        assert moved is not None
        assert moved.exact() == day + timedelta(days=days)


@pytest.mark.parametrize(
    ("code", "text", "days", "new"),
    [
        ("en", "3rd of May 2020", 19, "22nd of May 2020"),
        ("en", "2020", 40, "2020"),
        ("en", "25/12/2020", 40, "03/02/2021"),
        ("en", "March 2020", 40, "April 2020"),
        ("es", "lunes 3 de mayo de 2012", 1, "viernes 4 de mayo de 2012"),
        ("es", "ENERO DE 2010", 31, "FEBRERO DE 2010"),
        ("de", "3.4.50", 10, "13.4.50"),
        ("fr", "1er mars 1950", 1, "2 mars 1950"),
    ],
)
def test_the_form_stays(code: str, text: str, days: int, new: str) -> None:
    written = read_date(text, code)
    assert written is not None
    assert written.shifted(days, code) == new


@pytest.mark.parametrize("text", ["120/80", "L4-L5", "pH 7.35", "2.5 mg", "34.5.2020.1", "T2N0M0", "1/2", "99/99/2020"])
def test_measurements_are_no_sure_dates(text: str) -> None:
    assert not [span for span in dates(f"Value {text} seen", "en") if span.score >= 0.5]
