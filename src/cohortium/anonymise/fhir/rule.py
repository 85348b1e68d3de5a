"""One rule: a path, a method, and the method's settings, checked before any record is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cohortium.anonymise.fhir.fhirpath import Expression, parse
from cohortium.anonymise.fhir.fhirpath.evaluation import check_functions
from cohortium.errors import InvalidRequest

METHODS = ("keep", "redact", "dateShift", "cryptoHash", "encrypt", "substitute", "perturb", "generalize", "clean")
_NAMES = {method.lower(): method for method in METHODS}
_SETTINGS: dict[str, set[str]] = {"substitute": {"replaceWith"}, "perturb": {"span", "rangeType", "roundTo"},
                                  "generalize": {"cases", "otherValues"}}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """Rules apply in their order; the first that reaches an element decides about it and all below it.

    replace_with    : of substitute; a value or an object.
    span, proportional, round_to : of perturb; noise is even over -span/2 to span/2, or that share of the value.
    cases, keep_others : of generalize; pairs of condition and value, and what becomes of values that fit none.
    """

    path: str
    method: str
    tree: Expression
    replace_with: Any = None
    span: float = 0.0
    proportional: bool = False
    round_to: int | None = None
    cases: tuple[tuple[Expression, Expression], ...] = field(default=())
    keep_others: bool = False


def rule_of(plain: Any, where: str) -> Rule:
    """A rule from plain data; raises InvalidRequest naming what is wrong with it."""
    if not isinstance(plain, Mapping) or not isinstance(plain.get("path"), str):
        raise InvalidRequest(f"{where}: a rule is an object with a 'path' and a 'method'.")
    method = _NAMES.get(str(plain.get("method", "")).lower())
    if method is None:
        raise InvalidRequest(f"{where}: method is one of {list(METHODS)}, not '{plain.get('method')}'.")
    known = {"path", "method", *_SETTINGS.get(method, set())}
    unknown = sorted(set(plain) - known)
    if unknown:
        raise InvalidRequest(f"{where}: unknown key {unknown}; known for {method}: {sorted(known)}.")
    tree = _checked(plain["path"], where)
    if method == "substitute":
        if "replaceWith" not in plain:
            raise InvalidRequest(f"{where}: substitute needs 'replaceWith'.")
        return Rule(plain["path"], method, tree, replace_with=plain["replaceWith"])
    if method == "perturb":
        return _perturbing(plain, tree, where)
    if method == "generalize":
        return _generalizing(plain, tree, where)
    return Rule(plain["path"], method, tree)


def _perturbing(plain: Mapping[str, Any], tree: Expression, where: str) -> Rule:
    span, kind, places = plain.get("span"), str(plain.get("rangeType", "fixed")).lower(), plain.get("roundTo")
    if isinstance(span, bool) or not isinstance(span, int | float) or span < 0:
        raise InvalidRequest(f"{where}: perturb needs 'span', a number that is not negative.")
    if kind not in ("fixed", "proportional"):
        raise InvalidRequest(f"{where}: rangeType is 'fixed' or 'proportional', not '{kind}'.")
    if places is not None and (isinstance(places, bool) or not isinstance(places, int) or not 0 <= places <= 28):
        raise InvalidRequest(f"{where}: roundTo is a whole number from 0 to 28.")
    return Rule(plain["path"], "perturb", tree, span=span, proportional=kind == "proportional", round_to=places)


def _generalizing(plain: Mapping[str, Any], tree: Expression, where: str) -> Rule:
    cases, others = plain.get("cases"), str(plain.get("otherValues", "redact")).lower()
    if not isinstance(cases, Mapping) or not cases:
        raise InvalidRequest(f"{where}: generalize needs 'cases', an object of conditions and values.")
    if others not in ("redact", "keep"):
        raise InvalidRequest(f"{where}: otherValues is 'redact' or 'keep', not '{others}'.")
    pairs = tuple((_checked(str(asks), where), _checked(str(gives), where)) for asks, gives in cases.items())
    return Rule(plain["path"], "generalize", tree, cases=pairs, keep_others=others == "keep")


def _checked(text: str, where: str) -> Expression:
    try:
        tree = parse(text)
        check_functions(tree)
    except InvalidRequest as error:
        raise InvalidRequest(f"{where}: {error}") from error
    return tree
