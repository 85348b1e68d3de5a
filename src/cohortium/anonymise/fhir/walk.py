"""The way down a resource: every element meets the rule that decides about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from cohortium.anonymise.fhir.fhirpath import evaluate, root_node
from cohortium.anonymise.fhir.fhirpath.nodes import Place
from cohortium.anonymise.fhir.methods import Context, Method, method_of
from cohortium.anonymise.fhir.methods.keep import keep
from cohortium.anonymise.fhir.methods.redact import redact_age
from cohortium.anonymise.fhir.path_shapes import resource_of
from cohortium.anonymise.fhir.plan import NO_RULE, Plan, Spot
from cohortium.anonymise.fhir.rule import Rule

ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
# An element of these types says nothing without the other.
_EMPTY_WITHOUT = {"Narrative": "div", "Annotation": "text"}
Matches = dict[Place, int]
Nested = Callable[[dict[str, Any], Context], tuple[dict[str, Any], set[str]]]
"""What becomes of a resource within another (contained, or an entry of a bundle), and what was done to it."""


class Walk:
    """Rules made ready for one run. Not for several threads.

    unknown   : path -> how many elements R4 does not know, or whose form it does not allow; they are left out.
    off_codes : values that a method would have put where R4 lists the codes; they are left out.
    """

    def __init__(self, rules: tuple[Rule, ...], nested: Nested) -> None:
        self.nested = nested
        self.plan = Plan(rules)
        self.rules = rules
        self.unknown: Counter[str] = Counter()
        self.off_codes = 0
        self._dynamic = [(number, rules[number].tree, resource_of(rules[number].tree)) for number in self.plan.dynamic]

    def resource(self, resource: dict[str, Any], context: Context) -> tuple[dict[str, Any], set[str]]:
        """A changed copy of one resource, and what was done to it and to those within it."""
        spot = self.plan.root(resource["resourceType"])
        did: set[str] = set()
        going = _Going(self, context, self._matches(resource, context), did)
        rest = {key: value for key, value in resource.items() if key != "resourceType"}
        made = going.elements(resource, rest, spot, NO_RULE) or {}
        return {"resourceType": resource["resourceType"], **made}, did

    def method(self, number: int, spot: Spot) -> Method:
        """What is done to values at a place under a rule; remembered there."""
        rule = None if number == NO_RULE else self.rules[number]
        made = method_of(rule, spot.kind)
        if rule is not None and rule.method == "redact" and spot.owner == "Age" and spot.path.endswith(".value"):
            made = redact_age
        spot.methods[number] = made
        return made

    def _matches(self, resource: dict[str, Any], context: Context) -> Matches:
        """What rules whose paths ask for values reach in this resource: place -> number of the first."""
        found: Matches = {}
        for number, tree, wanted in self._dynamic:
            if wanted in (None, resource["resourceType"]):
                for node in evaluate(tree, [root_node(resource)], today=context.today):
                    if node.place is not None:
                        found.setdefault(node.place, number)
        return found


class _Going:
    """One resource on its way."""

    __slots__ = ("context", "did", "matches", "walk")

    def __init__(self, walk: Walk, context: Context, matches: Matches, did: set[str]) -> None:
        self.walk, self.context, self.matches, self.did = walk, context, matches, did

    def elements(
        self, holder: dict[str, Any], items: dict[str, Any], spot: Spot, inherited: int
    ) -> dict[str, Any] | None:
        """The elements of an object that stay; None where nothing does. ``holder`` is the object in the records."""
        made: dict[str, Any] = {}
        children, has_extras = spot.children, _has_extras(items)
        for key, value in items.items():
            if key[0] == "_" or value is None:
                continue
            child = children[key] if key in children else spot.child(key)
            if child is None:
                self.walk.unknown[f"{spot.path}.{key}"] += 1
                continue
            if child.kind == "Resource":
                self._nested(made, key, value, child)
                continue
            beside = items.get(f"_{key}") if has_extras else None
            rule = min(inherited, self._matched(holder, key)) if self.matches else inherited
            if isinstance(value, list):
                self._list(made, key, value, beside, child, spot, holder, rule)
                continue
            one = self._one(value, child, holder, rule)
            if one is not None:
                made[key] = one
            extra = self._beside(beside, key, spot, rule) if beside is not None else None
            if extra is not None:
                made[f"_{key}"] = extra
        if has_extras:
            self._alone(made, items, spot, inherited)
        return self._whole(made, items, spot)

    def _nested(self, made: dict[str, Any], key: str, value: Any, child: Spot) -> None:
        parts = []
        for one in value if isinstance(value, list) else [value]:
            if not isinstance(one, dict):
                self.walk.unknown[child.path] += 1
                continue
            part, did = self.walk.nested(one, self.context)
            self.did |= did
            parts.append(part)
        if parts:
            made[key] = parts if isinstance(value, list) else parts[0]

    def _alone(self, made: dict[str, Any], items: dict[str, Any], spot: Spot, inherited: int) -> None:
        """Extensions of primitive values that are absent themselves ("_birthDate" without "birthDate")."""
        for key, value in items.items():
            name = key[1:]
            if key[0] == "_" and items.get(name) is None:
                if spot.child(name) is None:
                    self.walk.unknown[f"{spot.path}.{key}"] += 1
                    continue
                parts = [
                    self._beside(one, name, spot, inherited) for one in (value if isinstance(value, list) else [value])
                ]
                kept = [part for part in parts if part is not None]
                if kept:
                    made[key] = kept if isinstance(value, list) else kept[0]

    def _matched(self, holder: object, key: str | int) -> int:
        return self.matches.get((id(holder), key), NO_RULE)

    def _list(
        self, made: dict[str, Any], key: str, values: list[Any], beside: Any, child: Spot, spot: Spot,
        holder: dict[str, Any], inherited: int,
    ) -> None:  # fmt: skip
        extras = beside if isinstance(beside, list) else []
        kept, kept_beside = [], []
        for number, value in enumerate(values):
            rule = min(inherited, self._matched(values, number)) if self.matches else inherited
            one = None if value is None else self._one(value, child, holder, rule)
            extra = self._beside(extras[number], key, spot, rule) if number < len(extras) else None
            if one is not None or extra is not None:
                kept.append(one)
                kept_beside.append(extra)
        if any(one is not None for one in kept):
            made[key] = kept
        if any(extra is not None for extra in kept_beside):
            made[f"_{key}"] = kept_beside

    def _one(self, value: Any, child: Spot, holder: dict[str, Any], inherited: int) -> Any:
        rule = inherited if inherited < child.rule else child.rule
        if child.is_primitive:
            return self._primitive(value, child, holder, rule)
        if not isinstance(value, dict):
            self.walk.unknown[child.path] += 1
            return None
        if rule != NO_RULE and self.walk.rules[rule].method == "substitute":
            self.did.add("substitute")
            child.tally["substitute"] += 1
            return deepcopy(self.walk.rules[rule].replace_with)
        return self.elements(value, value, child, rule)

    def _primitive(self, value: Any, child: Spot, holder: dict[str, Any], rule: int) -> Any:
        if isinstance(value, dict | list):
            self.walk.unknown[child.path] += 1
            return None
        method = child.methods.get(rule) or self.walk.method(rule, child)
        if method is keep:
            child.tally["keep"] += 1
            return value
        applied = method(value, child.kind, child.path, holder, self.context)
        child.tally[applied.did] += 1
        if applied.did == "keep":
            return applied.value
        self.did.add(applied.did)
        if child.codes is not None and applied.value is not None and applied.value not in child.codes:
            self.walk.off_codes += 1
            return None
        return applied.value

    def _beside(self, beside: Any, key: str, spot: Spot, inherited: int) -> Any:
        if not isinstance(beside, dict):
            return None
        child = spot.extras(key)
        return self.elements(beside, beside, child, min(inherited, child.rule))

    def _whole(self, made: dict[str, Any], items: dict[str, Any], spot: Spot) -> dict[str, Any] | None:
        """The object with reasons in the places of what R4 requires and what is gone; None where nothing is left."""
        if not made:
            return None
        needed = _EMPTY_WITHOUT.get(spot.kind)
        if needed is not None and needed not in made:
            return None
        if spot.kind == "Extension" and made.keys() <= {"url", "id"}:
            return None
        for name in spot.form.required:
            names = spot.form.choices.get(name, (name,))
            if not any(key in made or f"_{key}" in made for key in names):
                self._explain(made, next((key for key in names if items.get(key) is not None), None), items, spot)
        return made

    def _explain(self, made: dict[str, Any], key: str | None, items: dict[str, Any], spot: Spot) -> None:
        """Put the reason in the place of an element that is required and gone, or in those that it requires itself."""
        child = None if key is None else spot.child(key)
        if key is None or child is None:
            return
        one = items[key][0] if isinstance(items[key], list) and items[key] else items[key]
        reason: dict[str, Any] = {}
        if "." in child.kind and isinstance(one, dict):
            for name in child.form.required:
                names = child.form.choices.get(name, (name,))
                self._explain(reason, next((other for other in names if one.get(other) is not None), None), one, child)
        reason = reason or {"extension": [{"url": ABSENT, "valueCode": "masked"}]}
        made[f"_{key}" if child.is_primitive else key] = [reason] if isinstance(items[key], list) else reason


def _has_extras(items: dict[str, Any]) -> bool:
    # A plain loop: it runs for every object of every record.
    for key in items:  # noqa: SIM110
        if key[0] == "_":
            return True
    return False
