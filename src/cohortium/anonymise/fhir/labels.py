"""Security labels that say in a resource's meta what was done to it, as Microsoft's tool sets them."""

from __future__ import annotations

from typing import Any

from cohortium.anonymise.fhir.forms import objects

_SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
# "CRYTOHASH" is how HL7 spells its code; those without a system are not in HL7's list.
_REDACTED = {"system": _SYSTEM, "code": "REDACTED", "display": "redacted"}
_PERTURBED = {"code": "PERTURBED", "display": "exact value is replaced with another exact value"}
LABELS: dict[str, dict[str, str]] = {
    "redact": _REDACTED,
    "clean": _REDACTED,
    "abstract": {"system": _SYSTEM, "code": "ABSTRED", "display": "abstracted"},
    "cryptoHash": {"system": _SYSTEM, "code": "CRYTOHASH", "display": "cryptographic hash function"},
    "encrypt": {"code": "ENCRYPT", "display": "exact value is transformed into ciphertext"},
    "dateShift": _PERTURBED,
    "perturb": _PERTURBED,
    "substitute": {"code": "SUBSTITUTED", "display": "exact value is replaced with a predefined value"},
    "generalize": {"code": "GENERALIZED", "display": "exact value is replaced with a general value"},
}


def label(resource: dict[str, Any], did: set[str]) -> None:
    """Add to ``resource`` the labels of what was done; those that it has already stay as they are."""
    if not did:
        return
    meta = resource.setdefault("meta", {})
    kept = meta["security"] = objects(meta.get("security"))
    codes = {str(one.get("code", "")).upper() for one in kept}
    for method, coding in LABELS.items():
        if method in did and coding["code"] not in codes:
            codes.add(coding["code"])
            kept.append(dict(coding))
