"""What hub and node say to each other: requests with a topic, replies that answer or refuse.

A message is a parcel (``records.parcel``). It carries no code, and everything that it may carry is checked on arrival.

topics : ``hello`` what a site publishes · ``offer`` a study to decide about; answered with the decision and, where it
         is approved, the public schema of its columns · ``step`` local sums for a state · ``deal``, ``share``,
         ``masked``, ``confirm``, ``unmask`` the exchanges of a secure sum · ``close`` the study is over ·
         ``witness`` checkpoints of ledgers, shown and confirmed (``govern.ledger.book``) · ``permit`` applications,
         decisions, granted permits and revocations · ``open``, ``part``, ``rest`` messages that travel in parts
         (``parts``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cohortium.errors import (
    BudgetExhausted,
    CohortiumError,
    DisclosureRefused,
    InvalidRecords,
    InvalidRequest,
    NotApplicable,
    PermitDenied,
    ProtocolViolation,
    SessionLost,
    SiteUnavailable,
    TooFewRecords,
)
from cohortium.records import pack, unpack

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOPICS = (
    "hello", "offer", "step", "deal", "share", "masked", "confirm", "unmask", "close", "witness", "permit",
    "open", "part", "rest",
)  # fmt: skip
_KINDS: dict[str, type[CohortiumError]] = {
    kind.__name__: kind
    for kind in (
        BudgetExhausted, DisclosureRefused, InvalidRecords, InvalidRequest, NotApplicable, PermitDenied,
        ProtocolViolation, SessionLost, SiteUnavailable, TooFewRecords,
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """One question of the hub to one site.

    run    : identifier of the run; empty for ``hello`` and ``offer``.
    facts  : JSON values.
    body   : bytes that are parcels of their own (a state, a study).
    """

    topic: str
    run: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    body: bytes = b""

    def to_bytes(self) -> bytes:
        """As it travels."""
        return pack({"topic": self.topic, "run": self.run, "facts": self.facts}, _body(self.body))

    @classmethod
    def from_bytes(cls, data: bytes) -> Request:
        """What ``to_bytes`` made; raises ProtocolViolation."""
        parcel = unpack(data)
        topic, run, facts = (parcel.facts.get(name) for name in ("topic", "run", "facts"))
        if topic not in TOPICS or not isinstance(run, str) or not isinstance(facts, dict):
            raise ProtocolViolation("A request that came has no known topic, run or facts.")
        return cls(topic, run, facts, _bytes(parcel.arrays))


@dataclass(frozen=True, slots=True)
class Reply:
    """A site's answer: facts and a body, or a refusal that says why."""

    facts: dict[str, Any] = field(default_factory=dict)
    body: bytes = b""
    error: str = ""
    reason: str = ""

    @classmethod
    def refusing(cls, error: CohortiumError) -> Reply:
        """The reply that carries an error which was raised on purpose; its message never holds a patient's value."""
        kind = type(error).__name__
        return cls(error=kind if kind in _KINDS else "ProtocolViolation", reason=str(error))

    def raise_for_error(self, site: str) -> Reply:
        """Itself; or the error that the site answered with, naming the site."""
        if self.error:
            raise _KINDS.get(self.error, ProtocolViolation)(f"{site}: {self.reason}")
        return self

    def to_bytes(self) -> bytes:
        """As it travels."""
        facts = {"facts": self.facts, "error": self.error, "reason": self.reason}
        return pack(facts, _body(self.body))

    @classmethod
    def from_bytes(cls, data: bytes) -> Reply:
        """What ``to_bytes`` made; raises ProtocolViolation."""
        parcel = unpack(data)
        facts, error, reason = (parcel.facts.get(name) for name in ("facts", "error", "reason"))
        if not isinstance(facts, dict) or not isinstance(error, str) or not isinstance(reason, str):
            raise ProtocolViolation("A reply that came has no facts.")
        return cls(facts, _bytes(parcel.arrays), error, reason)


@contextmanager
def from_site(site: str) -> Iterator[None]:
    """What is found wrong with an answer in this block is said with the name of the site that gave it."""
    try:
        yield
    except CohortiumError as error:
        if str(error).startswith(f"{site}: "):
            raise
        raise type(error)(f"{site}: {error}") from error


def _body(body: bytes) -> dict[str, NDArray[Any]]:
    import numpy as np

    return {"body": np.frombuffer(body, dtype=np.uint8)} if body else {}


def _bytes(arrays: dict[str, NDArray[Any]]) -> bytes:
    return arrays["body"].tobytes() if "body" in arrays else b""
