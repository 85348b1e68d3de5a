"""Canonical JSON: one text per value, as RFC 8785's own examples have it."""

from __future__ import annotations

import pytest

from cohortium.errors import InvalidRequest, ProtocolViolation
from cohortium.govern.ledger.canonical import canonical, digest, parsed

pytest.importorskip("rfc8785", reason="the ledger needs the extra 'govern'")


def test_the_example_of_the_standard() -> None:
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": '€$\u000f\nA\'B"\\\\"/',
        "literals": [None, True, False],
    }
    expected = (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert canonical(value).decode() == expected


def test_order_of_keys_and_spaces_do_not_matter() -> None:
    assert digest({"b": 1, "a": [1.0, 2]}) == digest({"a": [1, 2.0], "b": 1})
    assert digest({"a": 1}) != digest({"a": "1"})
    assert digest({}).startswith("sha256:") and len(digest({})) == 71


@pytest.mark.parametrize("value", [float("nan"), 2**60, {1: 2}, {"a": {1, 2}}], ids=["nan", "large", "key", "set"])
def test_what_json_cannot_say_exactly_is_refused(value: object) -> None:
    with pytest.raises(InvalidRequest):
        canonical(value)


@pytest.mark.parametrize("text", ['{"a": 1}', '{"b":1,"a":2}', "{", '{"a":1.0}', '{"a":1,"a":1}'])
def test_texts_that_are_not_canonical_are_refused(text: str) -> None:
    with pytest.raises(ProtocolViolation):
        parsed(text.encode())


def test_what_was_written_is_read() -> None:
    assert parsed(canonical({"a": [1, "ü", None]})) == {"a": [1, "ü", None]}
