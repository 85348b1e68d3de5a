"""Who comes in, and what every answer of the web carries: cookies, tokens against forged forms, headers.

Whom it protects from what: forged forms and framing (a token per session, cookies that other sites do not send, no
frames), scripts in names and titles (everything is escaped, and the policy names the digest of the only script), stolen
cookies (not readable by scripts, sent over TLS alone, ended when idle). Not from whoever controls the browser.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from cohortium.errors import InvalidRequest, PermitDenied
from cohortium.govern.accounts import Accounts, Role, Session

COOKIE = "__Host-cohortium"
MOST_FORM = 64 * 1024
HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Strict-Transport-Security": "max-age=31536000",
}


class SignInFirst(Exception):
    """Nobody is signed in."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A form as it came: each name with its values."""

    values: Mapping[str, list[str]]

    def one(self, name: str) -> str:
        """The value of a field; empty where it did not come."""
        return self.values.get(name, [""])[0].strip()

    def secret(self, name: str) -> str:
        """The same to the letter."""
        return self.values.get(name, [""])[0]

    def all(self, name: str) -> list[str]:
        """The values of a field with several."""
        return self.values.get(name, [])


@dataclass(frozen=True, slots=True)
class Door:
    """Lets people in by their session, for pages that ask for one of some roles."""

    accounts: Accounts

    def session(self, request: Request) -> Session | None:
        """Whoever is signed in."""
        secret = request.cookies.get(COOKIE, "")
        return self.accounts.session(secret) if secret else None

    def enter(self, request: Request, *roles: Role) -> Session:
        """Whoever is signed in and has one of the roles, any where none is named; raises SignInFirst, PermitDenied."""
        found = self.session(request)
        if found is None:
            raise SignInFirst
        if roles and not found.account.roles & set(roles):
            raise PermitDenied(f"This page is for: {', '.join(sorted(roles))}.")
        return found

    async def form(self, request: Request, session: Session | None) -> Asked:
        """What a form sent; raises PermitDenied where it was not made for this session, InvalidRequest if too long."""
        body = await request.body()
        if len(body) > MOST_FORM:
            raise InvalidRequest("The form is too long.")
        try:
            values = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=500)
        except (UnicodeDecodeError, ValueError) as error:
            raise InvalidRequest("The form cannot be read.") from error
        asked = Asked(values)
        is_own = request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
        if (session is not None and not hmac.compare_digest(asked.one("csrf"), session.csrf)) or not is_own:
            raise PermitDenied("The form was not made here for you, or is too old. Open the page again.")
        return asked


def shown(html: str, status: int = 200) -> HTMLResponse:
    """A page with its headers; the policy for scripts and styles is the page's own."""
    return HTMLResponse(html, status, headers={**HEADERS, "Content-Security-Policy": "frame-ancestors 'none'"})


def led_to(place: str) -> RedirectResponse:
    """To another page, after a form was taken."""
    return RedirectResponse(place, 303, headers=HEADERS)


def let_in(response: Response, secret: str) -> Response:
    """With the cookie of a new session, in the place of an earlier one."""
    response.set_cookie(COOKIE, secret, secure=True, httponly=True, samesite="strict", path="/")
    return response


def let_out(response: Response) -> Response:
    """Without the cookie."""
    response.delete_cookie(COOKIE, secure=True, httponly=True, samesite="strict", path="/")
    return response
