"""Evidence as a JSON document, and back. The form is described by docs/evidence.schema.json.

Numbers that are not finite are written as null. Key order is fixed, so equal evidence gives equal bytes.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

import numpy as np

from cohortium.errors import InvalidRequest, SourceUnreadable
from cohortium.evaluate.report.decision import Decision, RecordedDecision
from cohortium.records import (
    AllowedCombinations,
    Column,
    Constraint,
    Evidence,
    Finding,
    FunctionalDependency,
    Guarantee,
    Inequality,
    Kind,
    Question,
    Role,
    Schema,
    Score,
    Status,
    SumRule,
)

FORMAT, VERSION = "cohortium-evidence", 1
_RULES = {rule.__name__: rule for rule in (Inequality, FunctionalDependency, AllowedCombinations, SumRule)}


def to_json(evidence: Evidence, decision: Decision, schema: Schema | None = None) -> str:
    """The evidence, the decision, and what a reader must know of the schema, as text.

    schema : of the table that the evidence is about; none where it is about files.
    Raises : InvalidRequest where a fact, plot or detail holds something other than text, numbers, lists and mappings.
    """
    document = {
        "format": FORMAT,
        "version": VERSION,
        "decision": _decision(decision),
        "facts": evidence.facts,
        "guarantee": asdict(evidence.guarantee),
        "findings": [_finding(finding) for finding in evidence.findings],
        "schema": _schema(Schema(()) if schema is None else schema),
        "plots": evidence.plots,
    }
    return _written(_plain(document, "the evidence"), "") + "\n"


def from_json(text: str) -> tuple[Evidence, RecordedDecision, Schema]:
    """What ``to_json`` wrote. The schema carries names, kinds, units, roles and rules only; null numbers become NaN.

    Raises : SourceUnreadable where the text is no evidence, or of a version that is not known here.
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise SourceUnreadable(f"Evidence is a JSON document; this is not one (line {error.lineno}).") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise SourceUnreadable(f"Evidence says of itself that its format is '{FORMAT}'; this document does not.")
    if document.get("version") != VERSION:
        raise SourceUnreadable(
            f"Evidence of version {VERSION} was expected, not {document.get('version')}. Read it with the release of "
            "Cohortium that wrote it, or a newer one."
        )
    try:
        return _read(document)
    except (KeyError, TypeError, ValueError) as error:
        raise SourceUnreadable(
            f"The evidence lacks a part or holds one of the wrong kind ({type(error).__name__}). Compare it with "
            "docs/evidence.schema.json."
        ) from None


def _read(document: dict[str, Any]) -> tuple[Evidence, RecordedDecision, Schema]:
    chosen = document["decision"]
    evidence = Evidence(
        facts=document["facts"],
        findings=tuple(_read_finding(row) for row in document["findings"]),
        guarantee=Guarantee(**document["guarantee"]),
        plots=document["plots"],
    )
    decision = RecordedDecision(
        verdict=chosen["verdict"],
        policy=chosen["policy"],
        reasons=tuple(chosen["reasons"]),
        limits=tuple(chosen["limits"]),
        advice=tuple(chosen["advice"]),
        override_reason=chosen["override_reason"],
    )
    return evidence, decision, _read_schema(document["schema"])


def _decision(decision: Decision) -> dict[str, Any]:
    return {
        "verdict": decision.verdict,
        "policy": decision.policy,
        "reasons": decision.reasons,
        "limits": decision.limits,
        "advice": decision.advice,
        "override_reason": decision.override_reason,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "metric": finding.metric,
        "question": finding.question.value,
        "title": finding.title,
        "status": finding.status.value,
        "better": finding.better,
        "score": None if finding.score is None else asdict(finding.score),
        "limit": finding.limit,
        "reason": finding.reason,
        "advice": finding.advice,
    }


def _read_finding(row: dict[str, Any]) -> Finding:
    score = row["score"]
    return Finding(
        metric=row["metric"],
        question=Question(row["question"]),
        title=row["title"],
        score=None if score is None else _read_score(score),
        better=row["better"],
        status=Status(row["status"]),
        limit=row["limit"],
        reason=row["reason"],
        advice=row["advice"],
    )


def _read_score(score: dict[str, Any]) -> Score:
    value, low, high = (math.nan if score[key] is None else float(score[key]) for key in ("value", "low", "high"))
    return Score(value, low, high, score["n"], score["reference"], score["detail"])


def _schema(schema: Schema) -> dict[str, Any]:
    columns = [
        {
            "name": column.name,
            "kind": column.kind.value,
            "unit": column.unit,
            "roles": [role.value for role in Role if role in column.roles],
        }
        for column in schema.columns
    ]
    return {"title": schema.title, "columns": columns, "rules": [_rule(rule) for rule in schema.constraints]}


def _rule(rule: Constraint) -> dict[str, Any]:
    kind = type(rule).__name__
    parts = asdict(rule) if isinstance(rule, Inequality | FunctionalDependency | AllowedCombinations | SumRule) else {}
    return {"kind": kind, "text": str(rule), "parts": parts}


def _read_schema(schema: dict[str, Any]) -> Schema:
    columns = tuple(
        Column(column["name"], Kind(column["kind"]), frozenset(map(Role, column["roles"])), column["unit"])
        for column in schema["columns"]
    )
    rules = tuple(_RULES[rule["kind"]](**_tuples(rule["parts"])) for rule in schema["rules"] if rule["kind"] in _RULES)
    return Schema(columns, rules, schema["title"])


def _tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _tuples(part) for key, part in value.items()}
    return tuple(_tuples(part) for part in value) if isinstance(value, list) else value


def _plain(value: Any, place: str) -> Any:
    """``value`` with nothing left that JSON does not know."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _plain(part, f"{place}, {key}") for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part, place) for part in value]
    raise InvalidRequest(f"Text, numbers, lists and mappings were expected in {place}, not a {type(value).__name__}.")


def _written(value: Any, indent: str) -> str:
    """JSON with one item per line, but lists of numbers and words on one line, so that people can read and compare."""
    deeper = indent + "  "
    if isinstance(value, dict) and value:
        lines = (f"{deeper}{_atom(key)}: {_written(part, deeper)}" for key, part in value.items())
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(part, dict | list) for part in value):
        return "[\n" + ",\n".join(deeper + _written(part, deeper) for part in value) + f"\n{indent}]"
    return _atom(value)


def _atom(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
