"""A federated twin as the answer of a study, and back: the table, its model, its evidence and the gate's decision."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cohortium.errors import DisclosureRefused, ProtocolViolation
from cohortium.evaluate.report.evidence_json import from_json, to_json
from cohortium.privacy.policy import load_policy
from cohortium.privacy.release import Decision, Released, decide, release
from cohortium.records import Evidence, Result, Schema, Table, schema_from_plain, schema_to_plain
from cohortium.synthesise import Fitted
from cohortium.synthesise.federated import fitted_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

POLICY = "federated"


@dataclass(frozen=True, slots=True)
class TwinOutcome:
    """What a released twin consists of.

    table  : the rows that were judged; fitted : the model, for more rows like them.
    """

    table: Table
    fitted: Fitted
    evidence: Evidence

    def release(self) -> Released:
        """The twin, let out by the gate once more.

        Raises : DisclosureRefused where its evidence does not satisfy the policy.
        """
        return release(self.table, self.evidence, load_policy(shipped=POLICY))


def rows_put(table: Table) -> NDArray[np.int64]:
    """A table's rows as an array that travels: Arrow's own bytes, eight to a number, their count first."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.arrow.schema) as stream:
        stream.write_table(table.arrow)
    data = sink.getvalue().to_pybytes()
    padded = data + bytes(-len(data) % 8)
    return np.concatenate([[len(data)], np.frombuffer(padded, "<i8")]).astype(np.int64)


def rows_got(array: NDArray[np.int64], schema: Schema) -> Table:
    """What ``rows_put`` made; raises ProtocolViolation."""
    data = array[1:].astype("<i8").tobytes()[: int(array[0])]
    try:
        return Table(pa.ipc.open_stream(data).read_all(), schema)
    except (pa.ArrowInvalid, OSError, IndexError) as error:
        raise ProtocolViolation("The synthetic rows that came cannot be read.") from error


def outcome_result(title: str, persons: int, model: Result, rows: NDArray[np.int64], evidence: Evidence) -> Result:
    """The answer of a study: the evidence as tables; the model and its rows where the gate lets them out, else not."""
    schema = schema_from_plain(model.facts["schema"])
    judged, decision = decide(evidence, load_policy(shipped=POLICY))
    facts: dict[str, Any] = {
        "decision": decision.verdict,
        "policy": decision.policy,
        "reasons": list(decision.reasons),
        "evidence": json.loads(to_json(judged, decision, schema)),
        "notes": [*_said(decision), *model.facts["notes"]],
    }
    tables = {"evidence": _table(judged)}
    if not decision.lets_out:
        return Result(title, persons, tables, facts)
    arrays = {f"model.{name}": array for name, array in model.arrays.items()}
    facts["model"] = model.facts
    facts["schema"] = schema_to_plain(schema)
    return Result(title, persons, tables, facts, {**arrays, "rows": rows})


def twin_of(result: Result) -> TwinOutcome:
    """The twin that the answer of ``federated_twin`` holds.

    Raises : DisclosureRefused where the gate kept it in, with its reasons; ProtocolViolation where there is none.
    """
    facts = result.facts
    if "evidence" not in facts or "decision" not in facts:
        raise ProtocolViolation(f"A synthetic twin was expected; the answer '{result.title}' holds none.")
    if "model" not in facts:
        raise DisclosureRefused("The gate kept this twin in:\n" + "\n".join(f"- {one}" for one in facts["reasons"]))
    arrays = {name.removeprefix("model."): array for name, array in result.arrays.items() if name != "rows"}
    fitted = fitted_of(Result(result.title, result.persons, {}, facts["model"], arrays))
    evidence, _, _ = from_json(json.dumps(facts["evidence"]))
    return TwinOutcome(rows_got(result.arrays["rows"], schema_from_plain(facts["schema"])), fitted, evidence)


def _said(decision: Decision) -> list[str]:
    if decision.lets_out:
        return [f"Released under '{decision.policy}'.", *decision.limits]
    return [f"Kept in under '{decision.policy}': no model and no row is in this answer.", *decision.reasons,
            *decision.advice]  # fmt: skip


def _table(evidence: Evidence) -> dict[str, list[Any]]:
    """One row per finding."""
    columns: dict[str, list[Any]] = {
        name: [] for name in ("metric", "measures", "value", "low", "high", "real", "limit", "status")
    }
    for found in evidence.findings:
        score = found.score
        shown = [None] * 4 if score is None else [score.value, score.low, score.high, score.reference]
        row = [found.metric, found.title, *shown, found.limit or found.reason, str(found.status)]
        for column, value in zip(columns.values(), row, strict=True):
            column.append(value)
    return columns
