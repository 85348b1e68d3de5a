"""Which method a rule means."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from cohortium.anonymise.fhir.methods.clean import clean
from cohortium.anonymise.fhir.methods.crypto_hash import crypto_hash
from cohortium.anonymise.fhir.methods.date_shift import date_shift
from cohortium.anonymise.fhir.methods.encryption import encrypt
from cohortium.anonymise.fhir.methods.generalize import generalizing
from cohortium.anonymise.fhir.methods.keep import keep
from cohortium.anonymise.fhir.methods.method import Applied, Context, Method
from cohortium.anonymise.fhir.methods.perturb import perturbing
from cohortium.anonymise.fhir.methods.redact import redact
from cohortium.anonymise.fhir.rule import Rule

_CLEANED = frozenset(("string", "markdown"))
_HIDDEN = frozenset(("xhtml", "base64Binary"))


def substituting(rule: Rule) -> Method:
    """substitute: the value that the rule gives."""

    def substitute(_value: Any, _kind: str, _path: str, _holder: dict[str, Any], _context: Context) -> Applied:
        return Applied(deepcopy(rule.replace_with), "substitute")

    return substitute


def method_of(rule: Rule | None, kind: str) -> Method:
    """What is done to values of a type under a rule.

    Where no rule reaches them they stay, as in Microsoft's tool, with two exceptions: texts lose the words that point
    at known people, and narratives and attachments go.
    """
    if rule is None:
        return clean if kind in _CLEANED else redact if kind in _HIDDEN else keep
    plain: dict[str, Method] = {"keep": keep, "redact": redact, "dateShift": date_shift, "cryptoHash": crypto_hash,
                                "encrypt": encrypt, "clean": clean}  # fmt: skip
    made = {"substitute": substituting, "perturb": perturbing, "generalize": generalizing}
    return plain[rule.method] if rule.method in plain else made[rule.method](rule)
