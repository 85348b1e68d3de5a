"""Which rule decides about which element, worked out once per path and remembered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from cohortium.anonymise.fhir.methods.method import Method
from cohortium.anonymise.fhir.path_shapes import PathShape, Step, shapes_of
from cohortium.anonymise.fhir.rule import Rule
from cohortium.anonymise.fhir.structure import PRIMITIVES, Shape, codes, is_resource, shape

NO_RULE = 1 << 30
Cursor = tuple[int, tuple[Step, ...]]
"""A rule whose path has come as far as here, and the steps that it still has to go."""


class Spot:
    """One place in the structure of a resource ("Patient.contact.name"), with the rule that decides about it.

    rule    : number of the first rule that reaches it, or something above it; NO_RULE where none does.
    matched : the rule that names exactly this place rather than one above, NO_RULE where none does.
    tally   : method -> how many values it was applied to here.
    methods : rule -> what it does to values here.
    """

    __slots__ = (
        "children",
        "codes",
        "cursors",
        "form",
        "is_primitive",
        "kind",
        "matched",
        "methods",
        "owner",
        "path",
        "plan",
        "rule",
        "tally",
    )

    def __init__(
        self,
        plan: Plan,
        path: str,
        kind: str,
        matched: int,
        rule: int,
        cursors: tuple[Cursor, ...] = (),
        owner: str = "",
    ) -> None:
        self.plan, self.path, self.kind, self.matched, self.rule, self.cursors = (
            plan,
            path,
            kind,
            matched,
            rule,
            cursors,
        )
        self.owner = owner
        self.is_primitive = kind in PRIMITIVES
        self.form: Shape = shape("Element" if self.is_primitive else kind)
        self.codes = codes(f"{owner}.{path.rpartition('.')[2]}") if kind == "code" else None
        self.children: dict[str, Spot | None] = {}
        self.tally: Counter[str] = Counter()
        self.methods: dict[int, Method] = {}

    def child(self, key: str) -> Spot | None:
        """The place of an element by its name in JSON; None where R4 has no such element."""
        if key not in self.children:
            self.children[key] = self._child(key)
        return self.children[key]

    def extras(self, key: str) -> Spot:
        """The place of what JSON keeps beside a primitive value ("_birthDate"): its id and extensions."""
        name = f"_{key}"
        found = self.children.get(name)
        if found is None:
            value = self.child(key)
            rule = self.rule if value is None else value.rule
            found = self.children[name] = Spot(self.plan, f"{self.path}.{name}", "Element", NO_RULE, rule)
        return found

    def _child(self, key: str) -> Spot | None:
        kind = self.form.elements.get(key)
        if kind is None:
            return None
        name = next((base for base, keys in self.form.choices.items() if key in keys), key)
        matches, cursors = self.plan.started(kind, {name, key})
        for rule, (step, *rest) in self.cursors:
            if step.name in (name, key) and step.kind in (None, kind):
                if rest:
                    cursors.append((rule, tuple(rest)))
                else:
                    matches.append(rule)
        matched = min(matches, default=NO_RULE)
        path = f"{self.kind if is_resource(self.kind) or '.' in self.kind else self.path}.{key}"
        if kind == "Resource":
            return Spot(self.plan, path, kind, NO_RULE, NO_RULE)
        return Spot(self.plan, path, kind, matched, min(matched, self.rule), tuple(cursors), self.kind)


class Plan:
    """All places that the records have shown so far, under a list of rules.

    dynamic : numbers of the rules whose paths ask for values, to be evaluated on each resource.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = rules
        self.roots: dict[str, Spot] = {}
        self._shapes: list[tuple[int, PathShape]] = []
        self.dynamic: list[int] = []
        for number, rule in enumerate(rules):
            shapes = shapes_of(rule.tree)
            if shapes is None:
                self.dynamic.append(number)
            else:
                self._shapes += [(number, one) for one in shapes]

    def root(self, resource_type: str) -> Spot:
        """The place of a resource of this type."""
        if resource_type not in self.roots:
            self.roots[resource_type] = self._root(resource_type)
        return self.roots[resource_type]

    def started(self, kind: str, names: set[str]) -> tuple[list[int], list[Cursor]]:
        """Rules that match every element of this type or name, and those that start there."""
        matches: list[int] = []
        cursors: list[Cursor] = []
        type_name = "BackboneElement" if "." in kind else kind
        for rule, one in self._shapes:
            if (one.anchor == "type" and one.wanted == type_name) or (one.anchor == "name" and one.wanted in names):
                if one.steps:
                    cursors.append((rule, one.steps))
                else:
                    matches.append(rule)
        return matches, cursors

    def _root(self, resource_type: str) -> Spot:
        is_domain = "text" in shape(resource_type).elements
        names = {resource_type, "Resource", *(["DomainResource"] if is_domain else [])}
        fitting = [(rule, one) for rule, one in self._shapes if one.anchor == "resource" and one.wanted in names]
        matched = min((rule for rule, one in fitting if not one.steps), default=NO_RULE)
        cursors = tuple((rule, one.steps) for rule, one in fitting if one.steps)
        return Spot(self, resource_type, resource_type, matched, matched, cursors)

    def spots(self) -> list[Spot]:
        """Every place seen so far."""
        found: list[Spot] = []
        waiting = list(self.roots.values())
        while waiting:
            spot = waiting.pop()
            found.append(spot)
            waiting += [child for child in spot.children.values() if child is not None]
        return found
