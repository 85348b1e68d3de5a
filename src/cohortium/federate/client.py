"""The hub's service as seen from outside: joining as a node, and asking as a researcher. Standard library only."""

from __future__ import annotations

import hashlib
import json
import secrets
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cohortium.errors import (
    CohortiumError,
    InvalidRequest,
    PermitDenied,
    ProtocolViolation,
    SiteUnavailable,
    TargetUnwritable,
)
from cohortium.federate.hub.invitations import Token

ENDED = ("done", "failed", "cancelled")
_KINDS: dict[str, type[CohortiumError]] = {
    "InvalidRequest": InvalidRequest,
    "PermitDenied": PermitDenied,
    "ProtocolViolation": ProtocolViolation,
}


@dataclass(frozen=True, slots=True)
class HubClient:
    """One hub, as the bearer of a token sees it.

    token     : address, authority's fingerprint, name and secret.
    authority : the hub's authority (PEM), checked against the fingerprint.
    """

    token: Token
    authority: str

    @classmethod
    def of(cls, text: str) -> HubClient:
        """The hub that a token speaks of.

        Raises : SiteUnavailable where it cannot be reached; ProtocolViolation where another poses as it.
        """
        token = Token.from_text(text)
        unchecked = ssl.create_default_context()
        unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
        # nothing secret is sent here; what comes is trusted only if its digest is the token's
        certificate = _call(urllib.request.Request(f"{token.url}/authority.crt"), unchecked).decode()  # noqa: S310
        if hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest() != token.authority:
            raise ProtocolViolation("The hub at this address is not the one that the token was made by.")
        return cls(token, certificate)

    def get(self, path: str) -> Any:
        """What the hub answers to a question."""
        return json.loads(self.fetch(path))

    def fetch(self, path: str) -> bytes:
        """The same, as bytes."""
        return _call(self._request(path), self._context())

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """What the hub answers to a request."""
        request = self._request(path)
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
        return json.loads(_call(request, self._context()))

    def submit(self, study: dict[str, Any]) -> str:
        """Submit a study (plain); the run's name. Sent again where the answer got lost, it still runs once."""
        body = {"study": study, "token": secrets.token_hex(16)}
        for last in (False, False, True):
            try:
                return str(self.post("/studies", body)["run"])
            except SiteUnavailable:
                if last:
                    raise
                time.sleep(1.0)
        raise SiteUnavailable("The hub did not answer.")

    def watch(self, run: str, said: Callable[[dict[str, Any]], None], pause_s: float = 0.3) -> dict[str, Any]:
        """The run when it has ended; ``said`` hears of every event on the way."""
        after = 0
        while True:
            found: dict[str, Any] = self.get(f"/runs/{run}?after={after}")
            for event in found["events"]:
                after = int(event["number"])
                said(event)
            if found["status"] in ENDED:
                return found
            time.sleep(pause_s)

    def _request(self, path: str) -> urllib.request.Request:
        request = urllib.request.Request(f"{self.token.url}{path}")  # noqa: S310 - checked to be https
        request.add_header("Authorization", f"Bearer {self.token.secret}")
        return request

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cadata=self.authority)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        return context


def enrol(text: str, folder: Path) -> str:
    """Make a node in ``folder``: a key that stays here, and a certificate from the hub. The site's name.

    Raises : TargetUnwritable where there is a node already; PermitDenied where the token does not admit.
    """
    from cohortium.federate.engine.certificates import new_key, signing_request

    folder = folder.resolve()
    if (folder / "node.toml").exists():
        raise TargetUnwritable(f"There is a node in {folder} already.")
    hub = HubClient.of(text)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    key_path = folder / "site.key"
    key_path.unlink(missing_ok=True)  # of an enrolment that was broken off: it was never certified
    key = new_key(key_path)
    from cryptography.hazmat.primitives.serialization import Encoding

    request = signing_request(key, hub.token.name).public_bytes(Encoding.PEM).decode()
    answer = hub.post("/enrol", {"secret": hub.token.secret, "request": request})
    (folder / "site.crt").write_text(answer["certificate"], "utf-8")
    (folder / "authority.crt").write_text(hub.authority, "utf-8")
    unfinished = folder / ".node.toml.unfinished"
    settings = {name: answer[name] for name in ("site", "hub", "server_name")}
    unfinished.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items()), "utf-8")
    unfinished.replace(folder / "node.toml")
    return str(answer["site"])


def _call(request: urllib.request.Request, context: ssl.SSLContext) -> bytes:
    if not request.full_url.startswith("https://"):
        raise InvalidRequest("A hub is reached by https only.")
    try:
        with urllib.request.urlopen(request, context=context, timeout=30) as answer:  # noqa: S310 - checked above
            data: bytes = answer.read()
            return data
    except urllib.error.HTTPError as error:
        raise _error_of(error) from None
    except (urllib.error.URLError, OSError) as error:
        reason = getattr(error, "reason", error)
        raise SiteUnavailable(f"The hub at {request.host} cannot be reached: {reason}.") from error


def _error_of(error: urllib.error.HTTPError) -> CohortiumError:
    try:
        plain = json.loads(error.read())
        return _KINDS.get(plain["error"], InvalidRequest)(plain["message"])
    except (ValueError, KeyError, TypeError):
        return InvalidRequest(f"The hub answered {error.code}.")
