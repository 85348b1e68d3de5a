"""The first draft of an entry says what a table holds without saying anything of anybody."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("sqlalchemy", reason="the extra 'govern' is not installed")

from cohortium.errors import InvalidRequest
from cohortium.govern.catalogue import Coverage, EntryKind, form_bytes
from cohortium.govern.catalogue.describing import from_profile
from cohortium.govern.catalogue.label import label_of
from cohortium.govern.catalogue.rounding import rounded
from cohortium.quality import run_checks
from cohortium.records import Column, Kind, Role, Schema, Table

SCHEMA = Schema(
    (
        Column("patient", Kind.IDENTIFIER, frozenset({Role.PERSON_KEY})),
        Column("born", Kind.DATE, frozenset({Role.QUASI_IDENTIFIER})),
        Column("seen", Kind.DATE),
        Column("hb", Kind.CONTINUOUS, unit="g/dl"),
        Column("disease", Kind.CATEGORICAL),
    ),
    title="Anaemia",
)


def table(persons: int = 123) -> Table:
    """Two visits a person in 2010 to 2014; one person in 1999 and with a disease of her own."""
    rows = np.arange(2 * persons)
    frame = pd.DataFrame(
        {
            "patient": [f"p{one // 2}" for one in rows],
            "born": pd.to_datetime("1950-01-01"),
            "seen": [date(2010 + int(one) % 5, 3, 1) for one in rows],
            "hb": 10.0 + rows % 7,
            "disease": "anaemia",
        }
    )
    frame.loc[0, "seen"], frame.loc[0, "disease"] = date(1999, 1, 1), "Wetherby's"
    return Table.from_pandas(frame, SCHEMA)


def described(of: Table, **told: object):  # type: ignore[no-untyped-def]
    told = {"identifier": "urn:example:anaemia", "name": "anaemia", "checked": date(2026, 1, 1), **told}
    return from_profile(of, run_checks(of), **told)  # type: ignore[arg-type]


def test_it_says_what_the_table_says() -> None:
    entry = described(table(), concepts={"hb": ["https://loinc.org/718-7"]}, kind=EntryKind.TWIN)
    assert (entry.title, entry.kind, entry.persons, entry.rows) == ("Anaemia", EntryKind.TWIN, 120, 250)
    assert [(one.name, one.unit) for one in entry.variables][3] == ("hb", "g/dl")
    assert entry.variables[3].concepts == ("https://loinc.org/718-7",)
    assert entry.quality is not None and entry.quality.passed_share is not None


def test_it_says_nothing_of_a_single_person() -> None:
    entry = described(table())
    assert (entry.coverage.starts, entry.coverage.ends) == (date(2010, 1, 1), date(2014, 12, 31))
    assert b"Wetherby" not in form_bytes(entry) and b"1999" not in form_bytes(entry)
    few = described(table(4))
    assert few.persons is None and few.rows is None and few.coverage == Coverage()


def test_what_the_steward_says_goes_first() -> None:
    covered = Coverage(date(2011, 1, 1), None, ("DE",))
    entry = described(table(), title="Other", coverage=covered, keywords=("blood",))
    assert (entry.title, entry.coverage, entry.keywords) == ("Other", covered, ("blood",))
    with pytest.raises(InvalidRequest):
        described(table(), colour="red")


@pytest.mark.parametrize(
    ("count", "to", "shown"),
    [(0, 10, 0), (1, 10, None), (9, 10, None), (10, 10, 10), (14, 10, 10), (15, 10, 20), (7, 1, 7)],
    ids=range(7),
)  # fmt: skip
def test_counts_are_rounded(count: int, to: int, shown: int | None) -> None:
    assert rounded(count, to) == shown


@pytest.mark.parametrize(("count", "to"), [(5, 0), (-1, 10)], ids=["to", "count"])
def test_what_is_no_count_is_refused(count: int, to: int) -> None:
    with pytest.raises(InvalidRequest):
        rounded(count, to)


def test_the_label_has_all_points_of_article_78() -> None:
    points = label_of(described(table()))
    assert [one.letter for one in points] == list("abcdef")
    assert points[0].share is not None and points[0].share < 1 and "contact" in points[0].told
    assert "Checked on 2026-01-01" in points[1].told and points[2].told == "" and "120 persons" in points[3].told
