"""cryptoHash: a keyed pseudonym; references and ids go on fitting together."""

from __future__ import annotations

from typing import Any

from cohortium.anonymise.fhir.methods.method import Applied, Context
from cohortium.anonymise.fhir.references import identifier_key, renamed

_REFERENCES = (".fullUrl", ".request.url", ".response.location", ".link.url")


def crypto_hash(value: Any, kind: str, path: str, holder: dict[str, Any], context: Context) -> Applied:
    """A pseudonym of the project's ring of keys. Numbers and booleans, for which there is none, are redacted."""
    if not isinstance(value, str):
        return Applied(None, "redact")
    names = context.pseudonyms.of
    if path.endswith(_REFERENCES) or (path.endswith(".reference") and kind == "string"):
        return Applied(renamed(value, names), "cryptoHash")
    if kind == "id" and path.endswith(".id"):
        owner = "contained" if context.contained else str(context.resource["resourceType"])
        return Applied(names(owner, value), "cryptoHash")
    if path.endswith(".value") and "system" in holder:
        owner = context.people.types.get(identifier_key(str(holder["system"]), value), "")
        return Applied(names(owner or _owner(path), value), "cryptoHash")
    return Applied(names("", value), "cryptoHash")


def _owner(path: str) -> str:
    return path.partition(".")[0] if path.endswith(".identifier.value") and path.count(".") == 2 else ""
