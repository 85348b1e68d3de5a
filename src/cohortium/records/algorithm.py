"""What every algorithm is: local additive summaries, and a step on their sum.

An algorithm is a frozen dataclass whose fields are its settings (JSON values and tuples of them). It is started from
the schema that all sites agree on, and from then on sees records only in ``local`` and totals only in ``combine``; both
are pure. How the total comes about - one table, several sites, a secure sum - is the runner's affair.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from cohortium.errors import InvalidRequest, ProtocolViolation
from cohortium.records.notebook import result_html
from cohortium.records.parcel import pack, unpack
from cohortium.records.schema import Schema
from cohortium.records.settings import check_settings
from cohortium.records.sums import Sums
from cohortium.records.table import Table
from cohortium.registry import find

if TYPE_CHECKING:
    import pandas
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class State:
    """What an algorithm knows between two steps; every site sees it, so it holds totals and settings only.

    step   : which local summary is asked for next.
    facts  : JSON values.
    arrays : numeric arrays.
    """

    step: str
    facts: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """As it travels and is kept in a checkpoint."""
        return pack({"step": self.step, "facts": self.facts}, self.arrays)

    @classmethod
    def from_bytes(cls, data: bytes) -> State:
        """What ``to_bytes`` made; raises ProtocolViolation."""
        parcel = unpack(data)
        try:
            return cls(str(parcel.facts["step"]), dict(parcel.facts["facts"]), parcel.arrays)
        except (KeyError, TypeError, ValueError) as error:
            raise ProtocolViolation("A state that came has no step or no facts.") from error


@dataclass(frozen=True, slots=True)
class Result:
    """An answer: tidy tables, and arrays for drawing or for further use.

    title   : what it is, in words.
    persons : persons behind it.
    tables  : name -> column -> values (JSON values; None where not applicable); all columns of a table equally long.
    facts   : JSON values: single numbers (with their intervals), settings, warnings under ``notes``.
    arrays  : numeric arrays, such as a fitted model's.
    """

    title: str
    persons: int
    tables: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 of the answer as it is kept."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def frame(self, name: str) -> pandas.DataFrame:
        """One table as a pandas frame."""
        import pandas as pd

        return pd.DataFrame(self.tables[name])

    def _repr_html_(self) -> str:
        """As a notebook shows it."""
        return result_html(self.title, self.persons, self.tables, self.facts)

    def to_bytes(self) -> bytes:
        """As it travels and is kept."""
        facts = {"title": self.title, "persons": self.persons, "tables": self.tables, "facts": self.facts}
        return pack(facts, self.arrays)

    @classmethod
    def from_bytes(cls, data: bytes) -> Result:
        """What ``to_bytes`` made; raises ProtocolViolation."""
        parcel = unpack(data)
        try:
            return cls(**parcel.facts, arrays=parcel.arrays)
        except TypeError as error:
            raise ProtocolViolation("The bytes that came are not a result.") from error


@runtime_checkable
class Algorithm(Protocol):
    """A statistic or model; its settings are the fields of its dataclass."""

    def columns(self) -> tuple[str, ...]:
        """Columns that it reads: the only ones that a site hands to it."""
        ...

    def start(self, schema: Schema) -> State:
        """The first state. Raises InvalidRequest where the settings do not fit the agreed schema."""
        ...

    def local(self, records: Table, state: State) -> Sums:
        """Additive summaries of one site's records, which may be none; pure."""
        ...

    def combine(self, total: Sums, state: State) -> State | Result:
        """The next state, or the answer; pure, and sees the total alone."""
        ...


def algorithm_to_plain(algorithm: Algorithm) -> dict[str, Any]:
    """The algorithm's registered name and settings, as JSON values."""
    return {"name": name_of(algorithm), "settings": _listed(asdict(algorithm))}  # type: ignore[call-overload]


def algorithm_from_plain(plain: Mapping[str, Any]) -> Algorithm:
    """The algorithm that ``algorithm_to_plain`` described.

    Raises : InvalidRequest where there is no such algorithm, it has no such setting, or one is of the wrong kind.
    """
    made = find("algorithm", str(plain.get("name"))).thing
    settings = plain.get("settings", {})
    if not isinstance(settings, Mapping):
        raise InvalidRequest(
            f"The settings of '{plain['name']}' are not a group of names and values. Write one a line."
        )
    known = {one.name for one in fields(made)}
    unknown = sorted(set(settings) - known)
    if unknown:
        raise InvalidRequest(f"'{plain['name']}' has no setting {unknown}; it has {sorted(known)}.")
    check_settings(str(plain["name"]), made, settings)
    try:
        algorithm: Algorithm = made(**{name: _tupled(value) for name, value in settings.items()})
    except TypeError as error:
        raise InvalidRequest(f"'{plain['name']}' cannot be set up so: {error}.") from error
    return algorithm


def name_of(algorithm: Algorithm) -> str:
    """The name under which the algorithm's class is registered."""
    return str(type(algorithm).registered_name)  # type: ignore[attr-defined]


def _listed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _listed(inner) for name, inner in value.items()}
    return [_listed(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def _tupled(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _tupled(inner) for name, inner in value.items()}
    return tuple(_tupled(inner) for inner in value) if isinstance(value, (list, tuple)) else value
