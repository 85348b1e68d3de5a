"""The page: complete, self-contained, and unmoved by what columns are called."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.pages import Page

from cohortium.errors import InvalidRequest
from cohortium.evaluate.report import RecordedDecision, html
from cohortium.evaluate.report.sections import HEADINGS
from cohortium.records import Evidence, Status

if TYPE_CHECKING:
    from .conftest import Release

HOSTILE = "<script>alert('Größe')</script> & \"mehr\" | #panic()"
FETCHING = ("src", "href", "xlink:href", "action", "poster", "srcset", "data", "formaction", "background")


@pytest.fixture(scope="module", params=["released", "refused", "overridden", "wide"])
def shown(request: pytest.FixtureRequest) -> tuple[Release, str, Page]:
    release = request.getfixturevalue(request.param)
    text = html(*release)
    return release, text, Page(text)


def test_every_tag_is_closed_in_turn(shown: tuple[Release, str, Page]) -> None:
    assert shown[2].open == []


def test_nothing_is_fetched(shown: tuple[Release, str, Page]) -> None:
    _, text, page = shown
    targets = [value for _, attributes in page.tags for name, value in attributes.items() if name in FETCHING]
    assert targets and all(value is not None and value.startswith("#") for value in targets)
    assert not page.named("link") and not page.named("img") and not page.named("iframe")
    assert not re.search(r"url\(|@import|https?://|//[a-z]", page.text("style") + page.text("script"))
    assert "http" not in text.replace("http-equiv", "")


def test_only_our_own_style_and_script_may_run(shown: tuple[Release, str, Page]) -> None:
    _, _, page = shown
    policy = next(meta["content"] for meta in page.named("meta") if meta.get("http-equiv"))
    assert policy is not None and policy.startswith("default-src 'none'") and policy.count("'sha256-") == 2
    assert len(page.named("script")) == 1
    # A style or event attribute would be blocked by the policy, and the page would look or act differently.
    assert not [name for _, attributes in page.tags for name in attributes if name == "style" or name.startswith("on")]


def test_every_finding_is_shown_in_its_section(shown: tuple[Release, str, Page]) -> None:
    release, text, page = shown
    rows = [attributes for attributes in page.named("tr") if "data-status" in attributes]
    assert len(rows) == len(release.evidence.findings) > 45
    for finding in release.evidence.findings:
        start = text.index(f'<section id="{finding.question.value}"')
        section = Page(text[start : text.index("</section>", start) + len("</section>")])
        assert finding.title in section.text("th")
        if finding.score is None:
            assert finding.reason in section.text("td")
        if finding.limit:
            assert finding.limit in section.text("td")
        if finding.status is Status.FAIL:
            assert finding.advice in section.text("td")


def test_sections_stand_in_the_order_of_the_report(released: Release) -> None:
    text = html(*released)
    wanted = ["verdict", "uses", "card", "glance", *(question.value for question in HEADINGS), "columns", "reading"]
    assert re.findall(r'<section id="([a-z]+)"', text) == wanted


def test_the_verdict_is_said_in_plain_words(released: Release, refused: Release, overridden: Release) -> None:
    said = [Page(html(*release)).text() for release in (released, refused, overridden)]
    assert "This synthetic table may leave, because it keeps all 26 rules of the policy" in said[0]
    assert "This synthetic table may not leave, because it breaks 2 rules of the policy" in said[1]
    assert "This synthetic table leaves because a person decided so" in said[2]
    assert overridden.decision.override_reason in said[2]
    assert all(reason in said[1] for reason in (*refused.decision.reasons, *refused.decision.advice))
    assert all(limit in said[1] for limit in refused.decision.limits)


def test_a_hostile_column_name_stays_text(released: Release) -> None:
    text = html(*released)
    page = Page(text)
    assert "alert('Größe')" not in page.text("script")
    assert HOSTILE in page.text("th")
    assert "<script>alert" not in text


def test_charts_and_tables_speak(shown: tuple[Release, str, Page]) -> None:
    _, text, page = shown
    charts = [attributes for attributes in page.named("svg") if attributes.get("class") == "chart"]
    assert charts and all(chart.get("role") == "img" and chart.get("aria-labelledby") for chart in charts)
    assert text.count("<table") == text.count("<caption")
    assert all("scope" in attributes for attributes in page.named("th"))
    scrolling = [a for a in page.named("div") if (a.get("class") or "").startswith("scroll")]
    assert scrolling and all(attributes.get("tabindex") == "0" for attributes in scrolling)


def test_anchors_lead_somewhere_and_are_unique(shown: tuple[Release, str, Page]) -> None:
    page = shown[2]
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes and attributes.get("role") != "img"]
    anchors = [a for a in ids if a and not re.fullmatch(r"c[0-9a-f]{8}[td]", a)]
    assert len(anchors) == len(set(anchors))
    assert all((a["href"] or "")[1:] in ids for a in page.named("a"))


def test_two_hundred_columns_show_the_worst_and_list_the_rest(wide: Release) -> None:
    page = Page(html(*wide))
    assert "The 24 of 200 columns that differ most" in page.text("figcaption")
    assert "The other 176 columns" in page.text("caption")
    assert all(name in page.text() for name in wide.schema.names)


def test_evidence_without_plots_and_findings_is_still_a_page(released: Release) -> None:
    bare = Evidence({}, ())
    text = html(bare, RecordedDecision("refused", "empty"), released.schema)
    assert Page(text).open == []
    assert "the policy “empty” refuses it" in text


def test_equal_evidence_gives_equal_bytes(released: Release) -> None:
    assert html(*released) == html(*released)


def test_an_unknown_verdict_is_refused(released: Release) -> None:
    with pytest.raises(InvalidRequest, match="released, refused"):
        html(released.evidence, RecordedDecision("perhaps", "x"), released.schema)


def test_the_page_stays_small(wide: Release) -> None:
    assert len(html(*wide).encode()) < 600_000
