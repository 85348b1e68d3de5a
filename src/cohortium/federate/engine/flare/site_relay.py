"""Lives in FLARE's client process at a site: passes the hub's bytes to the worker, and its answer back."""

from __future__ import annotations

import socket as sockets
import threading
from typing import Any

from nvflare.apis.event_type import EventType
from nvflare.apis.fl_component import FLComponent
from nvflare.apis.fl_constant import ReturnCode
from nvflare.apis.fl_context import FLContext
from nvflare.apis.shareable import Shareable, make_reply

from cohortium.errors import ProtocolViolation
from cohortium.federate.engine import frames

TOPIC = "cohortium"
BODY = "cohortium_body"


class SiteRelay(FLComponent):
    """Bytes from the hub to the worker's socket, and back."""

    def __init__(self, socket: str) -> None:
        super().__init__()
        self.socket = socket
        self._idle: list[sockets.socket] = []
        self._lock = threading.Lock()

    def handle_event(self, event_type: str, fl_ctx: FLContext) -> None:
        """Start listening when FLARE's client is up."""
        if event_type == EventType.SYSTEM_START:
            fl_ctx.get_engine().register_aux_message_handler(TOPIC, self._on_message)

    def _on_message(self, topic: str, request: Shareable, fl_ctx: FLContext) -> Shareable:
        del topic, fl_ctx
        body = request.get(BODY)
        if not isinstance(body, bytes):
            return make_reply(ReturnCode.BAD_REQUEST_DATA)
        answer = self._ask(body)
        if answer is None:
            return make_reply(ReturnCode.EXECUTION_EXCEPTION)
        reply: Shareable = Shareable({BODY: answer})
        reply.set_return_code(ReturnCode.OK)
        return reply

    def _ask(self, body: bytes) -> bytes | None:
        """The worker's answer; None where there is no worker, and the hub will ask again."""
        for fresh in (False, True):  # a kept connection may belong to a worker that has ended
            link = self._link(fresh)
            if link is None:
                return None
            try:
                frames.send(link, {}, [body])
                got = frames.receive(link)
            except (OSError, ProtocolViolation):
                link.close()
                continue
            if got is None:
                link.close()
                continue
            with self._lock:
                self._idle.append(link)
            return got[1][0]
        return None

    def _link(self, fresh: bool) -> Any:
        with self._lock:
            if self._idle and not fresh:
                return self._idle.pop()
        link = sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM)
        try:
            link.connect(self.socket)
        except OSError:
            link.close()
            return None
        return link
