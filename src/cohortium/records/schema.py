"""What a table of patients means: kinds, roles, units, ranges, missing codes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from cohortium.errors import SchemaMismatch
from cohortium.records.constraints import Constraint


class Kind(StrEnum):
    """How the values of a column behave, whatever the file stores them as."""

    CONTINUOUS = "continuous"
    INTEGER = "integer"
    ORDINAL = "ordinal"
    CATEGORICAL = "categorical"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    DURATION = "duration"
    IDENTIFIER = "identifier"
    TEXT = "text"
    IMAGE = "image"

    @property
    def is_numeric(self) -> bool:
        """Values have distances: continuous, integer, duration, date and datetime."""
        return self in _NUMERIC

    @property
    def is_nominal(self) -> bool:
        """Values are levels: categorical, ordinal and boolean."""
        return self in _NOMINAL


_NUMERIC = frozenset({Kind.CONTINUOUS, Kind.INTEGER, Kind.DURATION, Kind.DATE, Kind.DATETIME})
_NOMINAL = frozenset({Kind.CATEGORICAL, Kind.ORDINAL, Kind.BOOLEAN})
_CHANNELS = (1, 3)


class Role(StrEnum):
    """What a column is for in a study, and how much it identifies a person."""

    PERSON_KEY = "person_key"
    DIRECT_IDENTIFIER = "direct_identifier"
    QUASI_IDENTIFIER = "quasi_identifier"
    SENSITIVE = "sensitive"
    OUTCOME = "outcome"
    TIME = "time"
    EVENT = "event"
    SITE = "site"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its kind, its roles and what its values may be.

    minimum, maximum : plausible range, in the column's unit; dates as days, datetimes as seconds, since 1970-01-01.
    levels           : allowed levels of a nominal column; their order counts when the kind is ordinal.
    missing_codes    : values that the file writes for "missing" (``"?"``, ``"-9"``, ``"0"``).
    decimals         : digits after the point that the source records; None when unlimited.
    date_format      : how the file writes dates, strptime style; None for ISO 8601.
    decimal_comma    : the file writes 3,5 for three and a half.
    reasons          : why inference chose what it chose, for a person to check.
    shape            : of every image in an image column: height, width, and 1 channel (grey) or 3 (red, green, blue).
    """

    name: str
    kind: Kind
    roles: frozenset[Role] = frozenset()
    unit: str | None = None
    missing_codes: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    levels: tuple[str, ...] | None = None
    decimals: int | None = None
    date_format: str | None = None
    decimal_comma: bool = False
    reasons: tuple[str, ...] = ()
    shape: tuple[int, int, int] | None = None

    def __post_init__(self) -> None:
        if (self.kind is Kind.IMAGE) != (self.shape is not None):
            raise SchemaMismatch(
                f"Column '{self.name}' is {self.kind}, {'with' if self.shape else 'without'} the shape of an image. A "
                "column of kind image states its shape, height, width and channels; no other column has one."
            )
        if self.shape is not None and not _is_shape(self.shape):
            raise SchemaMismatch(
                f"The shape of column '{self.name}' is not that of an image: height and width are whole numbers from "
                "1, and there is 1 channel (grey) or 3 (red, green, blue). Correct it."
            )

    def has_role(self, role: Role) -> bool:
        """Whether the column plays ``role``."""
        return role in self.roles

    def with_roles(self, *roles: Role) -> Column:
        """The same column with ``roles`` added."""
        return replace(self, roles=self.roles | frozenset(roles))

    @property
    def is_modelled(self) -> bool:
        """Whether a statistical model may use the column: no identifier, free text or image."""
        identifies = self.has_role(Role.PERSON_KEY) or self.has_role(Role.DIRECT_IDENTIFIER)
        return not identifies and self.kind not in (Kind.IDENTIFIER, Kind.TEXT, Kind.IMAGE)


def _is_shape(shape: tuple[int, ...]) -> bool:
    return len(shape) == 3 and all(type(side) is int and side >= 1 for side in shape) and shape[2] in _CHANNELS


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of a table in order, and the rules that its rows obey."""

    columns: tuple[Column, ...]
    constraints: tuple[Constraint, ...] = ()
    title: str = ""
    _places: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        places = {column.name: place for place, column in enumerate(self.columns)}
        if len(places) != len(self.columns):
            names = [column.name for column in self.columns]
            twice = sorted({name for name in names if names.count(name) > 1})
            raise SchemaMismatch(f"Column names must be unique; {twice} stand more than once. Rename them.")
        for role in (Role.PERSON_KEY, Role.TIME, Role.EVENT):
            holders = [column.name for column in self.columns if column.has_role(role)]
            if len(holders) > 1:
                raise SchemaMismatch(f"At most one column may have the role {role}; {holders} have it. Keep one.")
        for constraint in self.constraints:
            unknown = [name for name in constraint.columns if name not in places]
            if unknown:
                raise SchemaMismatch(f"The constraint '{constraint}' names {unknown}, which the schema does not have.")
        object.__setattr__(self, "_places", places)

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(column.name for column in self.columns)

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __getitem__(self, name: str) -> Column:
        if name not in self._places:
            raise SchemaMismatch(f"The schema has no column '{name}'; it has {list(self.names)}.")
        return self.columns[self._places[name]]

    def with_role(self, role: Role) -> tuple[Column, ...]:
        """Columns that play ``role``."""
        return tuple(column for column in self.columns if column.has_role(role))

    def only(self, role: Role) -> Column | None:
        """The first column that plays ``role``, or None."""
        return next(iter(self.with_role(role)), None)

    @property
    def modelled(self) -> tuple[Column, ...]:
        """Columns that a statistical model may use."""
        return tuple(column for column in self.columns if column.is_modelled)

    def select(self, names: Iterable[str]) -> Schema:
        """The schema of these columns, with the constraints that they still carry."""
        kept = tuple(self[name] for name in names)
        present = {column.name for column in kept}
        constraints = tuple(rule for rule in self.constraints if set(rule.columns) <= present)
        return Schema(kept, constraints, self.title)

    def replace_column(self, column: Column) -> Schema:
        """The schema with the column of the same name replaced."""
        self[column.name]
        columns = tuple(column if old.name == column.name else old for old in self.columns)
        return Schema(columns, self.constraints, self.title)

    def with_constraints(self, *constraints: Constraint) -> Schema:
        """The schema with ``constraints`` added, each once."""
        added = tuple(rule for rule in constraints if rule not in self.constraints)
        return Schema(self.columns, self.constraints + added, self.title)
