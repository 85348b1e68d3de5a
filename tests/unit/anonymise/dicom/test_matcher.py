"""Words are found where they stand for somebody, in text and in bytes, and sifting loses none."""

from __future__ import annotations

import numpy as np
import pytest

from cohortium.anonymise.dicom.matcher import Matcher, hits
from cohortium.anonymise.dicom.sifting import sifted


def test_short_words_and_numbers_count_alone_only() -> None:
    matcher = Matcher({"li", "1234", "smithers"})
    assert matcher.without("liver of Li, 1234 and 51234") == "liver of ***, *** and 51234"
    assert matcher.found("MRSMITHERS2")
    assert hits(b"deliver li__ 1234", Matcher({"smit"}).byte_forms(["utf-8"])) == 0
    assert hits(b"__SMIT__", Matcher({"smit"}).byte_forms(["utf-8"])) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "latin-1"])
@pytest.mark.parametrize("kind", ["zeros", "noise", "letters"])
@pytest.mark.parametrize("word", ["wetherby", "WETHERBY-QUILL", "müller-öztürk", "0471554433", "иванова"])
def test_sifting_loses_no_word(encoding: str, kind: str, word: str) -> None:
    random = np.random.default_rng(7)
    size = 5000
    noise = {"zeros": bytes(size), "noise": random.bytes(size), "letters": b"the quick brown fox " * 250}[kind]
    forms = Matcher({"wetherby", "wetherby-quill", "müller-öztürk", "0471554433", "иванова"}).byte_forms(
        ["utf-8", "utf-16-le", "latin-1"]
    )
    data = word.encode(encoding, "replace")
    for at in (0, 1, 2500, size - len(data)):
        planted = noise[:at] + data + noise[at + len(data) :]
        assert hits(sifted(planted, forms), forms) == hits(planted, forms)
        ascii_forms = tuple(form for form in forms if form.isascii())
        assert hits(sifted(planted, ascii_forms), ascii_forms) == hits(planted, ascii_forms)


def test_sifting_leaves_little_of_pixels() -> None:
    forms = Matcher({"wetherby", "zephyrine"}).byte_forms(["utf-8", "utf-16-le"])
    pixels = np.random.default_rng(1).normal(1000, 200, 100_000).astype("<i2").tobytes()
    assert len(sifted(pixels, forms)) < 1000
    assert sifted(bytes(1000), forms) == b""
