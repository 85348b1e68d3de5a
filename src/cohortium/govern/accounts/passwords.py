"""Passwords: what is accepted, and how they are kept.

Sources : NIST SP 800-63B-4, section 3.1.1 (fifteen characters, common words refused, no rules of composition); RFC 9106
(Argon2id) with the settings that the OWASP Password Storage Cheat Sheet names.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

from cohortium.errors import InvalidRequest, MissingExtra

FEWEST, MOST = 15, 256
MEMORY_KIB, PASSES, LANES = 19_456, 2, 1


def check_password(password: str, account: str, name: str) -> None:
    """Raises InvalidRequest where a password is short, common, or made of the account's own name."""
    if not FEWEST <= len(password) <= MOST:
        raise InvalidRequest(f"A password has {FEWEST} to {MOST} characters. Several words are easy to remember.")
    plain = password.casefold()
    own = [word for word in (account, *name.split()) if len(word) >= 4]
    rest = plain
    for word in own:
        rest = rest.replace(word.casefold(), "")
    if len(rest) < FEWEST // 2:
        raise InvalidRequest("The password is made of the account's own name. Choose other words.")
    if len(set(plain)) < 5 or any(plain.strip("0123456789!?.-_ ") == word for word in _common()):
        raise InvalidRequest("The password is one that many people use. Choose other words.")


def hashed(password: str) -> str:
    """As it is kept: Argon2id with a salt of its own."""
    return str(_hasher().hash(password))


def is_password(password: str, kept: str | None) -> bool:
    """Whether the password is the one that was kept; as slow where none was, so that time tells nothing."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        right = bool(_hasher().verify(kept or _nobody(), password))
    except (VerificationError, InvalidHashError):
        return False
    return right and kept is not None


def needs_rehash(kept: str) -> bool:
    """Whether it was kept with weaker settings than today's."""
    return bool(_hasher().check_needs_rehash(kept))


@cache
def _hasher():  # type: ignore[no-untyped-def]
    try:
        from argon2 import PasswordHasher
    except ImportError as error:
        raise MissingExtra("Accounts need the package 'argon2-cffi': pip install 'cohortium[govern]'") from error
    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)


@cache
def _nobody() -> str:
    return hashed("a password that nobody has")


@cache
def _common() -> frozenset[str]:
    text = resources.files("cohortium.govern.accounts").joinpath("common_passwords.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))
