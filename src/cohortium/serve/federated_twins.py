"""A synthetic twin that a study has made, as a folder for people: rows, evidence, report, card, model."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from cohortium.federate.twin import twin_of
from cohortium.records import Result
from cohortium.serve.twin import documents
from cohortium.synthesise.model_file import save_model

HEAVY = ("evidence", "model", "schema")
"""Facts of such an answer that lie in the folder, not in the record of the study."""


def is_twin(result: Result) -> bool:
    """Whether the answer holds a twin that the gate has let out."""
    return set(HEAVY) <= set(result.facts) and "rows" in result.arrays


def write_twin(folder: Path, result: Result) -> Path:
    """``twin.csv``, ``twin.parquet``, ``report.html`` and the other documents, and ``model.cohortium`` for more rows.

    Raises : DisclosureRefused where the evidence does not satisfy the policy; TargetUnwritable.
    """
    twin = twin_of(result)
    released = twin.release()
    with_pdf = find_spec("typst") is not None
    written = released.write(folder, documents(twin.table.schema, with_pdf=with_pdf))
    # what 'cohortium sample' asks for before it draws more rows
    facts = {"title": result.title, "verdict": released.decision.verdict, "run": f"federated {result.digest[:12]}"}
    save_model(twin.fitted, written / "model.cohortium", facts=facts)
    return written
