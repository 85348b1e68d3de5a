"""generalize: a value becomes what its case says."""

from __future__ import annotations

from typing import Any

from cohortium.anonymise.fhir.fhirpath import Node, evaluate, is_true
from cohortium.anonymise.fhir.methods.method import Applied, Context, Method
from cohortium.anonymise.fhir.rule import Rule


def generalizing(rule: Rule) -> Method:
    """The first case whose condition holds for ``$this`` gives the new value; values of no case stay or go."""

    def generalize(value: Any, kind: str, _path: str, _holder: dict[str, Any], context: Context) -> Applied:
        this = [Node(value, kind)]
        for asks, gives in rule.cases:
            if is_true(evaluate(asks, this, today=context.today)):
                made = evaluate(gives, this, today=context.today)
                return Applied(made[0].value if len(made) == 1 else None, "generalize")
        return Applied(value, "keep") if rule.keep_others else Applied(None, "redact")

    return generalize
