"""What a released result came from and what was decided about it, as it stands in the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

RELEASED = "result released"


@dataclass(frozen=True, slots=True)
class Release:
    """What a result came from and what was decided about it; no patient's value, and no count that is not released.

    results   : name of each file and its SHA-256.
    at        : time, ISO 8601 in UTC.
    study     : its digest; empty where none was asked.
    datasets  : fingerprint of each dataset, by site.
    roster    : sites that took part.
    mode      : trust mode.
    code      : what ran: version of Cohortium, algorithms and their digests.
    spent     : what it cost of the privacy budget, such as {"epsilon": "1", "delta": "1e-6"}; empty where nothing.
    verdicts  : outcome of every rule of the gate, by rule.
    permit    : digest of the signed permit; empty where none was needed.
    """

    results: Mapping[str, str]
    at: str
    study: str = ""
    datasets: Mapping[str, str] = field(default_factory=dict)
    roster: tuple[str, ...] = ()
    mode: str = ""
    code: Mapping[str, str] = field(default_factory=dict)
    spent: Mapping[str, str] = field(default_factory=dict)
    verdicts: Mapping[str, str] = field(default_factory=dict)
    permit: str = ""

    def event(self) -> dict[str, Any]:
        """As it stands in the ledger."""
        return {
            "event": RELEASED,
            "at": self.at,
            "results": dict(self.results),
            "study": self.study,
            "datasets": dict(self.datasets),
            "roster": list(self.roster),
            "mode": self.mode,
            "code": dict(self.code),
            "spent": dict(self.spent),
            "verdicts": dict(self.verdicts),
            "permit": self.permit,
        }

    def to_plain(self) -> dict[str, Any]:
        """As JSON values."""
        return {name: value for name, value in self.event().items() if name != "event"}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Release:
        """The one that ``to_plain`` wrote."""
        return cls(**{**plain, "roster": tuple(plain["roster"])})
