"""Which labels a role sees how exactly, for which purpose: a TOML file that a person can edit.

What it does not allow is hidden.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from cohortium.anonymise.views.precision import HIDDEN, Precision, stricter
from cohortium.errors import InvalidRequest, PermitDenied, SourceUnreadable
from cohortium.sources.toml_keys import Keys

_VIEW_KEYS = {"role", "purpose", "shows"}


@dataclass(frozen=True, slots=True)
class Rule:
    """What a role sees for a purpose.

    role, purpose : whom it holds for; anybody, or anything, where None.
    shows         : label -> how exactly columns with this label are shown.
    """

    role: str | None
    purpose: str | None
    shows: Mapping[str, Precision]

    def fits(self, role: str, purpose: str) -> bool:
        """Whether it speaks of this role and purpose."""
        return self.role in (None, role) and self.purpose in (None, purpose)

    @property
    def specificity(self) -> int:
        """How many of role and purpose it names."""
        return (self.role is not None) + (self.purpose is not None)


@dataclass(frozen=True, slots=True)
class AttributePolicy:
    """Labels of columns, and rules about labels.

    labels : column -> its label.
    """

    title: str
    labels: Mapping[str, str]
    rules: tuple[Rule, ...]

    def __post_init__(self) -> None:
        ruled = {label for rule in self.rules for label in rule.shows}
        unknown = sorted(ruled - set(self.labels.values()))
        if unknown:
            raise InvalidRequest(
                f"The policy '{self.title}' has rules for the labels {unknown}, which no column has. Known labels: "
                f"{sorted(set(self.labels.values()))}. Correct the name, or give a column that label."
            )

    def precisions(self, columns: Sequence[str], role: str, purpose: str) -> dict[str, Precision]:
        """Column -> how exactly it is shown: by the most specific rule, by the stricter of several, else hidden.

        Raises : PermitDenied where no rule speaks of this role and purpose; InvalidRequest where the policy labels
                 columns that are not there, since a name that was misspelt would leave the true column without a label.
        """
        absent = sorted(set(self.labels) - set(columns))
        if absent:
            raise InvalidRequest(
                f"The policy '{self.title}' labels the columns {absent}, which the table does not have; it has "
                f"{list(columns)}. Correct or remove them."
            )
        rules = [rule for rule in self.rules if rule.fits(role, purpose)]
        if not rules:
            raise PermitDenied(
                f"The policy '{self.title}' shows nothing to the role '{role}' for the purpose '{purpose}'. It knows "
                f"the roles {self.roles()} and the purposes {self.purposes()}."
            )
        return {name: _precision(rules, self.labels.get(name)) for name in columns}

    def roles(self) -> list[str]:
        """Roles that rules name."""
        return sorted({rule.role for rule in self.rules if rule.role is not None})

    def purposes(self) -> list[str]:
        """Purposes that rules name."""
        return sorted({rule.purpose for rule in self.rules if rule.purpose is not None})


def _precision(rules: Sequence[Rule], label: str | None) -> Precision:
    speaking = [rule for rule in rules if label is not None and label in rule.shows]
    if not speaking or label is None:
        return HIDDEN
    most = max(rule.specificity for rule in speaking)
    found = [rule.shows[label] for rule in speaking if rule.specificity == most]
    strictest = found[0]
    for other in found[1:]:
        strictest = stricter(strictest, other)
    return strictest


def load_attribute_policy(path: Path | None = None) -> AttributePolicy:
    """The policy in the TOML file at ``path``, or the example that ships with Cohortium.

    Raises : SourceUnreadable; InvalidRequest naming the view, label and key that cannot be understood.
    """
    place = path or Path("attribute_views.toml")
    try:
        if path is None:
            text = resources.files("cohortium.privacy").joinpath("policies/attribute_views.toml").read_text("utf-8")
        else:
            text = path.read_text("utf-8")
        document = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise SourceUnreadable(f"The attribute policy {place} cannot be read: {type(error).__name__}.") from error
    except tomllib.TOMLDecodeError as error:
        raise InvalidRequest(f"{place} is not TOML: {error}.") from error
    keys = Keys(place, "the policy", document, {"title", "labels", "view"})
    keys.refuse_unknown()
    labels = keys.get("labels", 'a table [labels] of column = "label"', _is_labels)
    views = keys.get("view", "[[view]] tables", lambda value: isinstance(value, list) and bool(value))
    if not labels or not views:
        raise InvalidRequest(f'{place}: [labels] with column = "label", and [[view]] tables, were expected.')
    rules = tuple(_rule(plain, number, place) for number, plain in enumerate(views, 1))
    return AttributePolicy(keys.needed("title"), labels, rules)


def _is_labels(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(label, str) for label in value.values())


def _rule(plain: dict[str, Any], number: int, path: Path) -> Rule:
    where = f"[[view]] number {number}"
    keys = Keys(path, where, plain, _VIEW_KEYS)
    keys.refuse_unknown()
    shows = keys.get("shows", 'a table such as {medical = "exact"}', _is_labels)
    if not shows:
        raise InvalidRequest(f'{path}: {where} needs shows = {{label = "exact", ...}}.')
    try:
        return Rule(keys.text("role"), keys.text("purpose"), {label: Precision.of(how) for label, how in shows.items()})
    except InvalidRequest as error:
        raise InvalidRequest(f"{path}: {where}: {error}") from error
