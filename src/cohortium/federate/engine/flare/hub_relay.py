"""Lives in FLARE's server process: takes the hub's questions from a local socket to the sites. Knows no content."""

from __future__ import annotations

import socket as sockets
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from nvflare.apis.event_type import EventType
from nvflare.apis.fl_component import FLComponent
from nvflare.apis.fl_constant import ReturnCode
from nvflare.apis.fl_context import FLContext
from nvflare.apis.shareable import Shareable

from cohortium.errors import ProtocolViolation
from cohortium.federate.engine import frames
from cohortium.federate.engine.flare.site_relay import BODY, TOPIC


class HubRelay(FLComponent):
    """Questions from the hub's socket to the sites, and their replies back."""

    def __init__(self, socket: str) -> None:
        super().__init__()
        self.socket = socket

    def handle_event(self, event_type: str, fl_ctx: FLContext) -> None:
        """Start listening for the hub when FLARE's server is up."""
        if event_type == EventType.SYSTEM_START:
            engine = fl_ctx.get_engine()
            Path(self.socket).unlink(missing_ok=True)
            listener = sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM)
            listener.bind(self.socket)
            listener.listen()
            threading.Thread(target=self._accept, args=(listener, engine), daemon=True).start()

    def _accept(self, listener: sockets.socket, engine: Any) -> None:
        while True:
            link, _ = listener.accept()
            threading.Thread(target=self._serve, args=(link, engine), daemon=True).start()

    def _serve(self, link: sockets.socket, engine: Any) -> None:
        with link, suppress(OSError, ProtocolViolation):
            while (got := frames.receive(link)) is not None:
                header, bodies = got
                if header["do"] == "sites":
                    frames.send(link, {"sites": [client.name for client in engine.get_clients()]})
                else:
                    found = self._ask(engine, header["sites"], bodies, float(header["timeout_s"]))
                    frames.send(link, {"sites": list(found)}, list(found.values()))

    def _ask(self, engine: Any, sites: list[str], bodies: list[bytes], timeout_s: float) -> dict[str, bytes]:
        """One message to each site, side by side, so that a silent one holds up no other."""
        connected = {client.name for client in engine.get_clients()}
        there = [(site, body) for site, body in zip(sites, bodies, strict=True) if site in connected]
        with ThreadPoolExecutor(max_workers=max(1, len(there))) as pool:
            answers = pool.map(lambda pair: _ask_one(engine, pair[0], pair[1], timeout_s), there)
            return {site: answer for (site, _), answer in zip(there, answers, strict=True) if answer is not None}


def _ask_one(engine: Any, site: str, body: bytes, timeout_s: float) -> bytes | None:
    with engine.new_context() as fl_ctx:
        replies = engine.send_aux_request(
            targets=[site], topic=TOPIC, request=Shareable({BODY: body}), timeout=timeout_s, fl_ctx=fl_ctx,
            optional=True,
        )  # fmt: skip
    reply = (replies or {}).get(site)
    if reply is None or reply.get_return_code() != ReturnCode.OK:
        return None
    answer = reply.get(BODY)
    return answer if isinstance(answer, bytes) else None
