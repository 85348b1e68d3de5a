"""Forms of entries: the same comes back, and what is not of the documented form is refused with all that is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytest.importorskip("sqlalchemy", reason="the extra 'govern' is not installed")

from tests.unit.govern.catalogue.made import FULL, small

from cohortium.errors import InvalidRequest
from cohortium.govern.catalogue import Coverage, Entry, Variable, form_bytes, from_form, to_form
from cohortium.govern.catalogue.vocabularies import COUNTRIES, HealthCategory
from cohortium.records import Kind


@pytest.mark.parametrize(
    "entry", [FULL, small(1), small(2, access=None, legislation=(), languages=())], ids=["full", "small", "open"]
)
def test_the_same_comes_back(entry: Entry) -> None:
    assert from_form(form_bytes(entry)) == entry
    assert from_form(json.loads(json.dumps(to_form(entry)))) == entry


def test_markup_is_text_like_any_other() -> None:
    title = "<script>alert('1')</script> & </title>"
    assert from_form(form_bytes(small(1, title=title))).title == title


def broken(**changes: Any) -> dict[str, Any]:
    return {**to_form(FULL), **changes}


@pytest.mark.parametrize(
    ("plain", "says"),
    [
        (broken(rating=5), "'rating' is no field"),
        (broken(form=2), "form of version 1"),
        (broken(title=""), "title is missing"),
        (broken(title="a\u0000b"), "control characters"),
        (broken(title="a\nb"), "several lines"),
        (broken(title="ab\u202edc"), "control characters"),
        (broken(title="\ud800"), "control characters"),
        (broken(title="x" * 301), "301 characters"),
        (broken(title=5), "title must be a text"),
        (broken(persons="920"), "persons must be a whole number"),
        (broken(persons=True), "persons must be a whole number"),
        (broken(persons=-10), "between 0 and"),
        (broken(persons=921), "not a multiple of 10"),
        (broken(kind="cohort"), "kind must be one of"),
        (broken(identifier="javascript:alert(1)"), "identifier must be an address"),
        (broken(identifier="https://a b"), "identifier must be an address"),
        (broken(keywords="angina"), "keywords must be a list"),
        (broken(keywords=[["angina"]]), "keywords[0] must be a text"),
        (broken(modes=["anyhow"]), "modes must be among"),
        (broken(issued="2026-13-01"), "issued must be a day"),
        (broken(issued="20260101"), "issued must be a day"),
        (broken(contact={"name": "Office", "page": "javascript:alert(1)"}), "page must"),
        (broken(contact={"name": "Office"}), "email or page is missing"),
        (broken(contact={"email": "a@b.example"}), "contact lacks ['name']"),
        (broken(coverage={"starts": "2020-01-01", "ends": "2019-01-01"}), "starts after it ends"),
        (broken(coverage={"countries": ["Germany"]}), "two capital letters"),
        (broken(variables=[{"name": "a", "kind": "date"}] * 2), "two variables have one name"),
        (broken(variables=[{"name": "a", "kind": "date", "levels": []}]), "variables[0].'levels' is no field"),
        (broken(keywords=[str(one) for one in range(501)]), "keywords are 501"),
        (broken(quality={"checked": "2026-01-01", "aspects": [{"dimension": "beauty"}]}), "dimension must be one of"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_is_not_of_the_form_is_refused(plain: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        from_form(plain)
    assert says in str(caught.value)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(InvalidRequest) as caught:
        from_form(broken(rating=5, kind="cohort", issued="soon", title=4))
    assert all(one in str(caught.value) for one in ("rating", "kind", "issued", "title"))


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"{", b"\xff", b'{"form": 1, "rows": NaN}', b"[" * 100_000, b"1" * 9_000_000],
    ids=["empty", "list", "torn", "latin", "nan", "deep", "large"],
)
def test_what_is_no_json_object_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidRequest):
        from_form(data)


def test_no_value_is_repeated_in_a_message() -> None:
    with pytest.raises(InvalidRequest) as caught:
        from_form(broken(title="Wetherby\u0007", contact={"name": "Wetherby", "email": "Wetherby"}))
    assert "Wetherby" not in str(caught.value)


def test_lists_without_order_have_one_form() -> None:
    one, other = small(1, keywords=("b", "a", "b")), small(1, keywords=("a", "b"))
    assert form_bytes(one) == form_bytes(other)


def test_a_title_that_repeats_the_name_says_nothing() -> None:
    assert Variable("age", Kind.INTEGER, "age", "age") == Variable("age", Kind.INTEGER)


def test_categories_are_those_of_article_51() -> None:
    assert HealthCategory.EHRS.article.endswith("(a)") and HealthCategory.EINS.article.endswith("(q)")
    assert len({one.in_words for one in HealthCategory}) == 17


def test_countries_are_all_of_iso_3166() -> None:
    assert len(COUNTRIES) == len(set(COUNTRIES.values())) == 249
    assert Coverage(countries=("AT", "GR")).countries == ("AT", "GR")
