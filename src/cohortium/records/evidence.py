"""What is known about a release: scores, findings, and the evidence that collects them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cohortium.errors import InvalidRequest


class Question(StrEnum):
    """Which question about a synthetic table a metric answers; the sections of the report, in order."""

    VALIDITY = "validity"
    MARGINALS = "marginals"
    JOINT = "joint"
    SURVIVAL = "survival"
    UTILITY = "utility"
    PRIVACY = "privacy"
    COPIES = "copies"
    FORMAL = "formal"
    FAIRNESS = "fairness"
    COST = "cost"


class Status(StrEnum):
    """What a policy makes of a finding."""

    PASS = "pass"  # noqa: S105 - not a password
    FAIL = "fail"
    INFORMATIVE = "informative"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True)
class Score:
    """One measured number.

    value, low, high : the estimate and its 95 % interval; low = high = value where repetition changes nothing.
    n                : records (or attacks) behind it.
    reference        : the same metric with real, held-out persons in the place of the synthetic ones.
    detail           : small plain data for plots (lists of numbers, labels); never a patient's record.
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    n: int = 0
    reference: float | None = None
    detail: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if math.isnan(self.low):
            object.__setattr__(self, "low", self.value)
        if math.isnan(self.high):
            object.__setattr__(self, "high", self.value)
        if self.low > self.high:
            raise InvalidRequest(f"A score's interval must not be reversed: {self.low} > {self.high}.")


@dataclass(frozen=True, slots=True)
class Finding:
    """A metric's answer for one release, as a row of the report.

    score  : None when the metric does not apply, with ``reason`` saying why.
    limit  : the rule that the policy applied, in words; empty where the row is only informative.
    status : INFORMATIVE until a policy has judged it.
    """

    metric: str
    question: Question
    title: str
    score: Score | None
    better: str
    status: Status = Status.INFORMATIVE
    limit: str = ""
    reason: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Guarantee:
    """A formal privacy guarantee, or the statement that there is none.

    epsilon, delta : differential privacy; None where the method promises nothing formal.
    unit           : whose presence is protected.
    """

    epsilon: float | None = None
    delta: float | None = None
    unit: str = "patient"
    accountant: str = ""

    @property
    def is_formal(self) -> bool:
        """Whether the method promises differential privacy."""
        return self.epsilon is not None

    def __str__(self) -> str:
        if not self.is_formal:
            return "no formal guarantee; privacy is shown by attack only"
        return f"({self.epsilon:g}, {self.delta:g})-differential privacy per {self.unit}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything measured about one release, and how it came about.

    facts : identity card - plain text and numbers (source digest, rows, method, seed, version, time, machine).
    plots : named plain data for drawing; aggregate only.
    """

    facts: dict[str, Any]
    findings: tuple[Finding, ...]
    guarantee: Guarantee = Guarantee()
    plots: dict[str, Any] = field(default_factory=dict)

    def finding(self, metric: str) -> Finding:
        """The finding of a metric, by name.

        Raises : InvalidRequest where the evidence has no such row.
        """
        for found in self.findings:
            if found.metric == metric:
                return found
        raise InvalidRequest(f"The evidence has no row '{metric}'.")
