"""What the report needs to know of a decision; who decides, and how, is not its business."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

RELEASED = "released"
REFUSED = "refused"
OVERRIDDEN = "released by override"
VERDICTS = (RELEASED, REFUSED, OVERRIDDEN)


class Decision(Protocol):
    """A verdict under a named policy.

    verdict         : one of ``VERDICTS``.
    policy          : name of the policy that was applied.
    reasons         : what keeps the release in, one plain sentence each.
    limits          : what only limits the use that it is fit for, one plain sentence each.
    advice          : what would help, one plain sentence each.
    override_reason : what the person who overrode a refusal wrote; empty otherwise.
    """

    @property
    def verdict(self) -> str: ...
    @property
    def policy(self) -> str: ...
    @property
    def reasons(self) -> tuple[str, ...]: ...
    @property
    def limits(self) -> tuple[str, ...]: ...
    @property
    def advice(self) -> tuple[str, ...]: ...
    @property
    def override_reason(self) -> str: ...


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """A decision as it was written down; the fields are those of ``Decision``."""

    verdict: str
    policy: str
    reasons: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    override_reason: str = ""
