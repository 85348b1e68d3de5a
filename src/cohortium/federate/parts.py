"""Large messages travel in parts, so that nobody in between holds a whole one, and a lost part is sent again alone.

The hub asks a site to ``open`` a message by its digest. The site says how much of it has come, gets the next ``part``,
and so on until it is whole; then it answers it, and the hub fetches a large answer part by part (``rest``). Each of
these questions may be asked twice, and a transfer that was interrupted goes on where it stood.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cohortium.errors import CohortiumError, ProtocolViolation
from cohortium.federate.channel import Channel
from cohortium.federate.messages import Reply, Request
from cohortium.records.parcel import LARGEST, unpack

PART = 1 << 22
"""Bytes that travel at once: small beside what a process holds anyway, large beside what a message costs."""
AT_ONCE = 1 << 27
"""Bytes of answers that the hub takes in before it goes on with them; what is beyond waits at the sites."""
KEPT_S = 600.0
"""Seconds for which half an answer is kept for a site that has fallen silent."""
KEPT_RUNS = 4
"""Runs of which a site holds a large message; the oldest is dropped, and sent again where it is needed."""
OPEN, PIECE, REST = "open", "part", "rest"


@dataclass(slots=True)
class Fetching:
    """So much of a site's large answer as has come."""

    digest: str
    length: int
    data: bytearray = field(default_factory=bytearray)
    touched: float = field(default_factory=time.monotonic)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing."""
        return len(self.data) >= self.length


class InParts:
    """A channel for messages of any length, over one that carries small ones."""

    def __init__(self, channel: Channel, part: int = PART, at_once: int = AT_ONCE) -> None:
        self.channel, self.part, self.at_once = channel, part, at_once
        self.fetching: dict[tuple[str, str], Fetching] = {}

    def sites(self) -> tuple[str, ...]:
        """Names of the sites that are connected now."""
        return self.channel.sites()

    def ask(self, requests: Mapping[str, bytes], timeout_s: float) -> dict[str, bytes | None]:
        """Each site's reply; None where it is not whole yet: asked again, it goes on from there."""
        deadline = time.monotonic() + timeout_s
        exchanges = {site: Exchange(self, site, data) for site, data in requests.items()}
        while asked := {one.site: one.next() for one in self._in_turn(exchanges)}:
            for site, reply in self.channel.ask(asked, timeout_s).items():
                exchanges[site].take(reply)
            if time.monotonic() > deadline:
                break
        return {site: one.reply for site, one in exchanges.items()}

    def _in_turn(self, exchanges: Mapping[str, Exchange]) -> Iterator[Exchange]:
        """Those that go on now: all that send, and as many that fetch as there is room for their answers."""
        taken = sum(len(one.reply or b"") for one in exchanges.values())
        for one in exchanges.values():
            if one.is_over or (one.expects and taken and taken + one.expects > self.at_once):
                continue
            taken += one.expects
            yield one

    def kept(self, site: str, asked: str) -> Fetching | None:
        """What has come of the answer to a message; old ones are dropped."""
        now = time.monotonic()
        self.fetching = {place: one for place, one in self.fetching.items() if now - one.touched < KEPT_S}
        return self.fetching.get((site, asked))


class Exchange:
    """One message to one site, and its answer."""

    def __init__(self, over: InParts, site: str, data: bytes) -> None:
        self.over, self.site, self.data = over, site, data
        self.is_large = len(data) > over.part
        self.digest = hashlib.sha256(data).hexdigest()
        self.run = str(unpack(data).facts["run"])
        self.sent: int | None = None
        self.fetching = over.kept(site, self.digest)
        self.reply: bytes | None = None
        self.is_over = False

    @property
    def expects(self) -> int:
        """Bytes of an answer that is being fetched."""
        return 0 if self.fetching is None else self.fetching.length

    def next(self) -> bytes:
        """What to ask the site now."""
        if self.fetching is not None:
            facts = {"digest": self.fetching.digest, "start": len(self.fetching.data), "most": self.over.part}
            return Request(REST, self.run, facts).to_bytes()
        if not self.is_large:
            return self.data
        facts = {"digest": self.digest, "length": len(self.data)}
        if self.sent is None or self.sent >= len(self.data):
            return Request(OPEN, self.run, facts).to_bytes()
        piece = self.data[self.sent : self.sent + self.over.part]
        return Request(PIECE, self.run, {**facts, "start": self.sent}, piece).to_bytes()

    def take(self, answer: bytes | None) -> None:
        """The site's answer to that."""
        if answer is None:
            self.is_over = True
        elif self.fetching is not None:
            self._append(self.fetching, answer)
        elif (told := _told(answer)).keys() & {"have", "large"}:
            self._go_on(told)
        else:
            self._end(answer)

    def _go_on(self, told: Mapping[str, Any]) -> None:
        if "have" in told:
            have = told["have"]
            if not isinstance(have, int) or not 0 <= have <= len(self.data):
                raise ProtocolViolation(f"{self.site}: said that it has a part of a message that was not sent.")
            self.sent = have
            return
        digest, length = told["large"], told.get("length")
        if not isinstance(digest, str) or not isinstance(length, int) or not 0 < length <= LARGEST:
            raise ProtocolViolation(f"{self.site}: announced an answer without saying how long it is, or too long.")
        self.fetching = self.over.fetching[self.site, self.digest] = Fetching(digest, length)

    def _append(self, fetching: Fetching, answer: bytes) -> None:
        reply = Reply.from_bytes(answer)
        if reply.error or not reply.body:
            self._end(None)  # the site no longer holds it, since it was started again; it is asked anew
            return
        fetching.data += reply.body
        fetching.touched = time.monotonic()
        if not fetching.is_whole:
            return
        whole = bytes(fetching.data)
        if hashlib.sha256(whole).hexdigest() != fetching.digest:
            self._end(None)
            raise ProtocolViolation(f"{self.site}: sent an answer that is not the one which it announced.")
        self._end(whole)

    def _end(self, reply: bytes | None) -> None:
        self.over.fetching.pop((self.site, self.digest), None)
        self.reply, self.is_over, self.fetching = reply, True, None


@dataclass(slots=True)
class Held:
    """A message of a run at its site: so much of it as has come; or once it is answered, the answer and its digest."""

    digest: str
    data: bytearray = field(default_factory=bytearray)
    answer: bytes = b""
    answer_digest: str = ""

    def announced(self) -> bytes:
        """The reply that says which answer can be fetched."""
        return Reply({"large": self.answer_digest, "length": len(self.answer)}).to_bytes()


class AtSite:
    """What stands before a desk: gathers large messages, and hands out large answers.

    answer : of the desk, for whole messages.
    """

    def __init__(self, answer: Callable[[bytes], bytes], part: int = PART) -> None:
        self.desk, self.part = answer, part
        self.held: dict[str, Held] = {}
        self._lock = threading.Lock()

    def answer(self, data: bytes) -> bytes:
        """The reply to a message or a part of one."""
        try:
            request = Request.from_bytes(data)
            if request.topic == OPEN:
                return self._open(request)
            if request.topic == PIECE:
                return self._gather(request)
            if request.topic == REST:
                return self._hand_out(request)
        except CohortiumError as error:
            return Reply.refusing(error).to_bytes()
        return self._answered(request.run, hashlib.sha256(data).hexdigest(), data)

    def _open(self, request: Request) -> bytes:
        digest, length = _digest(request), _number(request, "length")
        held = self._of(request.run, digest)
        if held.answer:
            return held.announced()
        if len(held.data) < length:
            return Reply({"have": len(held.data)}).to_bytes()
        whole = bytes(held.data)
        if len(whole) != length or hashlib.sha256(whole).hexdigest() != digest:
            held.data.clear()
            raise ProtocolViolation("A large message that came is not the one which was announced.")
        return self._answered(request.run, digest, whole)

    def _gather(self, request: Request) -> bytes:
        held = self._of(request.run, _digest(request))
        with self._lock:
            if len(held.data) == _number(request, "start") <= _number(request, "length") - len(request.body):
                held.data += request.body
            return Reply({"have": len(held.data)}).to_bytes()

    def _hand_out(self, request: Request) -> bytes:
        held, start = self.held.get(request.run), _number(request, "start")
        if held is None or held.answer_digest != _digest(request):
            raise ProtocolViolation("This site holds no such answer.")
        return Reply({}, held.answer[start : start + min(self.part, _number(request, "most"))]).to_bytes()

    def _answered(self, run: str, digest: str, whole: bytes) -> bytes:
        answer = self.desk(whole)
        with self._lock:
            self.held.pop(run, None)
            if len(answer) <= self.part:
                return answer
            return self._keep(run, Held(digest, bytearray(), answer, hashlib.sha256(answer).hexdigest())).announced()

    def _of(self, run: str, digest: str) -> Held:
        """What is held of a message; it takes the place of an earlier one of the run."""
        with self._lock:
            held = self.held.get(run)
            if held is None or held.digest != digest:
                held = self._keep(run, Held(digest))
            return held

    def _keep(self, run: str, held: Held) -> Held:
        self.held.pop(run, None)
        while len(self.held) >= KEPT_RUNS:
            self.held.pop(next(iter(self.held)))
        self.held[run] = held
        return held


def _told(answer: bytes) -> dict[str, Any]:
    """The facts of a reply; none where it is not one, which whoever reads it says."""
    try:
        return Reply.from_bytes(answer).facts
    except ProtocolViolation:
        return {}


def _digest(request: Request) -> str:
    found = request.facts.get("digest")
    if not isinstance(found, str) or len(found) != 2 * hashlib.sha256().digest_size:
        raise ProtocolViolation("A large message is named by its digest.")
    return found


def _number(request: Request, name: str) -> int:
    found = request.facts.get(name)
    if type(found) is not int or not 0 <= found <= LARGEST:
        raise ProtocolViolation(f"A part of a large message says its '{name}' in bytes, at most {LARGEST:,}.")
    return found
