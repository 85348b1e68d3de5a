"""A study: which analyses, on which dataset, at which sites, under which trust. A steward approves its digest."""

from __future__ import annotations

import hashlib
import json
import math
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from functools import cache, lru_cache
from pathlib import Path
from types import NoneType
from typing import Any

from cohortium.errors import InvalidRequest
from cohortium.privacy.accounting import rho_of
from cohortium.privacy.private_at_site import site_cost
from cohortium.privacy.sensitivity import part_of_budget
from cohortium.records import Algorithm, Result, algorithm_from_plain, algorithm_to_plain, name_of, parse_condition
from cohortium.records.schema import Schema
from cohortium.registry import entries, find

MODES = ("plain", "secure", "dp")
FEWEST_IN_A_SUM = 3
MODE_IN_WORDS = {
    "plain": "the hub sees each hospital's sums",
    "secure": "the hub sees only the sum over all hospitals",
    "dp": "the hub sees only the sum over all hospitals, with noise that hides any single patient",
}


_NUMBER = (int, float)
_KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("title", "dataset", "purpose", "mode", "researcher", "permit"), (str,)),
    **dict.fromkeys(("epsilon", "delta"), (*_NUMBER, NoneType)),
    "where": (str, NoneType), "quorum": (int, NoneType), "patience_s": _NUMBER, "version": (int,),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Analysis:
    """One algorithm of a study, under a name that its result is found by."""

    name: str
    algorithm: Algorithm


@dataclass(frozen=True, slots=True)
class Study:
    """What a researcher asks of several hospitals.

    title, purpose : for the stewards who decide about it.
    dataset   : name under which each site publishes its records.
    analyses  : run one after the other.
    sites     : names of the sites; all that are enrolled where empty.
    where     : condition on the records, ``age >= 18 and sex = F``.
    mode      : "secure" (the default), "plain" or "dp".
    quorum    : fewest sites that must take part; all of them where None.
    patience_s: seconds for which a silent site is waited for.
    epsilon, delta : privacy budget of the whole study in mode "dp".
    researcher : filled in by the hub from the account that submits.
    permit     : number of the data permit under which it runs, where sites ask for one.
    """

    title: str
    dataset: str
    analyses: tuple[Analysis, ...]
    purpose: str = ""
    sites: tuple[str, ...] = ()
    where: str | None = None
    mode: str = "secure"
    quorum: int | None = None
    patience_s: float = 120.0
    epsilon: float | None = None
    delta: float | None = None
    researcher: str = ""
    version: int = field(default=1)
    permit: str = ""
    digest: str = field(init=False, compare=False, repr=False)
    """SHA-256 of the study; what a steward approves is this, and a site runs nothing else."""

    def __post_init__(self) -> None:
        if not self.title.strip() or not self.analyses:
            raise InvalidRequest("A study needs a title and at least one analysis.")
        if self.mode not in MODES:
            raise InvalidRequest(f"There is no mode '{self.mode}'; a study runs {', '.join(MODES)}.")
        names = [analysis.name for analysis in self.analyses]
        if len(set(names)) != len(names):
            raise InvalidRequest(f"Two analyses share a name; they are called {names}. Give each its own.")
        if (self.mode == "dp") != (self.epsilon is not None):
            raise InvalidRequest("An epsilon belongs to mode 'dp', and mode 'dp' needs one.")
        if (self.epsilon is None) != (self.delta is None):
            raise InvalidRequest("A study with an epsilon states its delta, too: below one in the number of patients.")
        if self.quorum is not None and self.quorum < 1:
            raise InvalidRequest("A quorum is a number of sites, at least 1.")
        if self.mode != "plain" and 0 < len(self.sites) < FEWEST_IN_A_SUM:
            raise InvalidRequest(
                f"A sum hides a hospital among {FEWEST_IN_A_SUM} or more; the study names {len(self.sites)}. Name more "
                "sites, or ask in mode 'plain', where the hub sees each hospital's sums."
            )
        if self.patience_s <= 0:
            raise InvalidRequest("patience_s must be above 0 seconds.")
        object.__setattr__(self, "digest", hashlib.sha256(self.to_bytes()).hexdigest())

    def rho(self, analysis: str, step: int) -> Fraction:
        """What a step may cost in mode "dp": equal parts for the analyses, and of one what ``part_of_budget`` says.

        All together cost no more than the study's epsilon and delta buy.
        Raises : InvalidRequest where an algorithm asks for more steps than it said.
        """
        if self.epsilon is None or self.delta is None:
            raise InvalidRequest("Only a study in mode 'dp' has a privacy budget.")
        whole = _budget(self.epsilon, self.delta) / len(self.analyses)
        return whole * part_of_budget(self.analysis(analysis).algorithm, step)

    @property
    def least_rho(self) -> Fraction:
        """What the study costs a site at least: in mode "dp" the first step of each analysis.

        In other modes all of those that add their noise at the sites, and 0 where none does.
        """
        if self.mode == "dp":
            return sum((self.rho(one.name, 0) for one in self.analyses), Fraction(0))
        costs = [site_cost(one.algorithm) for one in self.analyses]
        return sum((cost.rho for cost in costs if cost is not None), Fraction(0))

    @property
    def is_noisy(self) -> bool:
        """Whether noise hides persons in everything that it lets leave: in mode "dp", or added at the sites."""
        return self.mode == "dp" or all(site_cost(one.algorithm) is not None for one in self.analyses)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that an analysis reads, in order of first use; those of the condition are not handed out."""
        return tuple(dict.fromkeys(name for analysis in self.analyses for name in analysis.algorithm.columns()))

    def at(self, sites: Mapping[str, Any] | tuple[str, ...] | list[str]) -> Study:
        """The same study at these sites."""
        return replace(self, sites=tuple(sites))

    def analysis(self, name: str) -> Analysis:
        """The analysis of that name; raises InvalidRequest."""
        for one in self.analyses:
            if one.name == name:
                return one
        raise InvalidRequest(f"The study has no analysis '{name}'; it has {[one.name for one in self.analyses]}.")

    def run(
        self, token: str | None = None, *, said: Callable[[dict[str, Any]], None] | None = None
    ) -> dict[str, Result]:
        """Submit the study to the hub, wait, and return its results by name.

        token  : yours from the hub; the environment variable COHORTIUM_TOKEN where None.
        said   : called with what happens: which step is asked, who is awaited, who refused and why.
        Raises : InvalidRequest without a token; CohortiumError with what the hub says where the run does not end well.
        """
        from cohortium.federate.client import run_study

        return run_study(self, token, said)

    def to_plain(self) -> dict[str, Any]:
        """As JSON values."""
        plain = {one.name: getattr(self, one.name) for one in fields(self) if one.init}
        plain["sites"] = list(self.sites)
        if not self.permit:
            del plain["permit"]  # as studies were digested before there were permits
        plain["analyses"] = [{"name": one.name, **algorithm_to_plain_flat(one.algorithm)} for one in self.analyses]
        return plain

    def to_bytes(self) -> bytes:
        """As it travels and is digested: JSON with sorted keys."""
        return json.dumps(self.to_plain(), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    def check(self, schema: Schema) -> None:
        """Raises InvalidRequest where the condition does not fit ``schema``."""
        if self.where:
            parse_condition(self.where, schema)


def algorithm_to_plain_flat(algorithm: Algorithm) -> dict[str, Any]:
    """The algorithm as ``{"algorithm": name, **settings}``, as study files write it."""
    plain = algorithm_to_plain(algorithm)
    return {"algorithm": plain["name"], "settings": plain["settings"]}


def study_from_plain(plain: Mapping[str, Any]) -> Study:
    """The study that a TOML file or a message describes.

    Raises : InvalidRequest naming the part that is missing, unknown or contradictory.
    """
    values = dict(plain)
    listed = values.pop("analyses", None)
    if not isinstance(listed, list) or not listed:
        raise InvalidRequest("A study needs a list of [[analyses]], each with an 'algorithm'.")
    known = {one.name for one in fields(Study) if one.init}
    unknown = sorted(set(values) - known)
    if unknown:
        raise InvalidRequest(f"A study has no part {unknown}; its parts are {sorted(known)}.")
    missing = [name for name in ("title", "dataset") if name not in values]
    if missing:
        raise InvalidRequest(f"The study does not say its {' and '.join(missing)}.")
    for name, value in values.items():
        _check_part(name, value)
    values["sites"] = tuple(values.get("sites", ()))
    return Study(analyses=tuple(_analysis(one, place) for place, one in enumerate(listed)), **values)


@lru_cache(maxsize=64)
def study_from_bytes(data: bytes) -> Study:
    """What ``Study.to_bytes`` made; raises InvalidRequest. Read once: a node looks at it with every question."""
    try:
        plain = json.loads(data)
    except ValueError as error:
        raise InvalidRequest("The study that came is not JSON.") from error
    if not isinstance(plain, dict):
        raise InvalidRequest("The study that came is no table of settings.")
    return study_from_plain(plain)


def read_study(path: Path) -> Study:
    """A study from a TOML file; raises InvalidRequest with the line where it cannot be read."""
    try:
        return study_from_plain(tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be read: {error.strerror}.") from error
    except tomllib.TOMLDecodeError as error:
        raise InvalidRequest(f"{path} is not TOML: {error}.") from error


def in_words(study: Study) -> list[str]:
    """The study as a data steward should read it before deciding: who, why, which columns, what leaves."""
    lines = [
        f"{study.researcher or 'A researcher'} asks: {study.title}.",
        f"Purpose: {study.purpose.rstrip('.') or 'not stated'}.",
        *([f"Permit: {study.permit}."] if study.permit else []),
        f"Dataset: {study.dataset}" + (f", records where {study.where}." if study.where else ", all records."),
        f"Columns read: {', '.join(study.columns)}.",
        f"Trust: {study.mode} - {MODE_IN_WORDS[study.mode]}.",
    ]
    images = dict.fromkeys(getattr(one.algorithm, "image", None) for one in study.analyses)
    if any(images):
        lines.append(
            f"Images read: {', '.join(filter(None, images))}. Faces, and names that a device wrote into a picture, may "
            "be in them. No picture leaves; weights that learnt from few pictures can hold traces of them."
        )
    if study.epsilon is not None:
        lines.append(f"Privacy spent: epsilon {study.epsilon:g}, delta {study.delta or 0:g}.")
    for analysis in study.analyses:
        facts = find("algorithm", name_of(analysis.algorithm)).facts
        lines.append(f"{analysis.name}: {facts['title']}. What leaves: {facts['leaves_site']}.")
        cost = site_cost(analysis.algorithm)
        if cost is not None:
            lines.append(
                f"{analysis.name} adds noise at each hospital before anything leaves. Privacy spent there: epsilon "
                f"{cost.epsilon:.3g}, delta {cost.delta:g}, as a whole before its first step."
            )
    return lines


@cache
def _budget(epsilon: float, delta: float) -> Fraction:
    return Fraction(rho_of(epsilon, delta))


def _check_part(name: str, value: Any) -> None:
    """Raises InvalidRequest where a part of a study is of another kind than its field."""
    if name == "sites":
        is_right = isinstance(value, (list, tuple)) and all(isinstance(site, str) for site in value)
    else:
        is_right = isinstance(value, _KINDS[name]) and not isinstance(value, bool)
    if not is_right or (isinstance(value, float) and not math.isfinite(value)):
        raise InvalidRequest(f"The study's '{name}' is of the wrong kind, a {type(value).__name__}, or not finite.")


def _analysis(plain: Any, place: int) -> Analysis:
    if not isinstance(plain, dict) or "algorithm" not in plain:
        known = ", ".join(entry.name for entry in entries("algorithm"))
        raise InvalidRequest(f"Analysis {place + 1} does not name its 'algorithm'. Known: {known}.")
    name = str(plain.get("name", plain["algorithm"]))
    settings = plain.get("settings")
    if settings is None:
        settings = {key: value for key, value in plain.items() if key not in ("name", "algorithm")}
    try:
        algorithm = algorithm_from_plain({"name": plain["algorithm"], "settings": settings})
        reads = algorithm.columns()
        site_cost(algorithm)
    except (TypeError, AttributeError) as error:
        raise InvalidRequest(f"A setting of analysis '{name}' is of the wrong kind: {error}.") from error
    if not all(isinstance(column, str) for column in reads):
        raise InvalidRequest(f"Analysis '{name}' names a column with something else than text.")
    if not find("algorithm", name_of(algorithm)).facts["alone"]:
        raise InvalidRequest(
            f"'{plain['algorithm']}' models persons, and leaves only with evidence. Ask for 'federated_twin'."
        )
    return Analysis(name, algorithm)
