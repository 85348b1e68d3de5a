"""Searching: the same answers from both databases; facets count what would be found; nothing typed breaks it."""

from __future__ import annotations

from datetime import date

import pytest

pytest.importorskip("sqlalchemy", reason="the extra 'govern' is not installed")

from tests.unit.govern.catalogue.made import FULL, small

from cohortium.errors import InvalidRequest
from cohortium.govern.catalogue import AccessRights, Agent, Catalogue, Coverage, EntryKind, HealthCategory, Query
from cohortium.govern.catalogue.words import highlighted, terms, words

ENTRIES = [
    FULL,
    small(1, title="Diabetes in Turin", publisher=Agent("Molinette", country="IT"), keywords=("diabète",),
          coverage=Coverage(date(1990, 1, 1), date(1999, 12, 31)), access=AccessRights.PUBLIC),
    small(2, title="Größe und Gewicht", description="Height and weight; diabetes is recorded.",
          publisher=Agent("Charité", country="DE"), categories=(HealthCategory.MRMR,),
          coverage=Coverage(date(2015, 1, 1), None)),
    small(3, kind=EntryKind.TWIN, title="Twin of a diabetes registry", publisher=Agent("Molinette", country="IT"),
          modes=("plain",), categories=(HealthCategory.MRMR, HealthCategory.HGPD)),
    small(4, kind=EntryKind.MODEL, title="COVID-19 model", description="Predicts a stay in intensive care."),
]  # fmt: skip


@pytest.fixture
def full(catalogue: Catalogue) -> Catalogue:
    assert {one.outcome for one in catalogue.take(ENTRIES, "https://elsewhere.example/", "test")} == {"added"}
    return catalogue


def found(catalogue: Catalogue, query: Query) -> list[str]:
    return [hit.entry.title for hit in catalogue.search(query).hits]


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("diabetes", {"Diabetes in Turin", "Größe und Gewicht", "Twin of a diabetes registry"}),
        ("DIABÈTES", {"Diabetes in Turin", "Größe und Gewicht", "Twin of a diabetes registry"}),
        ("grosse", {"Größe und Gewicht"}),
        ("meniere", {"Heart disease in Mainz"}),
        ('"diabetes registry"', {"Twin of a diabetes registry"}),
        ('"registry diabetes"', set()),
        ("covid-19", {"COVID-19 model"}),
        ("diab*", {"Diabetes in Turin", "Größe und Gewicht", "Twin of a diabetes registry"}),
        ("diab", set()),
        ("diabetes -turin", {"Größe und Gewicht", "Twin of a diabetes registry"}),
        ("-diabetes", {"Heart disease in Mainz", "COVID-19 model"}),
        ("SNOMED:53741008", {"Heart disease in Mainz"}),
        ("diabetes turin", {"Diabetes in Turin"}),
        ("", {one.title for one in ENTRIES}),
        ("?!* -", {one.title for one in ENTRIES}),
    ],
    ids=range(15),
)
def test_words_find(full: Catalogue, text: str, titles: set[str]) -> None:
    assert set(found(full, Query(text))) == titles


@pytest.mark.parametrize(
    "text",
    ['" OR 1=1 --', "title : x", "NEAR(a b)", "a AND", ") OR (", "'; DROP TABLE catalogue_entries;--", "a' | 'b", "x:*",
     "!x", "a <-> b", "\x00", "%", "*" * 50, '"' * 51, "é" * 900, "\\", "rowid:1", "'a':A & b"],
    ids=range(18),
)  # fmt: skip
def test_nothing_typed_is_taken_for_a_command(full: Catalogue, text: str) -> None:
    full.search(Query(text))
    assert full.search(Query()).total == len(ENTRIES)


def test_titles_come_first(full: Catalogue) -> None:
    assert found(full, Query("diabetes"))[-1] == "Größe und Gewicht"


def test_facets_count_what_would_be_found(full: Catalogue) -> None:
    page = full.search(Query("diabetes", {"kind": ("dataset",), "country": ("IT",)}))
    assert [hit.entry.title for hit in page.hits] == ["Diabetes in Turin"] and page.total == 1
    assert page.facets["kind"] == {"dataset": 1, "twin": 1}
    assert page.facets["country"] == {"IT": 1, "DE": 1}
    assert page.facets["publisher"] == {"Molinette": 1}
    for facet, counts in full.search(Query("diabetes")).facets.items():
        for value, number in counts.items():
            assert full.search(Query("diabetes", {facet: (value,)})).total == number


def test_values_of_one_facet_are_alternatives(full: Catalogue) -> None:
    page = full.search(Query(facets={"category": ("MRMR", "EHRS"), "mode": ("plain", "secure")}))
    assert {hit.entry.title for hit in page.hits} == {"Heart disease in Mainz", "Twin of a diabetes registry"}


@pytest.mark.parametrize(
    ("years", "titles"),
    [
        ((1995, 1996), {"Diabetes in Turin"}),
        ((None, 2001), {"Diabetes in Turin", "Heart disease in Mainz"}),
        ((2020, None), {"Größe und Gewicht", "Heart disease in Mainz"}),
        ((2100, 2100), {"Größe und Gewicht"}),
    ],
    ids=["nineties", "until 2001", "from 2020", "still"],
)
def test_years_find_what_covers_them(full: Catalogue, years: tuple[int | None, int | None], titles: set[str]) -> None:
    page = full.search(Query(years=years))
    assert {hit.entry.title for hit in page.hits} == titles
    assert page.years[1995] == 1 and page.years[2016] == 2


def test_pages_follow_one_another(full: Catalogue) -> None:
    pages = [full.search(Query("", page=number, on_a_page=2)) for number in (1, 2, 3, 4)]
    assert [len(page.hits) for page in pages] == [2, 2, 1, 0] and pages[0].pages == 3
    assert len({hit.entry.title for page in pages for hit in page.hits}) == 5
    both = [full.search(Query("diabetes", page=number, on_a_page=2)) for number in (1, 2)]
    assert [hit.entry.title for page in both for hit in page.hits] == found(full, Query("diabetes"))


@pytest.mark.parametrize(
    "arguments",
    [{"facets": {"colour": ("red",)}}, {"page": 0}, {"on_a_page": 1000}, {"text": " ".join("abcdefghijklmnopq")}],
    ids=["facet", "page", "many", "words"],
)
def test_queries_that_cannot_be_are_refused(full: Catalogue, arguments: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest):
        full.search(Query(**arguments))  # type: ignore[arg-type]


def test_another_process_and_later_changes_are_seen(full: Catalogue) -> None:
    other = Catalogue(full.store)
    assert other.search(Query("turin")).total == 1
    full.add(small(9, title="Another in Turin"), "ann")
    assert other.search(Query("turin")).total == 2
    full.edit(small(9).identifier, "ann", "", seen=1, title="Elsewhere")
    page = other.search(Query("turin"))
    assert page.total == 1 and other.search(Query("elsewhere")).hits[0].origin == ""


def test_hits_are_marked_as_they_are_written() -> None:
    pieces = highlighted("Die Größe <b>der</b> Ménière-Kranken", terms("GROSSE meniere"))
    assert [piece for piece, marked in pieces if marked] == ["Größe", "Ménière"]
    assert "".join(piece for piece, _ in pieces) == "Die Größe <b>der</b> Ménière-Kranken"


def test_an_excerpt_shows_the_place() -> None:
    text = f"{'before ' * 100}needle {'after ' * 100}"
    pieces = highlighted(text, terms("need*"), 80)
    shown = "".join(piece for piece, _ in pieces)
    assert ("needle", True) in pieces and len(shown) <= 84 and shown[0] == shown[-1] == "…"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ø-Łódź ŒUVRE", ["o", "lodz", "oeuvre"]),
        ("HbA1c ≥ 6.5", ["hba1c", "6", "5"]),
        ("Άλφα", ["αλφα"]),
        ("a_b", ["a", "b"]),
    ],
    ids=["latin", "numbers", "greek", "joined"],
)
def test_words_are_folded(text: str, found: list[str]) -> None:
    assert words(text) == found
