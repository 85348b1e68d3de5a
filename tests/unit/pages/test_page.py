"""The frame of every page: complete, self-contained, and unmoved by what it is told."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import jinja2
import pytest
from tests.pages import Page

from cohortium import pages

TEMPLATE = """{% extends "frame.html.j2" %}
{% from "parts.html.j2" import badge, filter, tally %}
{% block brand %}Brand{% endblock %}
{% block overline %}What this is{% endblock %}
{% block title %}{{ title }}{% endblock %}
{% block contents %}
<li><a href="#main">Here</a></li>
{% endblock %}
{% block sections %}
{{ tally({"pass": 1200, "fail": 0}) }}{{ badge("not applicable") }}
{{ filter("table.x", "rows", "a name", [("", "all")]) }}
{{ drawing | svg }}
{% endblock %}
"""
DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" class="chart"></svg>'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "page.html.j2").write_text(TEMPLATE, encoding="utf-8")
    (tmp_path / "page.css").write_text(".own{color:red}\n", encoding="utf-8")
    return tmp_path


def test_a_page_is_whole_and_asks_nothing_of_any_network(folder: Path) -> None:
    text = pages.page(folder, title="A title", drawing=DRAWING)
    page = Page(text)
    assert page.open == []
    assert page.text("title") == "Brand: A title"
    assert page.text("h1") == "A title"
    assert "1,200 pass" in page.text("ul") and "fail" not in page.text("ul")
    assert "http" not in text.replace("http-equiv", "") and not re.search(r"url\(|@import", text)


def test_own_rules_come_after_those_of_the_frame(folder: Path) -> None:
    sheet = Page(pages.page(folder, ".more{color:blue}", title="", drawing="")).text("style")
    assert sheet.index("--accent:") < sheet.index(".frame{") < sheet.index(".own{") < sheet.index(".more{")


def test_the_policy_carries_the_digests_of_what_is_there(folder: Path) -> None:
    text = pages.page(folder, title="", drawing="")
    policy = next(meta["content"] for meta in Page(text).named("meta") if meta.get("http-equiv"))
    assert policy is not None and policy.startswith("default-src 'none'") and "unsafe" not in policy
    for tag in ("style", "script"):
        inside = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert inside is not None
        digest = base64.b64encode(hashlib.sha256(inside[1].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_what_a_page_is_told_stays_text(folder: Path) -> None:
    text = pages.page(folder, title="</title><script>alert(1)</script>", drawing="")
    assert len(Page(text).named("script")) == 1
    assert "<script>alert" not in text


def test_a_name_that_nobody_gave_is_an_error(folder: Path) -> None:
    with pytest.raises(jinja2.UndefinedError):
        pages.page(folder, title="")


def test_every_sign_that_outcomes_have_is_in_the_frame(folder: Path) -> None:
    page = Page(pages.page(folder, title="", drawing=""))
    signs = {attributes["id"] for attributes in page.named("symbol")}
    assert {"s-pass", "s-fail", "s-warn", "s-informative", "s-not-applicable"} == signs
    assert all((use["href"] or "")[1:] in signs for use in page.named("use"))
