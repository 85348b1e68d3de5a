"""Accounts: what opens a door, what closes it, and what an attacker gets for his trouble."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("argon2", reason="the extra 'govern' is not installed")

import pyotp
from sqlalchemy import select

from cohortium.errors import InvalidRequest, PermitDenied
from cohortium.govern.accounts import Accounts, Role, passwords
from cohortium.govern.accounts.accounts import (
    IDLE_S,
    INVITED_S,
    LONGEST_S,
    MOST_PER_ACCOUNT,
    MOST_PER_ADDRESS,
    WINDOW_S,
)
from cohortium.govern.accounts.passwords import check_password
from cohortium.govern.accounts.tables import ACCOUNTS
from cohortium.govern.store import Store

WORDS, OTHER = "violet tram over seven bridges", "amber kettle under nine lamps"


class Door:
    """Accounts with a clock that a test moves, and everything that was told."""

    def __init__(self, path: Path) -> None:
        self.now = 1_800_000_000.0
        self.told: list[tuple[str, Mapping[str, Any]]] = []
        self.path = path
        self.accounts = Accounts(
            Store(path), clock=lambda: self.now, events=lambda what, d: self.told.append((what, d))
        )

    def ada(self) -> Door:
        secret = self.accounts.first_link()
        assert secret is not None
        self.accounts.accept(secret, WORDS, account="ada", name="Ada Example")
        return self


@pytest.fixture(autouse=True, scope="module")
def quick_hashes() -> Iterator[None]:
    """Weak settings, since the tests try hundreds of passwords; what they are is no matter here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "MEMORY_KIB", 8)
        patch.setattr(passwords, "PASSES", 1)
        for kept in (passwords._hasher, passwords._nobody):
            kept.cache_clear()
        yield
    for kept in (passwords._hasher, passwords._nobody):
        kept.cache_clear()


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path / "govern.db").ada()


def denied(door: Door, password: str = WORDS, code: str = "", account: str = "ada", address: str = "") -> str:
    with pytest.raises(PermitDenied) as caught:
        door.accounts.sign_in(account, password, code, address=address)
    return str(caught.value)


def test_the_first_link_makes_an_administrator_once(tmp_path: Path) -> None:
    door = Door(tmp_path / "govern.db")
    earlier, secret = door.accounts.first_link(), door.accounts.first_link()
    assert earlier is not None and secret is not None
    with pytest.raises(PermitDenied):
        door.accounts.accept(earlier, WORDS, account="eve", name="Eve")
    assert door.accounts.accept(secret, WORDS, account="ada", name="Ada").roles == {Role.ADMINISTRATOR}
    assert door.accounts.first_link() is None
    with pytest.raises(PermitDenied):
        door.accounts.accept(secret, OTHER, account="eve", name="Eve")


def test_an_invitation_counts_once_and_for_two_days(door: Door) -> None:
    secret = door.accounts.invite("bob", "Bob Example", [Role.RESEARCHER, Role.CLINICIAN], "ada")
    door.now += INVITED_S + 1
    with pytest.raises(PermitDenied, match="too old"):
        door.accounts.accept(secret, OTHER)
    secret = door.accounts.invite("bob", "Bob Example", [Role.RESEARCHER], "ada")
    made = door.accounts.accept(secret, OTHER, account="ada", name="Not Bob")
    assert (made.account, made.name, made.roles) == ("bob", "Bob Example", {Role.RESEARCHER})


def test_a_session_ends_when_idle_at_the_latest_and_when_asked(door: Door) -> None:
    secret = door.accounts.sign_in("ada", WORDS)
    session = door.accounts.session(secret)
    assert session is not None and session.account.account == "ada" and len(session.csrf) > 30
    door.now += IDLE_S - 1
    assert door.accounts.session(secret) is not None
    door.now += IDLE_S + 1
    assert door.accounts.session(secret) is None
    secret = door.accounts.sign_in("ada", WORDS)
    for _ in range(LONGEST_S // (IDLE_S - 1)):
        door.now += IDLE_S - 1
        door.accounts.session(secret)
    door.now += IDLE_S - 1
    assert door.accounts.session(secret) is None
    secret = door.accounts.sign_in("ada", WORDS)
    door.accounts.sign_out(secret)
    assert door.accounts.session(secret) is None and door.accounts.session("") is None


def test_every_sign_in_has_a_session_of_its_own(door: Door) -> None:
    assert door.accounts.sign_in("ada", WORDS) != door.accounts.sign_in("ada", WORDS)


def test_wrong_words_say_the_same_for_everybody(door: Door) -> None:
    assert denied(door, OTHER) == denied(door, WORDS, account="nobody")
    assert [what for what, _ in door.told[-2:]] == ["sign-in refused"] * 2
    assert door.told[-1][1] == {"account": "unknown"}


def test_guessing_is_slowed_by_account_and_by_address_also_after_a_restart(door: Door) -> None:
    for _ in range(MOST_PER_ACCOUNT):
        denied(door, OTHER)
    denied(door)
    denied(_again(door))
    door.now += WINDOW_S + 1
    assert door.accounts.sign_in("ada", WORDS)
    for number in range(MOST_PER_ADDRESS):
        denied(door, OTHER, account=f"somebody{number}", address="198.51.100.7")
    denied(door, address="198.51.100.7")
    assert door.accounts.sign_in("ada", WORDS, address="198.51.100.8")


def _again(door: Door) -> Door:
    made = Door(door.path)
    made.now = door.now
    return made


def test_a_second_factor_is_asked_for_and_a_code_counts_once(door: Door) -> None:
    secret, address = door.accounts.begin_second_factor("ada", "Cohortium")
    assert address.startswith("otpauth://totp/")
    machine = pyotp.TOTP(secret)
    with pytest.raises(PermitDenied):
        door.accounts.confirm_second_factor("ada", secret, "000000")
    codes = door.accounts.confirm_second_factor("ada", secret, machine.at(door.now))
    denied(door)
    denied(door, code=machine.at(door.now))
    door.now += 30
    assert door.accounts.session(door.accounts.sign_in("ada", WORDS, machine.at(door.now))).with_second_factor  # type: ignore[union-attr]
    denied(door, code=machine.at(door.now))
    assert door.accounts.sign_in("ada", WORDS, codes[0])
    denied(door, code=codes[0])
    denied(door, OTHER, code=codes[1])


def test_another_password_ends_every_session(door: Door) -> None:
    open_one = door.accounts.sign_in("ada", WORDS)
    with pytest.raises(PermitDenied):
        door.accounts.change_password("ada", OTHER, OTHER)
    fresh = door.accounts.change_password("ada", WORDS, OTHER)
    assert door.accounts.session(open_one) is None and door.accounts.session(fresh) is not None
    denied(door)


def test_whoever_is_deactivated_is_out_at_once_and_the_last_administrator_stays(door: Door) -> None:
    secret = door.accounts.invite("bob", "Bob Example", [Role.STEWARD], "ada")
    door.accounts.accept(secret, OTHER)
    session, token = door.accounts.sign_in("bob", OTHER), door.accounts.make_token("bob", "notebook", ["studies"], 30)
    door.accounts.deactivate("bob", "ada")
    assert door.accounts.session(session) is None and door.accounts.by_token(token, "studies") is None
    denied(door, OTHER, account="bob")
    with pytest.raises(InvalidRequest, match="last administrator"):
        door.accounts.deactivate("ada", "ada")


def test_a_token_opens_its_scope_until_it_ends(door: Door) -> None:
    token = door.accounts.make_token("ada", "notebook", ["studies"], 30)
    assert token.startswith("cohortium_")
    assert door.accounts.by_token(token, "studies") is not None
    assert door.accounts.by_token(token, "accounts") is None
    assert door.accounts.by_token(token[:-1], "studies") is None
    other = door.accounts.make_token("ada", "notebook", ["studies"], 1)
    assert door.accounts.by_token(token, "studies") is None
    door.now += 86_401
    assert door.accounts.by_token(other, "studies") is None
    with pytest.raises(InvalidRequest):
        door.accounts.make_token("ada", "for ever", ["studies"], 1_000)


def test_no_secret_is_in_the_database_or_in_an_event(door: Door, tmp_path: Path) -> None:
    session, token = door.accounts.sign_in("ada", WORDS), door.accounts.make_token("ada", "notebook", ["studies"], 30)
    link = door.accounts.invite("bob", "Bob Example", [Role.STEWARD], "ada")
    data = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in (session, token, link, WORDS):
        assert secret.encode() not in data
        assert secret not in str(door.told)


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("short of it", "15 to 256"),
        ("x" * 300, "15 to 256"),
        ("passwordpassword2026!", "many people"),
        ("aaaaaaaaaaaaaaaaaaaa", "many people"),
        ("ada.example-ada.example", "own name"),
    ],
)
def test_passwords_that_are_guessed_first_are_refused(password: str, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        check_password(password, "ada.example", "Ada Example")
    check_password(WORDS, "ada.example", "Ada Example")


def test_a_weaker_hash_is_made_anew_at_the_next_sign_in(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "PASSES", 2)
    passwords._hasher.cache_clear()
    kept = passwords.hashed("something else")
    assert kept.startswith("$argon2id$") and not passwords.needs_rehash(kept)
    assert door.accounts.sign_in("ada", WORDS) and door.accounts.sign_in("ada", WORDS)
    with door.accounts.store.reading() as connection:
        [row] = connection.execute(select(ACCOUNTS.c.password)).all()
    assert not passwords.needs_rehash(row.password)


@pytest.mark.parametrize("name", ["", "a", "a b", "<script>", "x" * 65, "a\nb"])
def test_names_are_plain(door: Door, name: str) -> None:
    with pytest.raises(InvalidRequest):
        door.accounts.invite(name, "Somebody", [Role.STEWARD], "ada")
