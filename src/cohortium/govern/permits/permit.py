"""A data permit: who may use which data for what, how, and until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from cohortium.errors import InvalidRequest, ProtocolViolation
from cohortium.govern.permits.purposes import Purpose

MODES = ("plain", "secure", "dp")
OUTPUTS = ("table", "plot", "model", "synthetic")
"""Kinds of results that a permit can allow to leave."""
MICRO = 1_000_000
"""Epsilon is kept in millionths, so that sums of budgets are exact."""


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who asks.

    account      : under which the person signs in, and submits studies.
    public_body  : whether it is a public sector body or Union institution, which some purposes ask for.
    """

    account: str
    name: str
    organisation: str
    country: str
    public_body: bool = False

    def __post_init__(self) -> None:
        empty = [one.name for one in fields(self) if getattr(self, one.name) == ""]
        if empty:
            raise InvalidRequest(f"An applicant needs {empty}.")
        if len(self.country) != 2 or not self.country.isalpha() or not self.country.isupper():
            raise InvalidRequest(f"A country is two capital letters (ISO 3166-1), such as DE, not '{self.country}'.")


@dataclass(frozen=True, slots=True)
class DatasetUse:
    """What of one dataset is asked for.

    dataset : its name in the catalogue.
    sites   : hospitals that hold it.
    columns : that analyses read or select by; no other column is touched.
    """

    dataset: str
    sites: tuple[str, ...]
    columns: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.dataset or not self.sites or not self.columns:
            raise InvalidRequest("A permit names for each dataset its sites and columns; none of them can be 'all'.")


@dataclass(frozen=True, slots=True)
class Permit:
    """What was asked for, and where it was granted, what is allowed. Nothing that it does not name is allowed.

    number       : unique; a renewal has a number of its own and names the earlier one in ``renews``.
    purposes     : of Article 53(1), one or more.
    algorithms   : that may run, by their registered names.
    modes        : "plain", "secure", "dp".
    micro_epsilon: budget in mode "dp" over all its runs, in millionths; 0 where the mode is not allowed.
    delta        : the largest that a run may ask for; 0 likewise.
    outputs      : kinds of results that may leave.
    minimisation : why these columns, and not fewer or none, are needed (Article 66).
    ethics       : reference of an ethics vote, or why none is needed.
    opt_outs     : whether persons who opted out (Article 71) are left out; only with a legal basis are they not.
    starts, ends : first and last day (Article 68: at most ten years).
    """

    number: str
    title: str
    applicant: Applicant
    purposes: tuple[Purpose, ...]
    datasets: tuple[DatasetUse, ...]
    algorithms: tuple[str, ...]
    modes: tuple[str, ...]
    outputs: tuple[str, ...]
    minimisation: str
    ethics: str
    starts: date
    ends: date
    micro_epsilon: int = 0
    delta: float = 0.0
    opt_outs: bool = True
    renews: str = ""

    def __post_init__(self) -> None:
        for told in ("number", "title", "minimisation", "ethics"):
            if not getattr(self, told).strip():
                raise InvalidRequest(f"A permit needs '{told}'.")
        for told, known in (("purposes", tuple(Purpose)), ("modes", MODES), ("outputs", OUTPUTS)):
            _check_list(told, getattr(self, told), known)
        if not self.datasets or not self.algorithms:
            raise InvalidRequest("A permit needs at least one dataset and one algorithm.")
        names = [one.dataset for one in self.datasets]
        if len(set(names)) < len(names):
            raise InvalidRequest("A permit names each dataset once.")
        closed = [one for one in self.purposes if one.public_bodies_only]
        if closed and not self.applicant.public_body:
            raise InvalidRequest(f"{closed[0].article} is for public sector bodies alone: Article 53(2).")
        if not self.starts <= self.ends or (self.ends - self.starts).days > _MOST_DAYS:
            raise InvalidRequest("A permit ends after it starts, within ten years (Article 68).")
        if ("dp" in self.modes) != (self.micro_epsilon > 0) or ("dp" in self.modes) != (0 < self.delta < 1):
            raise InvalidRequest("A permit with mode 'dp' has an epsilon and a delta, others have none.")

    @property
    def epsilon(self) -> float:
        """The budget in mode "dp"."""
        return self.micro_epsilon / MICRO

    @property
    def sites(self) -> tuple[str, ...]:
        """Every hospital whose data it is about, in order of first naming."""
        return tuple(dict.fromkeys(site for one in self.datasets for site in one.sites))

    def of(self, dataset: str) -> DatasetUse | None:
        """What it allows of a dataset; None where nothing."""
        return next((one for one in self.datasets if one.dataset == dataset), None)

    def to_plain(self) -> dict[str, Any]:
        """As JSON values."""
        plain = {one.name: getattr(self, one.name) for one in fields(self)}
        plain["applicant"] = {one.name: getattr(self.applicant, one.name) for one in fields(Applicant)}
        plain["datasets"] = [
            {"dataset": one.dataset, "sites": list(one.sites), "columns": list(one.columns)} for one in self.datasets
        ]
        for told in ("purposes", "algorithms", "modes", "outputs"):
            plain[told] = [str(value) for value in plain[told]]
        return {**plain, "starts": self.starts.isoformat(), "ends": self.ends.isoformat()}


_MOST_DAYS = 3_653


def permit_from_plain(plain: Any) -> Permit:
    """The permit that ``to_plain`` wrote.

    Raises : ProtocolViolation where parts are missing or of another kind; InvalidRequest where they contradict.
    """
    try:
        values = dict(plain)
        values["applicant"] = Applicant(**values["applicant"])
        values["datasets"] = tuple(_dataset(one) for one in values["datasets"])
        values["purposes"] = tuple(Purpose(one) for one in values["purposes"])
        for told in ("algorithms", "modes", "outputs"):
            values[told] = _texts(values[told])
        for told in ("starts", "ends"):
            values[told] = date.fromisoformat(values[told])
        return Permit(**values)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ProtocolViolation(f"This is no permit: {type(error).__name__} in one of its parts.") from error


def _dataset(plain: Mapping[str, Any]) -> DatasetUse:
    return DatasetUse(plain["dataset"], _texts(plain["sites"]), _texts(plain["columns"]))


def _texts(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise TypeError("a list of texts")
    return tuple(values)


def _check_list(told: str, values: tuple[str, ...], known: tuple[str, ...]) -> None:
    unknown = [one for one in values if one not in known]
    if not values or unknown or len(set(values)) < len(values):
        raise InvalidRequest(f"A permit's {told} are one or more of {[str(one) for one in known]}, each once.")
