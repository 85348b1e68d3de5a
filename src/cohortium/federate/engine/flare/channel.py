"""The hub's end of FLARE: a channel that talks to the relay in FLARE's server process over a local socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from pathlib import Path

from cohortium.errors import ProtocolViolation
from cohortium.federate.engine import frames


class FlareChannel:
    """Sites that are connected through FLARE's server. Where that server is down, no site is connected."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._idle: list[socket.socket] = []
        self._lock = threading.Lock()

    def sites(self) -> tuple[str, ...]:
        """Names of the sites that have registered and whose heartbeat is fresh."""
        got = self._exchange({"do": "sites"}, [], 10.0)
        return tuple(sorted(got[0]["sites"])) if got else ()

    def ask(self, requests: Mapping[str, bytes], timeout_s: float) -> dict[str, bytes | None]:
        """Each site's reply; None where none came in time."""
        if not requests:
            return {}
        header = {"do": "ask", "sites": list(requests), "timeout_s": timeout_s}
        got = self._exchange(header, list(requests.values()), timeout_s + 10.0)
        found = dict(zip(got[0]["sites"], got[1], strict=True)) if got else {}
        return {site: found.get(site) for site in requests}

    def _exchange(
        self, header: dict[str, object], bodies: list[bytes], timeout_s: float
    ) -> tuple[dict[str, list[str]], list[bytes]] | None:
        for fresh in (False, True):  # a kept connection may belong to a server that has ended
            link = self._link(fresh)
            if link is None:
                return None
            link.settimeout(timeout_s)
            try:
                frames.send(link, header, bodies)
                got = frames.receive(link)
            except (OSError, ProtocolViolation):
                link.close()
                continue
            if got is None:
                link.close()
                continue
            with self._lock:
                self._idle.append(link)
            return got
        return None

    def _link(self, fresh: bool) -> socket.socket | None:
        with self._lock:
            if self._idle and not fresh:
                return self._idle.pop()
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            link.connect(str(self.path))
        except OSError:
            link.close()
            return None
        return link
