"""Pseudonyms that the key holder alone can turn back: stable, sealed, and never without a reason."""

from __future__ import annotations

import builtins
import re
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohortium.anonymise.pseudonyms import KeyRing
from cohortium.anonymise.pseudonyms.reversible import ReversiblePseudonyms
from cohortium.errors import InvalidRequest, MissingExtra

pytest.importorskip("cryptography", reason="reversible pseudonyms need the extra 'secure'")

RING = KeyRing({"1": bytes(range(32))}, "1")
MADE = ReversiblePseudonyms(RING)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=60)
REASON = "Incidental finding, ethics vote 12/26."


@settings(max_examples=40, deadline=None)
@given(TEXTS, st.sampled_from(["patient", "case", "µ"]))
def test_what_was_made_can_be_turned_back(value: str, kind: str) -> None:
    found = MADE.reverse(kind, MADE.pseudonym(kind, value), reason=REASON)
    assert found.value == value and found.generation == "1"


def test_a_value_has_one_pseudonym_in_its_kind_and_another_in_others() -> None:
    assert MADE.pseudonym("patient", "HOSP-1") == MADE.pseudonym("patient", "HOSP-1")
    others = {
        MADE.pseudonym("patient", "HOSP-1"),
        MADE.pseudonym("patient", "HOSP-2"),
        MADE.pseudonym("case", "HOSP-1"),
        ReversiblePseudonyms(KeyRing.generate()).pseudonym("patient", "HOSP-1"),
    }
    assert len(others) == 4
    assert all(re.fullmatch(r"[0-9a-hjkmnp-tv-z]{52}", one) for one in others)


def test_lengths_of_values_are_told_in_steps_of_sixteen_alone() -> None:
    lengths = {len(MADE.pseudonym("patient", "x" * size)) for size in range(16)}
    assert len(lengths) == 1


def test_another_ring_or_kind_cannot_turn_it_back() -> None:
    made = MADE.pseudonym("patient", "HOSP-1")
    for ring, kind in ((KeyRing.generate(), "patient"), (RING, "case")):
        with pytest.raises(InvalidRequest, match="No key of this ring") as caught:
            ReversiblePseudonyms(ring).reverse(kind, made, reason=REASON)
        assert "HOSP" not in str(caught.value)


def test_every_letter_counts() -> None:
    made = MADE.pseudonym("patient", "HOSP-1")
    for place in range(0, len(made) - 1):
        changed = made[:place] + ("0" if made[place] != "0" else "1") + made[place + 1 :]
        with pytest.raises(InvalidRequest):
            MADE.reverse("patient", changed, reason=REASON)


@pytest.mark.parametrize("text", ["", "abc", "u" * 52, "not a pseudonym at all, only a text of fifty-two letters"])
def test_what_is_no_pseudonym_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        MADE.reverse("patient", text, reason=REASON)


def test_after_a_rotation_older_ones_can_still_be_turned_back() -> None:
    made = MADE.pseudonym("patient", "HOSP-1")
    rotated = ReversiblePseudonyms(RING.rotated())
    assert rotated.pseudonym("patient", "HOSP-1") != made
    assert rotated.reverse("patient", made, reason=REASON).generation == "1"


@pytest.mark.parametrize("reason", ["", "   ", "because"])
def test_no_reason_no_reversal(reason: str) -> None:
    with pytest.raises(InvalidRequest, match="written reason"):
        MADE.reverse("patient", MADE.pseudonym("patient", "HOSP-1"), reason=reason)


def test_the_journal_has_the_reason_and_not_the_value() -> None:
    found = MADE.reverse("patient", MADE.pseudonym("patient", "HOSP-1"), reason=REASON)
    assert found.entry()["reason"] == REASON and found.entry()["pseudonym"] == found.pseudonym
    assert "HOSP" not in str(found.entry()) and "HOSP" not in repr(found)


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("cryptography"):
            raise ImportError(name)
        return real(name, *rest, **more)

    made = MADE.pseudonym("patient", "HOSP-1")
    for name in [one for one in sys.modules if one.startswith("cryptography")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(MissingExtra, match=r"cohortium\[secure\]"):
        MADE.pseudonym("patient", "HOSP-1")
    with pytest.raises(MissingExtra, match=r"cohortium\[secure\]"):
        MADE.reverse("patient", made, reason=REASON)
