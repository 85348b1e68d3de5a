"""The print: an archivable PDF that says what the page says."""

from __future__ import annotations

import builtins
import re
import sys
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from cohortium.errors import MissingExtra
from cohortium.evaluate.report import pdf

if TYPE_CHECKING:
    from .conftest import Release

typst = pytest.importorskip("typst", reason="the extra 'report' is not installed")


def test_it_is_pdf_a_2b_with_its_title_and_date(released: Release) -> None:
    made = pdf(*released)
    assert made.startswith(b"%PDF-1.7")
    metadata = next(part for part in _streams(made) if part.startswith(b"<?xpacket")).decode("utf-8")
    assert "Evidence report: Herzkatheter-Register von vier Kliniken" in metadata
    assert re.search(r"<pdfaid:part>2</pdfaid:part>", metadata)
    assert re.search(r"<pdfaid:conformance>B</pdfaid:conformance>", metadata)
    assert "2026-11-23T14:05:00" in metadata


@pytest.mark.parametrize("name", ["refused", "overridden", "wide"])
def test_every_kind_of_release_can_be_printed(name: str, request: pytest.FixtureRequest) -> None:
    assert pdf(*request.getfixturevalue(name)).startswith(b"%PDF")


def test_equal_evidence_gives_equal_bytes(released: Release) -> None:
    assert pdf(*released) == pdf(*released)


def test_evidence_without_a_date_can_be_printed(released: Release) -> None:
    bare = replace(released.evidence, facts={}, plots={})
    assert pdf(bare, released.decision, released.schema).startswith(b"%PDF")


def test_names_cannot_become_commands(released: Release) -> None:
    schema = replace(released.schema, title='#panic("x") $ \\ ` [ ] * _ <a> @b')
    assert pdf(released.evidence, released.decision, schema).startswith(b"%PDF")


def test_only_bundled_fonts_are_used(released: Release) -> None:
    fonts = set(re.findall(rb"/BaseFont\s*/[A-Z]{6}\+([A-Za-z]+)", b"".join([*_streams(pdf(*released))])))
    assert fonts and fonts <= {b"LibertinusSerif", b"DejaVuSansMono", b"NewCMMath"}


def test_without_typst_the_extra_is_named(released: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def without_typst(name: str, *rest: Any, **named: Any) -> Any:
        if name == "typst":
            raise ImportError(name)
        return real_import(name, *rest, **named)

    monkeypatch.delitem(sys.modules, "typst", raising=False)
    monkeypatch.setattr(builtins, "__import__", without_typst)
    with pytest.raises(MissingExtra, match=r"cohortium\[report\]"):
        pdf(*released)


def _streams(document: bytes) -> list[bytes]:
    parts = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", document, re.DOTALL)
    found = [document]
    for part in parts:
        try:
            found.append(zlib.decompress(part))
        except zlib.error:
            found.append(part)
    return found
