"""FHIRPath expressions as trees (FHIRPath 2.0, HL7, section 13: its grammar)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Literal:
    """A string, number, boolean, date (``is_date``) or the empty collection (``value`` is None)."""

    value: str | int | float | bool | None
    is_date: bool = False


@dataclass(frozen=True, slots=True)
class This:
    """``$this``."""


@dataclass(frozen=True, slots=True)
class Member:
    """``base.name``; of the context where there is no base."""

    base: Expression | None
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """``base.name(arguments)``; of the context where there is no base."""

    base: Expression | None
    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """``base[place]``."""

    base: Expression
    place: Expression


@dataclass(frozen=True, slots=True)
class OfType:
    """``base as Type``, or ``base is Type`` where ``asks``."""

    base: Expression
    type_name: str
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """``left operator right``; a sign in front of a number has no left."""

    operator: str
    left: Expression | None
    right: Expression


Expression = Literal | This | Member | Call | Index | OfType | Operation
