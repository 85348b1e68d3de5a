"""Permits say what is allowed, and nothing else is; documents are whole, signed by each who must, or refused."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.unit.govern.permits.asked import permit

from cohortium.crypto.keys import Identity
from cohortium.errors import InvalidRequest, PermitDenied, ProtocolViolation
from cohortium.govern.permits.document import PermitDocument, document_from_json
from cohortium.govern.permits.permit import Applicant, DatasetUse, permit_from_plain
from cohortium.govern.permits.purposes import Purpose
from cohortium.govern.permits.revocations import Revocations, read_revocations
from cohortium.govern.permits.scope import Use, reasons_against

pytest.importorskip("rfc8785", reason="permits need the extra 'govern'")
HUB, MAINZ, TURIN = Identity.generate(), Identity.generate(), Identity.generate()
KEYS = {"hub": HUB.public, "mainz": MAINZ.public, "turin": TURIN.public}


def use(**changes: Any) -> Use:
    made = Use("ann", "anaemia", ("mainz",), ("age", "hb"), ("cox",), "secure", ("table",), date(2026, 6, 1))
    return replace(made, **changes)


def test_purposes_are_the_closed_list_of_the_regulation() -> None:
    assert [one.article[-3:] for one in Purpose] == ["(a)", "(b)", "(c)", "(d)", "(e)", "(f)"]
    assert [one for one in Purpose if one.public_bodies_only] == list(Purpose)[:3]


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"title": " "}, "needs 'title'"),
        ({"ethics": ""}, "needs 'ethics'"),
        ({"purposes": ()}, "purposes"),
        ({"purposes": (Purpose.STATISTICS,)}, r"Article 53\(2\)"),
        ({"modes": ("mpc",)}, "modes"),
        ({"outputs": ("table", "table")}, "each once"),
        ({"datasets": ()}, "at least one dataset"),
        ({"datasets": (DatasetUse("a", ("m",), ("x",)),) * 2}, "once"),
        ({"ends": date(2025, 1, 1)}, "ends after"),
        ({"ends": date(2037, 1, 1)}, "ten years"),
        ({"micro_epsilon": 0}, "epsilon"),
        ({"modes": ("secure",)}, "epsilon"),
    ],
    ids=lambda one: str(one) if isinstance(one, str) else next(iter(one)),
)
def test_permits_that_contradict_themselves_are_refused(changes: dict[str, Any], match: str) -> None:
    with pytest.raises(InvalidRequest, match=match):
        permit(**changes)


def test_applicants_and_datasets_are_named_whole() -> None:
    with pytest.raises(InvalidRequest, match="two capital letters"):
        Applicant("a", "A", "O", "Germany")
    with pytest.raises(InvalidRequest, match="organisation"):
        Applicant("a", "A", "", "DE")
    with pytest.raises(InvalidRequest, match="none of them can be 'all'"):
        DatasetUse("a", ("m",), ())


def test_a_use_within_it_has_nothing_against_it() -> None:
    assert reasons_against(permit(), use()) == ()
    assert reasons_against(permit(), use(mode="dp", epsilon=1.0, delta=1e-6, spent_micro_epsilon=1_000_000)) == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"account": "bob"}, "bob asks"),
        ({"day": date(2028, 1, 1)}, "today is 2028-01-01"),
        ({"dataset": "other"}, "does not name the dataset other"),
        ({"columns": ("age", "name")}, "columns name"),
        ({"sites": ("mainz", "oslo")}, "sites oslo"),
        ({"algorithms": ("cox", "k_means")}, "algorithms k_means"),
        ({"mode": "plain"}, "trust modes plain"),
        ({"outputs": ("model",)}, "kinds of results model"),
        ({"mode": "dp", "epsilon": 1.5, "delta": 1e-6, "spent_micro_epsilon": 600_000}, "1.4 is left"),
        ({"mode": "dp", "epsilon": 1.0, "delta": 1e-3}, "delta of 1e-05"),
    ],
    ids=lambda one: one if isinstance(one, str) else next(iter(one)),
)
def test_each_thing_beyond_it_is_told(changes: dict[str, Any], said: str) -> None:
    against = reasons_against(permit(), use(**changes))
    assert len(against) == 1 and said in against[0]


def test_a_document_holds_with_every_signature_that_is_needed() -> None:
    made = PermitDocument.of(permit()).signed("hub", HUB).signed("mainz", MAINZ)
    read = document_from_json(made.to_json())
    assert read.check(KEYS, ("hub", "mainz")) == permit()
    assert read.digest == made.digest
    with pytest.raises(PermitDenied, match="not signed by turin"):
        read.check(KEYS, ("hub", "turin"))
    with pytest.raises(PermitDenied, match="not known here"):
        read.check({"hub": HUB.public}, ("hub", "mainz"))


def test_a_signature_of_another_key_or_for_another_permit_does_not_hold() -> None:
    forged = PermitDocument.of(permit()).signed("hub", TURIN)
    with pytest.raises(ProtocolViolation, match="hub"):
        forged.check(KEYS, ("hub",))
    made = PermitDocument.of(permit()).signed("hub", HUB)
    wider = PermitDocument(
        PermitDocument.of(permit(algorithms=("cox", "describe", "k_means"))).payload, made.signatures
    )
    with pytest.raises(ProtocolViolation):
        wider.check(KEYS, ("hub",))
    renamed = PermitDocument(made.payload, {"mainz": made.signatures["hub"]})
    with pytest.raises(ProtocolViolation):
        renamed.check({"mainz": HUB.public}, ("mainz",))


def _changed(change: Any) -> str:
    plain = json.loads(PermitDocument.of(permit()).signed("hub", HUB).to_json())
    change(plain)
    return json.dumps(plain)


def _header(plain: dict[str, Any], **parts: str) -> None:
    header = {"alg": "EdDSA", "kid": "hub", "typ": "cohortium-permit+jws", **parts}
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    plain["signatures"][0]["protected"] = base64.urlsafe_b64encode(text).decode().rstrip("=")


@pytest.mark.parametrize(
    "change",
    [
        lambda plain: _header(plain, alg="none"),
        lambda plain: _header(plain, alg="HS256"),
        lambda plain: _header(plain, typ="JWT"),
        lambda plain: _header(plain, crit="x"),
        lambda plain: plain["signatures"][0].update(header={"alg": "none"}),
        lambda plain: plain.pop("payload"),
        lambda plain: plain["signatures"].append(dict(plain["signatures"][0])),
        lambda plain: plain.update(payload=plain["payload"] + "="),
        lambda plain: plain.update(payload="!!"),
    ],
    ids=["none", "hmac", "type", "critical", "unprotected", "payload", "twice", "padding", "letters"],
)
def test_documents_of_another_form_are_refused(change: Any) -> None:
    with pytest.raises(ProtocolViolation):
        document_from_json(_changed(change))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"payload": 3, "signatures": 4}', "x" * 300_000])
def test_texts_that_are_no_documents_are_refused(text: str) -> None:
    with pytest.raises(ProtocolViolation):
        document_from_json(text)


@pytest.mark.parametrize("part", ["number", "applicant", "datasets", "purposes", "starts"])
def test_a_permit_with_a_part_missing_is_none(part: str) -> None:
    plain = permit().to_plain()
    assert permit_from_plain(plain) == permit()
    del plain[part]
    with pytest.raises(ProtocolViolation):
        permit_from_plain(plain)


def test_revocations_only_grow_and_only_their_authority_makes_them() -> None:
    first = Revocations(1, "2026-01-01T00:00:00Z", suspended=("a",))
    second = Revocations(2, "2026-01-02T00:00:00Z", revoked=("b",))
    known = read_revocations(first.signed(HUB), HUB.public, "hub")
    assert (known.stops("a"), known.stops("b")) == ("suspended", "")
    known = read_revocations(second.signed(HUB), HUB.public, "hub", known)
    assert (known.stops("a"), known.stops("b")) == ("", "revoked")
    with pytest.raises(ProtocolViolation, match="number 1"):
        read_revocations(first.signed(HUB), HUB.public, "hub", known)
    with pytest.raises(ProtocolViolation, match="takes one back"):
        read_revocations(Revocations(3, "t").signed(HUB), HUB.public, "hub", known)
    with pytest.raises(ProtocolViolation, match="two lists"):
        read_revocations(Revocations(2, "t", revoked=("b", "c")).signed(HUB), HUB.public, "hub", known)
    with pytest.raises(ProtocolViolation):
        read_revocations(Revocations(4, "t", revoked=("b",)).signed(TURIN), HUB.public, "hub", known)


@pytest.mark.parametrize("text", ["", "[]", '{"payload": "{}", "signature": ""}', '{"payload": "{}"}'])
def test_texts_that_are_no_revocations_are_refused(text: str) -> None:
    with pytest.raises(ProtocolViolation):
        read_revocations(text, HUB.public, "hub")
