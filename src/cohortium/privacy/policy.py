"""Release policies: which measured numbers let a synthetic table leave, as a TOML file that a person can edit."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from cohortium.errors import InvalidRequest, SourceUnreadable
from cohortium.records import Evidence, Finding, Status

Judged = Literal["value", "low", "high"]
_RULE_KEYS = {"metric", "at_most", "at_least", "over_reference", "judge", "gate", "required", "few", "advice"}
_FEW_KEYS = {"persons", "at_most", "at_least", "over_reference", "judge"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a policy: what a metric may be.

    at_most, at_least : fixed limits.
    over_reference    : how far the value may lie above the same metric on real held-out persons.
    judge             : which end of the 95 % interval is held against the limit.
    gate              : a failure keeps the release in; otherwise it only limits what the release is fit for.
    required          : a metric that does not apply counts as a failure.
    few               : limits for tables of fewer persons, strictest last.
    """

    metric: str
    at_most: float | None = None
    at_least: float | None = None
    over_reference: float | None = None
    judge: Judged = "value"
    gate: bool = False
    required: bool = False
    advice: str = ""
    few: tuple[tuple[int, Mapping[str, Any]], ...] = ()

    def for_persons(self, persons: int) -> Rule:
        """The rule with the limits that hold for a table of this many persons."""
        rule = self
        for below, changes in sorted(self.few, key=lambda pair: -pair[0]):
            if persons < below:
                rule = replace(rule, few=(), **changes)
        return replace(rule, few=())

    def limit(self, reference: float | None) -> tuple[str, float | None, float | None]:
        """The rule in words, and the largest and smallest value that it lets pass."""
        words, most, least = [], self.at_most, self.at_least
        if self.at_most is not None:
            words.append(f"≤ {self.at_most:g}")
        if self.at_least is not None:
            words.append(f"≥ {self.at_least:g}")
        if self.over_reference is not None and reference is not None:
            allowed = reference + self.over_reference
            most = allowed if most is None else max(most, allowed)
            words.append(f"≤ {allowed:.3g} (real + {self.over_reference:g})")
        joined = " or ".join(words) if self.over_reference is not None else " and ".join(words)
        if joined and self.judge != "value":
            joined += f" ({'lower' if self.judge == 'low' else 'upper'} end of the interval)"
        return joined, most, least

    def apply(self, finding: Finding) -> Finding:
        """``finding`` with its verdict."""
        if finding.score is None:
            words, _, _ = self.limit(None)
            if not self.required:
                return replace(finding, status=Status.NOT_APPLICABLE, limit=words)
            reason = f"{finding.reason} The policy requires this row.".strip()
            return replace(finding, status=Status.FAIL, limit=words or "required", reason=reason, advice=self.advice)
        words, most, least = self.limit(finding.score.reference)
        if most is None and least is None:
            return replace(finding, status=Status.INFORMATIVE, limit=words)
        held: float = getattr(finding.score, self.judge)
        fine = (most is None or held <= most) and (least is None or held >= least)
        return replace(
            finding,
            status=Status.PASS if fine else Status.FAIL,
            limit=words,
            advice="" if fine else self.advice,
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """A named set of rules. ``digest`` of the file is kept with every decision taken under it."""

    title: str
    rules: tuple[Rule, ...]

    def judge(self, evidence: Evidence) -> Evidence:
        """``evidence`` with every finding judged; rows that no rule names stay informative.

        Raises : InvalidRequest where a rule names a metric that the evidence lacks, so that silence passes no rule.
        """
        persons = int(evidence.facts.get("persons_real", 0))
        rules = {rule.metric: rule.for_persons(persons) for rule in self.rules}
        absent = sorted(set(rules) - {finding.metric for finding in evidence.findings})
        if absent:
            raise InvalidRequest(
                f"The policy '{self.title}' has rules for {absent}, which the evidence does not hold. "
                "Run these metrics, or take the rules out."
            )
        judged = tuple(
            rules[finding.metric].apply(finding) if finding.metric in rules else finding
            for finding in evidence.findings
        )
        return replace(evidence, findings=judged)

    def gates(self) -> frozenset[str]:
        """Metrics whose failure keeps a release in."""
        return frozenset(rule.metric for rule in self.rules if rule.gate)


def load_policy(path: Path | None = None, *, shipped: str = "default") -> Policy:
    """The policy in the TOML file at ``path``, or one that ships with Cohortium: "default", or "federated".

    Raises : SourceUnreadable, InvalidRequest naming the rule and key that cannot be understood.
    """
    if path is None:
        text = resources.files("cohortium.privacy").joinpath(f"policies/{shipped}.toml").read_text("utf-8")
        return _parsed(text, f"the {shipped} policy")
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceUnreadable(f"The policy {path} cannot be read: {error}.") from error
    return _parsed(text, str(path))


def _parsed(text: str, name: str) -> Policy:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidRequest(f"{name} is not TOML: {error}.") from error
    unknown = set(document) - {"title", "rule"}
    if unknown or not isinstance(document.get("title"), str):
        raise InvalidRequest(f"{name}: a policy has a 'title' and [[rule]] tables; unknown: {sorted(unknown)}.")
    rules = tuple(_rule(plain, name) for plain in document.get("rule", []))
    metrics = [rule.metric for rule in rules]
    if len(set(metrics)) != len(metrics):
        raise InvalidRequest(f"{name}: each metric may have one rule; {sorted(metrics)} repeat.")
    if not any(rule.gate for rule in rules):
        raise InvalidRequest(f"{name}: no rule has gate = true, so nothing would ever be kept in. Mark at least one.")
    return Policy(document["title"], rules)


def _rule(plain: dict[str, Any], name: str) -> Rule:
    metric = plain.get("metric")
    if not isinstance(metric, str):
        raise InvalidRequest(f'{name}: every [[rule]] needs a metric = "...".')
    where = f"{name}, rule '{metric}'"
    _only(plain, _RULE_KEYS, where)
    _checked(plain, where)
    few = []
    for part in plain.get("few", []):
        _only(part, _FEW_KEYS, where)
        if not isinstance(part.get("persons"), int):
            raise InvalidRequest(f"{where}: 'few' needs persons = a whole number.")
        _checked(part, where)
        few.append((part["persons"], {key: value for key, value in part.items() if key != "persons"}))
    fields = {key: value for key, value in plain.items() if key != "few"}
    return Rule(**fields, few=tuple(few))


def _only(plain: dict[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(plain) - known)
    if unknown:
        raise InvalidRequest(f"{where}: unknown key {unknown}; known: {sorted(known)}.")


def _checked(plain: dict[str, Any], where: str) -> None:
    for key in ("at_most", "at_least", "over_reference"):
        if key in plain and (isinstance(plain[key], bool) or not isinstance(plain[key], int | float)):
            raise InvalidRequest(f"{where}: {key} must be a number.")
    for key in ("gate", "required"):
        if key in plain and not isinstance(plain[key], bool):
            raise InvalidRequest(f"{where}: {key} must be true or false.")
    if plain.get("judge", "value") not in ("value", "low", "high"):
        raise InvalidRequest(f"{where}: judge must be 'value', 'low' or 'high'.")
