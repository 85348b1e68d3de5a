"""A standing rule as a steward makes and reads it: checked against what the node publishes, and said in words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cohortium.errors import InvalidRequest
from cohortium.federate.node.datasets import datasets
from cohortium.federate.node.decisions import Rule
from cohortium.federate.offered import offered
from cohortium.federate.study import MODES


def must_fit(rule: Rule, folder: Path) -> None:
    """Raises InvalidRequest where the rule names what the node in ``folder`` does not have: it would cover nothing."""
    published = datasets(folder)
    _must_be_known("dataset", (rule.dataset,), list(published))
    _must_be_known("algorithm", rule.algorithms, [entry.name for entry in offered()])
    _must_be_known("mode", rule.modes, MODES)
    if rule.columns:
        dataset = published[rule.dataset]
        _must_be_known("column open to studies", rule.columns, dataset.allowed(dataset.schema()))


def in_words(rule: Rule) -> str:
    """The rule as one line: what is approved without asking."""
    words = f"{' or '.join(rule.algorithms)} on '{rule.dataset}', in mode {' or '.join(rule.modes)}"
    who = f"asked by {' or '.join(rule.researchers)}" if rule.researchers else "whoever asks"
    which = f"only of columns {', '.join(rule.columns)}" if rule.columns else "of any column open to studies"
    return f"{words}, {who}, {which}"


def _must_be_known(what: str, given: Sequence[str], known: Sequence[str]) -> None:
    unknown = [name for name in given if name not in known]
    if unknown:
        raise InvalidRequest(f"There is no {what} '{unknown[0]}' here; there is: {', '.join(known) or 'none'}.")
