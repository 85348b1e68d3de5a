# ruff: noqa: F811 - the fixture is a name, too
"""The hub's pages: who sees what, what forms do, and what the usual attacks get."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("argon2", reason="the extra 'govern' is not installed")
pytest.importorskip("httpx2", reason="httpx2 is not installed")

from fastapi import FastAPI
from fastapi.testclient import TestClient
from tests.unit.federate.conftest import Federation, federation  # noqa: F401 - a fixture
from tests.unit.federate.test_permits import STUDY, asked

from cohortium.federate.hub.airlock import Airlock
from cohortium.federate.hub.invitations import Invitations
from cohortium.federate.hub.permits import of_applicant
from cohortium.govern.accounts import Accounts, Role, passwords
from cohortium.govern.ledger.book import Ledger
from cohortium.govern.permits.dossier import Deed
from cohortium.govern.permits.register import Register
from cohortium.govern.store import Store
from cohortium.serve.web.door import COOKIE
from cohortium.serve.web.hub_pages import Hub
from cohortium.serve.web.hub_web import hub_web

WORDS = "violet tram over seven bridges"
PEOPLE = {
    "ada": [Role.ADMINISTRATOR],
    "ann": [Role.RESEARCHER],
    "bob": [Role.RESEARCHER],
    "dora": [Role.PROTECTION],
    "rita": [Role.REVIEWER],
    "carl": [Role.CLINICIAN],
}


@pytest.fixture(autouse=True, scope="module")
def quick_hashes() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "MEMORY_KIB", 8)
        for kept in (passwords._hasher, passwords._nobody):
            kept.cache_clear()
        yield
    for kept in (passwords._hasher, passwords._nobody):
        kept.cache_clear()


@pytest.fixture
def hub(federation: Federation) -> Hub:
    return hub_of(federation)


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Hub:
    """One hub for tests that change nothing."""
    return hub_of(Federation(tmp_path_factory.mktemp("lasting")))


def hub_of(federation: Federation) -> Hub:
    ledger = Ledger(federation.home / "hub", "hub/test", federation.hub.database)
    accounts = Accounts(Store(federation.home / "accounts.db"))
    for name, roles in PEOPLE.items():
        accounts.accept(accounts.invite(name, f"{name.capitalize()} Example", roles, "test"), WORDS)
    invitations = Invitations(federation.home / "invitations.db")
    register = Register(federation.hub.database, ledger.name, ledger.identity)
    return Hub(
        "Test hub", "/web", federation.hub, register, ledger, accounts, federation.channel, invitations
    )  # fmt: skip


def browser(hub: Hub, account: str = "") -> TestClient:
    """A browser, signed in where an account is named."""
    app = FastAPI()
    app.mount("/web", hub_web(hub))
    client = TestClient(app, base_url="https://hub.example", follow_redirects=False)
    if account:
        answer = client.post("/web/sign-in", data={"account": account, "password": WORDS})
        assert answer.status_code == 303
    return client


def csrf(client: TestClient, page: str = "/web/") -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', client.get(page).text)
    assert found is not None
    return found[1]


def send(client: TestClient, place: str, **data: object):  # type: ignore[no-untyped-def]
    return client.post(place, data={"csrf": csrf(client), **data})


def application(hub: Hub, account: str = "ann", **changes: object) -> str:
    return hub.register.draft(of_applicant(asked(**changes), account)).permit.number


MATRIX = {
    "/web/": set(PEOPLE),
    "/web/studies": {"ada", "ann", "bob", "dora"},
    "/web/permits": {"ada", "ann", "bob", "dora"},
    "/web/airlock": {"rita"},
    "/web/ledger": {"ada", "dora"},
    "/web/accounts": {"ada"},
    "/web/me": set(PEOPLE),
}


@pytest.mark.parametrize("place", list(MATRIX))
@pytest.mark.parametrize("account", list(PEOPLE))
def test_every_page_is_for_its_roles(lasting: Hub, place: str, account: str) -> None:
    answer = browser(lasting, account).get(place)
    assert answer.status_code == (200 if account in MATRIX[place] else 403)


@pytest.mark.parametrize("place", list(MATRIX))
def test_without_a_session_every_page_leads_to_the_door(lasting: Hub, place: str) -> None:
    answer = browser(lasting).get(place)
    assert (answer.status_code, answer.headers["location"]) == (303, "/web/sign-in")


POSTS = {
    "/web/permits": {"ann", "bob"},
    "/web/permits/new": {"ann", "bob"},
    "/web/airlock/run1/ages/release": {"rita"},
    "/web/ledger": {"ada", "dora"},
    "/web/accounts": {"ada"},
    "/web/accounts/end": {"ada"},
}


@pytest.mark.parametrize("place", list(POSTS))
@pytest.mark.parametrize("account", list(PEOPLE))
def test_every_form_is_for_its_roles_and_never_without_its_token(lasting: Hub, place: str, account: str) -> None:
    client = browser(lasting, account)
    assert (send(client, place).status_code == 403) == (account not in POSTS[place])
    assert client.post(place, data={"csrf": "forged"}).status_code == 403
    assert client.post(place, data={}).status_code == 403
    assert client.post(place, data={"csrf": csrf(client)}, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_a_permit_from_its_form_to_its_end(hub: Hub) -> None:
    ann, ada = browser(hub, "ann"), browser(hub, "ada")
    hub.invitations.enrolled("north", "a certificate")
    made = send(
        ann, "/web/permits", title="Ages", organisation="University of Mainz", country="de", purposes="research",
        dataset="trial", sites="north", columns="age, marker", algorithms="describe", modes="plain", outputs="table",
        minimisation="Only the age.", ethics="None.", starts="2026-01-01", ends="2035-01-01",
    )  # fmt: skip
    assert made.status_code == 303, made.text
    place = made.headers["location"]
    assert send(ann, f"{place}/submit").status_code == 303
    assert "Waits for" in ann.get(place).text
    assert send(ada, f"{place}/ask", reason="Why the marker?").status_code == 303
    assert "Why the marker?" in ann.get(place).text
    assert send(ann, f"{place}/answer", reason="It is the exposure.").status_code == 303
    assert send(ada, f"{place}/refuse", reason="Not now.").status_code == 303
    assert hub.register.dossier("P-2026-0001").acts[-1].deed is Deed.REFUSE


def test_what_a_form_lacks_is_said_and_what_was_written_stays(hub: Hub) -> None:
    ann = browser(hub, "ann")
    answer = send(ann, "/web/permits", title="My title", starts="2026-01-01", ends="2027-01-01", country="DE")
    assert answer.status_code == 422 and 'value="My title"' in answer.text and 'role="alert"' in answer.text
    assert hub.register.dossiers() == []


def test_another_persons_permit_and_study_are_not_there(hub: Hub, federation: Federation) -> None:
    number = application(hub)
    run = federation.hub.submit("run1", replace(STUDY, researcher="ann"), "token").run
    bob, dora = browser(hub, "bob"), browser(hub, "dora")
    for place in (f"/web/permits/{number}", f"/web/studies/{run}", f"/web/studies/{run}/results", "/web/permits/P-1"):
        assert bob.get(place).status_code == 404
    assert number not in bob.get("/web/permits").text and "Ages" not in bob.get("/web/studies").text
    assert send(bob, f"/web/permits/{number}/submit").status_code == 404
    assert dora.get(f"/web/permits/{number}").status_code == 200
    assert dora.get(f"/web/studies/{run}").status_code == 200


def test_an_applicant_cannot_act_for_the_authority(hub: Hub) -> None:
    number = application(hub)
    ann = browser(hub, "ann")
    send(ann, f"/web/permits/{number}/submit")
    for deed in ("refuse", "revoke", "ask", "suspend"):
        assert send(ann, f"/web/permits/{number}/{deed}", reason="x").status_code == 403
    for deed in ("agree", "edit", "nonsense"):
        assert send(ann, f"/web/permits/{number}/{deed}", reason="x").status_code == 404
    assert len(hub.register.dossier(number).acts) == 1


def test_a_title_is_text_wherever_it_stands(hub: Hub, federation: Federation) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    number = application(hub, title=evil)
    federation.hub.submit("run1", replace(STUDY, researcher="ann", title=evil), "token")
    ann = browser(hub, "ann")
    for place in ("/web/", "/web/studies", "/web/studies/run1", "/web/permits", f"/web/permits/{number}"):
        text = ann.get(place).text
        assert "<script>alert" not in text and "<img" not in text


def test_pages_carry_a_strict_policy_and_no_inline_handlers(hub: Hub) -> None:
    answer = browser(hub, "ada").get("/web/accounts")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', answer.text)
    assert policy is not None
    told = policy[1].replace("&#39;", "'")
    assert "default-src 'none'" in told and "form-action 'self'" in told and "unsafe" not in told
    assert answer.headers["x-frame-options"] == "DENY" and "no-store" in answer.headers["cache-control"]
    assert not re.search(r"\son\w+=|javascript:|style=", answer.text)


def test_the_cookie_is_out_of_reach_and_changes_at_each_sign_in(hub: Hub) -> None:
    client = browser(hub)
    client.cookies.set(COOKIE, "chosen by somebody else", domain="hub.example", path="/")
    answer = client.post("/web/sign-in", data={"account": "ann", "password": WORDS})
    cookie = answer.headers["set-cookie"]
    assert (
        all(word in cookie for word in ("Secure", "HttpOnly", "SameSite=strict", "Path=/")) and "chosen" not in cookie
    )
    again = client.post("/web/sign-in", data={"account": "ann", "password": WORDS}).headers["set-cookie"]
    assert again.split(";")[0] != cookie.split(";")[0]


def test_signing_out_ends_the_session_for_who_kept_the_cookie(hub: Hub) -> None:
    client = browser(hub, "ann")
    secret = client.cookies.get(COOKIE)
    assert send(client, "/web/sign-out").status_code == 303
    thief = browser(hub)
    thief.cookies.set(COOKIE, secret, domain="hub.example", path="/")
    assert thief.get("/web/").status_code == 303


def test_a_wrong_password_says_nothing_of_the_account(hub: Hub) -> None:
    client = browser(hub)
    answers = {
        client.post("/web/sign-in", data={"account": name, "password": "wrong"}).text for name in ("ann", "nobody")
    }
    assert len(answers) == 1


def test_an_account_is_made_by_its_link_once(hub: Hub) -> None:
    ada = browser(hub, "ada")
    answer = send(ada, "/web/accounts", account="eve", name="Eve Example", roles="steward")
    link = re.search(r"/web/set-up/([\w-]+)", answer.text)
    assert link is not None
    eve = browser(hub)
    assert eve.get(link[0]).status_code == 200
    assert "differ" in eve.post(link[0], data={"password": WORDS, "again": WORDS + "x"}).text
    assert eve.post(link[0], data={"password": WORDS, "again": WORDS}).status_code == 303
    assert hub.accounts.account("eve").roles == {Role.STEWARD}
    assert eve.post(link[0], data={"password": WORDS, "again": WORDS}).status_code == 422


def test_a_reviewer_lets_out_what_waits(hub: Hub, federation: Federation) -> None:
    study = replace(STUDY, researcher="ann")
    federation.approve_everywhere(study)
    conductor = federation.conductor()
    conductor.airlock = Airlock(frozenset({"table"}))
    conductor.conduct(federation.hub.submit("run1", study, "token").run)
    ann, rita = browser(hub, "ann"), browser(hub, "rita")
    assert "waits for a reviewer" in ann.get("/web/studies/run1").text
    assert "3 sites" not in rita.get("/web/airlock").text and "ages of" in rita.get("/web/airlock").text
    assert send(rita, "/web/airlock/run1/ages/release", reason=" ").status_code == 422
    assert send(rita, "/web/airlock/run1/ages/release", reason="Ages alone.").status_code == 303
    assert "Ages alone." in rita.get("/web/airlock").text
    assert ann.get("/web/studies/run1/results").status_code == 200


def test_the_ledger_is_checked_in_the_browser(hub: Hub, federation: Federation) -> None:
    federation.hub.record("run1", "something", {})
    dora = browser(hub, "dora")
    assert "run: something" in dora.get("/web/ledger").text
    assert "Every entry is the one that was hashed." in send(dora, "/web/ledger").text
    [bundle] = (hub.ledger.log.folder / "tile" / "entries").rglob("000.p/*")
    bundle.write_bytes(bundle.read_bytes().replace(b"something", b"sometimes"))
    assert "Changed, missing or out of order" in send(dora, "/web/ledger").text


def test_a_form_that_is_too_long_or_no_text_is_refused(hub: Hub) -> None:
    ann = browser(hub, "ann")
    assert ann.post("/web/permits", content=b"csrf=" + b"x" * 100_000).status_code == 422
    assert ann.post("/web/permits", content=b"csrf=%ff\xff\xfe").status_code in (403, 422)


@pytest.mark.parametrize("place", ["/web/none", "/web/../hub.key", "/web/studies/..%2f..", "/web/permits/%00"])
def test_what_is_not_there_is_not_there(hub: Hub, place: str) -> None:
    assert browser(hub, "ada").get(place).status_code == 404


def test_the_first_page_shows_hospitals_and_what_to_do_without_any(hub: Hub, tmp_path: Path) -> None:
    ada = browser(hub, "ada")
    assert "invite-node" in ada.get("/web/").text
    hub.invitations.enrolled("north", "a certificate")
    hub.invitations.enrolled("far", "a certificate")
    answer = ada.get("/web/")
    assert "not connected: far" in answer.text and answer.headers["refresh"] == "15"


def test_another_password_and_a_second_factor_from_the_page(hub: Hub) -> None:
    import pyotp

    other = "amber kettle under nine lamps"
    ann = browser(hub, "ann")
    before = ann.cookies.get(COOKIE)
    assert send(ann, "/web/me/password", old="wrong", new=other, again=other).status_code == 422
    assert send(ann, "/web/me/password", old=WORDS, new=other, again=other).status_code == 303
    assert ann.cookies.get(COOKIE) != before and ann.get("/web/me").status_code == 200
    assert send(ann, "/web/me/second-factor", old=WORDS).status_code == 403
    shown = send(ann, "/web/me/second-factor", old=other).text
    secret = re.search(r'name="secret" value="([A-Z2-7]+)"', shown)
    assert secret is not None
    assert send(ann, "/web/me/second-factor/confirm", secret=secret[1], code="000000").status_code == 422
    code = pyotp.TOTP(secret[1]).now()
    codes = re.findall(
        r"[0-9a-f]{8}-[0-9a-f]{8}", send(ann, "/web/me/second-factor/confirm", secret=secret[1], code=code).text
    )
    assert len(codes) == 10
    fresh = browser(hub)
    assert fresh.post("/web/sign-in", data={"account": "ann", "password": other}).status_code == 403
    assert fresh.post("/web/sign-in", data={"account": "ann", "password": other, "code": codes[0]}).status_code == 303
