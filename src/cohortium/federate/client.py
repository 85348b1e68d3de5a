"""The hub's service as seen from outside: joining as a node, and asking as a researcher. Standard library only."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import secrets
import ssl
import threading
import time
import urllib.parse
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from cohortium.errors import (
    CohortiumError,
    InvalidRequest,
    PermitDenied,
    ProtocolViolation,
    SiteUnavailable,
    TargetUnwritable,
)
from cohortium.federate.hub.invitations import Token

if TYPE_CHECKING:
    from cohortium.federate.study import Study
    from cohortium.records import Result

ENDED = ("done", "failed", "cancelled")
LONG_POLL_S = 20.0
PATIENCE = 60
"""Seconds, one try each, for which a hub that does not answer is waited for while watching."""
_KINDS: dict[str, type[CohortiumError]] = {
    "InvalidRequest": InvalidRequest,
    "PermitDenied": PermitDenied,
    "ProtocolViolation": ProtocolViolation,
    "SiteUnavailable": SiteUnavailable,
}


class HubClient:
    """One hub, as the bearer of a token sees it; the connection is kept between questions.

    token     : address, authority's fingerprint, name and secret.
    authority : the hub's authority (PEM), checked against the fingerprint.
    """

    def __init__(self, token: Token, authority: str) -> None:
        self.token, self.authority = token, authority
        self._link: http.client.HTTPSConnection | None = None
        self._lock = threading.Lock()

    @classmethod
    def of(cls, text: str) -> HubClient:
        """The hub that a token speaks of.

        Raises : SiteUnavailable where it cannot be reached; ProtocolViolation where another poses as it.
        """
        token = Token.from_text(text)
        unchecked = ssl.create_default_context()
        unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
        # nothing secret is sent here; what comes is trusted only if its digest is the token's
        with closing(_connect(token.url, unchecked)) as link:
            certificate = _exchange(link, token.url, "GET", "/authority.crt", {}, None).decode()
        if hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest() != token.authority:
            raise ProtocolViolation("The hub at this address is not the one that the token was made by.")
        return cls(token, certificate)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the kept connection; the next question makes another."""
        with self._lock:
            if self._link is not None:
                self._link.close()
                self._link = None

    def get(self, path: str) -> Any:
        """What the hub answers to a question."""
        return json.loads(self.fetch(path))

    def fetch(self, path: str) -> bytes:
        """The same, as bytes."""
        return self._ask("GET", path, None)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """What the hub answers to a request."""
        return json.loads(self._ask("POST", path, json.dumps(body).encode()))

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

    def watch(self, run: str, said: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        """The run when it has ended; ``said`` hears of every event on the way. A hub that restarts is waited for."""
        after, patience = 0, PATIENCE
        while True:
            try:
                found: dict[str, Any] = self.get(f"/runs/{run}?after={after}&wait_s={LONG_POLL_S:g}")
            except SiteUnavailable:
                patience -= 1
                if not patience:
                    raise
                time.sleep(1.0)
                continue
            patience = PATIENCE
            for event in found["events"]:
                after = int(event["number"])
                said(event)
            if found["status"] in ENDED:
                return found

    def _ask(self, method: str, path: str, body: bytes | None) -> bytes:
        path = urllib.parse.quote(path, safe="/?&=")
        headers = {"Authorization": f"Bearer {self.token.secret}", "Content-Type": "application/json"}
        with self._lock:
            kept = self._link is not None
            if self._link is None:
                self._link = _connect(self.token.url, self._context())
            try:
                return _exchange(self._link, self.token.url, method, path, headers, body)
            except SiteUnavailable:
                self._link.close()
                self._link = None
                if not kept:
                    raise
            self._link = _connect(self.token.url, self._context())  # the kept connection had ended; once more
            return _exchange(self._link, self.token.url, method, path, headers, body)

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cadata=self.authority)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        return context


def run_study(
    study: Study, token: str | None, said: Callable[[dict[str, Any]], None] | None = None
) -> dict[str, Result]:
    """Submit a study, wait for it, and return its results by name; see ``Study.run``."""
    text = token or os.environ.get("COHORTIUM_TOKEN", "")
    if not text:
        raise InvalidRequest("Your token from the hub was expected: pass it, or set COHORTIUM_TOKEN.")
    with HubClient.of(text) as client:
        return results_of(client, answered(client, study, said))


def answered(client: HubClient, study: Study, said: Callable[[dict[str, Any]], None] | None = None) -> dict[str, Any]:
    """Submit a study and wait for it; its record. Raises CohortiumError where it did not come to an end."""
    run = client.submit(study.to_plain())
    ended = client.watch(run, said or (lambda _event: None))
    if ended["status"] != "done":
        raise CohortiumError(f"The run {ended['status']}: {ended['said']}")
    record: dict[str, Any] = client.get(f"/runs/{run}/record")
    return record


def results_of(client: HubClient, record: dict[str, Any]) -> dict[str, Result]:
    """The results that a run's record names."""
    from cohortium.records import Result

    run = record["run"]
    return {name: Result.from_bytes(client.fetch(f"/runs/{run}/results/{name}")) for name in record["results"]}


def receipts_of(client: HubClient, record: dict[str, Any]) -> dict[str, bytes]:
    """The receipts (JSON) of the results that a run's record names; see ``govern.receipts``."""
    return {name: client.fetch(f"/runs/{record['run']}/receipts/{name}") for name in record["results"]}


def enrol(text: str, folder: Path) -> str:
    """Make a node in ``folder``: a key that stays here, and a certificate from the hub. The site's name.

    Raises : TargetUnwritable where there is a node already; PermitDenied where the token does not admit.
    """
    from cryptography.hazmat.primitives.serialization import Encoding

    from cohortium.federate.engine.certificates import new_key, signing_request

    folder = folder.resolve()
    if (folder / "node.toml").exists():
        raise TargetUnwritable(f"There is a node in {folder} already.")
    with HubClient.of(text) as hub:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        key_path = folder / "site.key"
        key_path.unlink(missing_ok=True)  # of an enrolment that was broken off: it was never certified
        request = signing_request(new_key(key_path), hub.token.name).public_bytes(Encoding.PEM).decode()
        answer = hub.post("/enrol", {"secret": hub.token.secret, "request": request})
    (folder / "site.crt").write_text(answer["certificate"], "utf-8")
    (folder / "authority.crt").write_text(hub.authority, "utf-8")
    unfinished = folder / ".node.toml.unfinished"
    settings = {name: answer[name] for name in ("site", "hub", "server_name")}
    unfinished.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items()), "utf-8")
    unfinished.replace(folder / "node.toml")
    return str(answer["site"])


def _connect(url: str, context: ssl.SSLContext) -> http.client.HTTPSConnection:
    scheme, _, place = url.partition("://")
    if scheme != "https":
        raise InvalidRequest("A hub is reached by https only.")
    return http.client.HTTPSConnection(place, context=context, timeout=60)


def _exchange(
    link: http.client.HTTPSConnection, url: str, method: str, path: str, headers: dict[str, str], body: bytes | None
) -> bytes:
    try:
        link.request(method, path, body, headers)
        answer = link.getresponse()
        data = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise SiteUnavailable(f"The hub at {url} cannot be reached: {error or type(error).__name__}.") from error
    if answer.status != http.HTTPStatus.OK:
        raise _error_of(answer.status, data)
    return data


def _error_of(status: int, data: bytes) -> CohortiumError:
    try:
        plain = json.loads(data)
        return _KINDS.get(plain["error"], InvalidRequest)(plain["message"])
    except (ValueError, KeyError, TypeError):
        unknown = status == http.HTTPStatus.NOT_FOUND
        return InvalidRequest("The hub knows no such run." if unknown else f"The hub answered {status}.")
