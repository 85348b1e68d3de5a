"""Accounts with passwords, second factors, sessions and tokens, in the governance database.

Whom it protects from what: from whoever guesses passwords (slow hashes, limits per account and address), reads the
database (secrets of links, sessions and tokens are kept as digests, passwords as Argon2id), replays a code or a session
that was ended, or sends a person's browser here (a token per session that forms must carry). Not from whoever controls
the machine, or the person's device.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from cohortium.errors import InvalidRequest, PermitDenied
from cohortium.govern.accounts import passwords
from cohortium.govern.accounts.roles import Role
from cohortium.govern.accounts.tables import ACCOUNTS, ATTEMPTS, INVITATIONS, RECOVERY, SESSIONS, TOKENS
from cohortium.govern.store import Store

INVITED_S = 48 * 3_600
IDLE_S, LONGEST_S = 30 * 60, 12 * 3_600
"""After so long without a request, and at the latest after so long, a session ends."""
WINDOW_S, MOST_PER_ACCOUNT, MOST_PER_ADDRESS = 15 * 60, 10, 100
RECOVERY_CODES = 10
STEP_S = 30
TOKEN_PREFIX = "cohortium_"  # noqa: S105 - by which leaked tokens are found
WRONG = "Account, password or code are wrong, or there were too many attempts. Try again in a quarter of an hour."
Events = Callable[[str, Mapping[str, Any]], None]
"""Told of every sign-in, failure and change: what, and details without any secret."""


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody. ``has_second_factor``: whether a code is asked for beside the password."""

    account: str
    name: str
    roles: frozenset[Role]
    has_second_factor: bool
    is_active: bool


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in; ``csrf`` goes into every form."""

    account: Account
    csrf: str
    begun: int
    with_second_factor: bool


class Accounts:
    """All accounts of a hub or node.

    clock  : seconds since 1970.
    events : told of what happens, for the ledger.
    """

    def __init__(
        self, store: Store, *, clock: Callable[[], float] = time.time, events: Events = lambda _what, _detail: None
    ) -> None:
        self.store, self._clock, self.events = store, clock, events
        store.make_tables()

    def first_link(self) -> str | None:
        """The secret with which the first administrator sets the account up; None where there is an account already.

        An earlier one stops working.
        """
        with self.store.transaction() as connection:
            if connection.execute(select(func.count()).select_from(ACCOUNTS)).scalar():
                return None
            connection.execute(delete(INVITATIONS).where(INVITATIONS.c.made_by == ""))
            return self._invite(connection, "", "", (Role.ADMINISTRATOR,), "")

    def invite(self, account: str, name: str, roles: Sequence[Role], by: str) -> str:
        """The secret with which somebody sets a new account up, or a new password, once, within two days.

        Raises : InvalidRequest for a name that cannot be one, or without a role.
        """
        _check_name(account)
        if not roles:
            raise InvalidRequest("An account needs at least one role.")
        with self.store.transaction() as connection:
            connection.execute(delete(INVITATIONS).where(INVITATIONS.c.account == account))
            secret = self._invite(connection, account, name, roles, by)
        self.events("account invited", {"account": account, "roles": sorted(roles), "by": by})
        return secret

    def accept(self, secret: str, password: str, *, account: str = "", name: str = "") -> Account:
        """Set an account up with the secret of its invitation, and end whatever was open for it before.

        account, name : chosen by the first administrator; of others the invitation knows them.
        Raises : PermitDenied where the secret is unknown, used or too old; InvalidRequest for a bad password or name.
        """
        with self.store.transaction() as connection:
            row = connection.execute(
                select(INVITATIONS).where(INVITATIONS.c.digest == _digest(secret), INVITATIONS.c.expires > self._now())
            ).first()
            if row is None:
                raise PermitDenied("This link is unknown, was used, or is too old. Ask for another.")
            chosen, called = row.account or account, row.name or name or account
            _check_name(chosen)
            passwords.check_password(password, chosen, called)
            values = {
                "name": called, "roles": row.roles, "password": passwords.hashed(password), "is_active": True,
                "one_time_secret": None, "one_time_last": 0,
            }  # fmt: skip
            done = connection.execute(update(ACCOUNTS).where(ACCOUNTS.c.account == chosen).values(**values))
            if not done.rowcount:
                made = datetime.fromtimestamp(self._now(), UTC).isoformat()
                connection.execute(insert(ACCOUNTS).values(account=chosen, made=made, **values))
            connection.execute(delete(INVITATIONS).where(INVITATIONS.c.digest == _digest(secret)))
            self._end_all(connection, chosen)
        self.events("account set up", {"account": chosen})
        return self.account(chosen)

    def account(self, account: str) -> Account:
        """Raises InvalidRequest where there is none of that name."""
        with self.store.reading() as connection:
            found = self._account(connection, account)
        if found is None:
            raise InvalidRequest(f"There is no account '{account}'.")
        return found

    def accounts(self) -> list[Account]:
        """All of them, by name."""
        with self.store.reading() as connection:
            rows = connection.execute(select(ACCOUNTS).order_by(ACCOUNTS.c.account)).all()
        return [_account_of(row) for row in rows]

    def deactivate(self, account: str, by: str) -> None:
        """End everything that is open for an account, and let nobody in by it. The last administrator stays.

        Raises : InvalidRequest.
        """
        with self.store.transaction() as connection:
            found = self._account(connection, account)
            if found is None:
                raise InvalidRequest(f"There is no account '{account}'.")
            others = [
                one
                for one in map(_account_of, connection.execute(select(ACCOUNTS)).all())
                if Role.ADMINISTRATOR in one.roles and one.is_active and one.account != account
            ]
            if Role.ADMINISTRATOR in found.roles and not others:
                raise InvalidRequest("This is the last administrator; make another one first.")
            connection.execute(update(ACCOUNTS).where(ACCOUNTS.c.account == account).values(is_active=False))
            connection.execute(delete(TOKENS).where(TOKENS.c.account == account))
            self._end_all(connection, account)
        self.events("account deactivated", {"account": account, "by": by})

    def sign_in(self, account: str, password: str, code: str = "", *, address: str = "") -> str:
        """A new session's secret, for a cookie.

        code    : of the second factor, or a recovery code, where the account has one.
        address : that the request came from.
        Raises  : PermitDenied with the same words whatever was wrong, and whether or not there is such an account.
        """
        now = self._now()
        keys = [f"account/{account}", *([f"address/{address}"] if address else [])]
        with self.store.transaction() as connection:
            limits = dict(zip(keys, (MOST_PER_ACCOUNT, MOST_PER_ADDRESS), strict=False))
            is_free = all(self._attempts(connection, key, now) < most for key, most in limits.items())
            row = connection.execute(select(ACCOUNTS).where(ACCOUNTS.c.account == account)).first()
            is_right = passwords.is_password(password, row.password if row is not None else None)
            is_let_in = is_free and is_right and row is not None and row.is_active
            if is_let_in and row is not None and row.one_time_secret:
                is_let_in = self._takes_code(connection, row, code, now)
            if is_let_in and row is not None:
                if passwords.needs_rehash(row.password):
                    again = update(ACCOUNTS).where(ACCOUNTS.c.account == account)
                    connection.execute(again.values(password=passwords.hashed(password)))
                connection.execute(delete(ATTEMPTS).where(ATTEMPTS.c.key == _digest(keys[0])))
                secret = self._begin(connection, account, bool(row.one_time_secret), now)
            else:
                for key in keys:
                    connection.execute(insert(ATTEMPTS).values(key=_digest(key), at=now))
        if not is_let_in:
            self.events("sign-in refused", {"account": account if row is not None else "unknown"})
            raise PermitDenied(WRONG)
        self.events(
            "signed in", {"account": account, "with_second_factor": bool(row is not None and row.one_time_secret)}
        )
        return secret

    def session(self, secret: str) -> Session | None:
        """Whoever is signed in with this secret; None where nobody is (any more)."""
        now = self._now()
        with self.store.transaction() as connection:
            row = connection.execute(select(SESSIONS).where(SESSIONS.c.digest == _digest(secret))).first()
            if row is None:
                return None
            found = self._account(connection, row.account)
            if found is None or not found.is_active or now - row.seen > IDLE_S or now - row.begun > LONGEST_S:
                connection.execute(delete(SESSIONS).where(SESSIONS.c.digest == row.digest))
                return None
            connection.execute(update(SESSIONS).where(SESSIONS.c.digest == row.digest).values(seen=now))
        return Session(found, row.csrf, row.begun, row.with_second_factor)

    def sign_out(self, secret: str) -> None:
        """End a session."""
        with self.store.transaction() as connection:
            row = connection.execute(select(SESSIONS.c.account).where(SESSIONS.c.digest == _digest(secret))).first()
            connection.execute(delete(SESSIONS).where(SESSIONS.c.digest == _digest(secret)))
        if row is not None:
            self.events("signed out", {"account": row.account})

    def change_password(self, account: str, old: str, new: str, *, address: str = "") -> str:
        """Another password; every open session ends, and the secret of a new one comes back.

        Raises : PermitDenied where the old one is wrong; InvalidRequest where the new one cannot be taken.
        """
        found = self.account(account)
        passwords.check_password(new, account, found.name)
        now = self._now()
        with self.store.transaction() as connection:
            row = connection.execute(select(ACCOUNTS).where(ACCOUNTS.c.account == account)).one()
            is_free = self._attempts(connection, f"account/{account}", now) < MOST_PER_ACCOUNT
            is_right = passwords.is_password(old, row.password) and is_free
            if is_right:
                new_hash = passwords.hashed(new)
                connection.execute(update(ACCOUNTS).where(ACCOUNTS.c.account == account).values(password=new_hash))
                self._end_all(connection, account)
                secret = self._begin(connection, account, bool(row.one_time_secret), now)
            else:
                connection.execute(insert(ATTEMPTS).values(key=_digest(f"account/{account}"), at=now))
        if not is_right:
            raise PermitDenied(WRONG)
        self.events("password changed", {"account": account, "address": address})
        return secret

    def confirm_password(self, account: str, password: str) -> None:
        """Raises PermitDenied where this is not the account's password; counts as an attempt then."""
        now = self._now()
        with self.store.transaction() as connection:
            row = connection.execute(select(ACCOUNTS).where(ACCOUNTS.c.account == account)).first()
            is_free = self._attempts(connection, f"account/{account}", now) < MOST_PER_ACCOUNT
            is_right = passwords.is_password(password, row.password if row is not None else None) and is_free
            if not is_right:
                connection.execute(insert(ATTEMPTS).values(key=_digest(f"account/{account}"), at=now))
        if not is_right:
            raise PermitDenied(WRONG)

    def begin_second_factor(self, account: str, issuer: str) -> tuple[str, str]:
        """A secret for an authenticator, and its otpauth:// address; it counts from ``confirm_second_factor`` on."""
        import pyotp

        secret = pyotp.random_base32()
        return secret, pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)

    def confirm_second_factor(self, account: str, secret: str, code: str) -> list[str]:
        """From now on a code is asked for; recovery codes, which are shown this once.

        Raises : PermitDenied where the code is not of the secret.
        """
        now = self._now()
        step = _step_of(secret, code, now)
        if step is None:
            raise PermitDenied("The code is not right. See that the device's clock is.")
        codes = [f"{secrets.token_hex(4)}-{secrets.token_hex(4)}" for _ in range(RECOVERY_CODES)]
        with self.store.transaction() as connection:
            values = {"one_time_secret": secret, "one_time_last": step}
            connection.execute(update(ACCOUNTS).where(ACCOUNTS.c.account == account).values(**values))
            connection.execute(delete(RECOVERY).where(RECOVERY.c.account == account))
            connection.execute(insert(RECOVERY), [{"account": account, "digest": _digest(code)} for code in codes])
        self.events("second factor set", {"account": account})
        return codes

    def make_token(self, account: str, label: str, scopes: Sequence[str], days: int) -> str:
        """A token for programs, shown this once.

        Raises : InvalidRequest without a label or scope, or for longer than a year.
        """
        if not label.strip() or not scopes or not 1 <= days <= 366:
            raise InvalidRequest("A token needs a label, one scope or more, and 1 to 366 days.")
        secret, now = TOKEN_PREFIX + secrets.token_urlsafe(32), self._now()
        with self.store.transaction() as connection:
            connection.execute(delete(TOKENS).where(TOKENS.c.account == account, TOKENS.c.label == label))
            connection.execute(
                insert(TOKENS).values(
                    digest=_digest(secret), account=account, label=label, scopes=json.dumps(sorted(scopes)),
                    expires=now + 86_400 * days, made=now, last_used=0,
                )
            )  # fmt: skip
        self.events("token made", {"account": account, "label": label, "scopes": sorted(scopes)})
        return secret

    def by_token(self, secret: str, scope: str) -> Account | None:
        """Whose token this is, if it is for that scope and still counts."""
        now = self._now()
        with self.store.transaction() as connection:
            row = connection.execute(select(TOKENS).where(TOKENS.c.digest == _digest(secret))).first()
            if row is None or row.expires <= now or scope not in json.loads(row.scopes):
                return None
            found = self._account(connection, row.account)
            if found is None or not found.is_active:
                return None
            connection.execute(update(TOKENS).where(TOKENS.c.digest == row.digest).values(last_used=now))
        return found

    def revoke_token(self, account: str, label: str) -> None:
        """End a token of an account; raises InvalidRequest where it has none of that label."""
        with self.store.transaction() as connection:
            done = connection.execute(delete(TOKENS).where(TOKENS.c.account == account, TOKENS.c.label == label))
        if not done.rowcount:
            raise InvalidRequest(f"There is no token '{label}'.")
        self.events("token revoked", {"account": account, "label": label})

    def _now(self) -> int:
        return int(self._clock())

    def _account(self, connection: Connection, account: str) -> Account | None:
        row = connection.execute(select(ACCOUNTS).where(ACCOUNTS.c.account == account)).first()
        return None if row is None else _account_of(row)

    def _invite(self, connection: Connection, account: str, name: str, roles: Sequence[Role], by: str) -> str:
        secret = secrets.token_urlsafe(32)
        connection.execute(
            insert(INVITATIONS).values(
                digest=_digest(secret), account=account, name=name, roles=json.dumps(sorted(roles)), made_by=by,
                expires=self._now() + INVITED_S,
            )
        )  # fmt: skip
        return secret

    def _begin(self, connection: Connection, account: str, with_second_factor: bool, now: int) -> str:
        secret = secrets.token_urlsafe(32)
        connection.execute(
            insert(SESSIONS).values(
                digest=_digest(secret), account=account, csrf=secrets.token_urlsafe(32), begun=now, seen=now,
                with_second_factor=with_second_factor,
            )
        )  # fmt: skip
        return secret

    def _end_all(self, connection: Connection, account: str) -> None:
        connection.execute(delete(SESSIONS).where(SESSIONS.c.account == account))

    def _attempts(self, connection: Connection, key: str, now: int) -> int:
        connection.execute(delete(ATTEMPTS).where(ATTEMPTS.c.at <= now - WINDOW_S))
        count = select(func.count()).select_from(ATTEMPTS).where(ATTEMPTS.c.key == _digest(key))
        return int(connection.execute(count).scalar() or 0)

    def _takes_code(self, connection: Connection, row: Any, code: str, now: int) -> bool:
        """Whether the code is right and was not used before; a recovery code counts once."""
        step = _step_of(row.one_time_secret, code, now)
        if step is not None:
            newer = update(ACCOUNTS).where(ACCOUNTS.c.account == row.account, ACCOUNTS.c.one_time_last < step)
            return bool(connection.execute(newer.values(one_time_last=step)).rowcount)
        used = delete(RECOVERY).where(RECOVERY.c.account == row.account, RECOVERY.c.digest == _digest(code.strip()))
        return bool(connection.execute(used).rowcount)


def _step_of(secret: str, code: str, now: int) -> int | None:
    """The step of time that a code is of, the present one or a neighbour; None where it is of none (RFC 6238)."""
    import pyotp

    machine, plain = pyotp.TOTP(secret, interval=STEP_S), code.replace(" ", "")
    for step in (now // STEP_S, now // STEP_S - 1, now // STEP_S + 1):
        if hmac.compare_digest(machine.generate_otp(step), plain):
            return step
    return None


def _account_of(row: Any) -> Account:
    roles = frozenset(Role(one) for one in json.loads(row.roles))
    return Account(row.account, row.name, roles, bool(row.one_time_secret), bool(row.is_active))


def _check_name(account: str) -> None:
    if (
        not 2 <= len(account) <= 64
        or not all(one.isalnum() or one in "._-@" for one in account)
        or account != account.strip()
    ):
        raise InvalidRequest("An account's name has 2 to 64 letters, digits and . _ - @.")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
