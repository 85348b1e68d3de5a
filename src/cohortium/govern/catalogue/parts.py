"""The parts of an entry: who publishes it, its variables, what it covers, how to come by it, and its label."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from cohortium.govern.catalogue import checks
from cohortium.govern.catalogue.vocabularies import COUNTRIES
from cohortium.quality import Dimension
from cohortium.records import Kind

SHORT, LINE, LONG = 100, 300, 20_000
_COUNTRY = "two capital letters of ISO 3166-1, such as DE"


@dataclass(frozen=True, slots=True)
class Agent:
    """An organisation: publisher, or health data access body.

    identifier : its own address as an IRI, where it has one; page : to link to.
    trusted    : whether it is a trusted health data holder (Article 72).
    """

    name: str
    identifier: str = ""
    country: str = ""
    email: str = ""
    page: str = ""
    trusted: bool = False

    def __post_init__(self) -> None:
        checks.refuse(
            "An organisation",
            checks.text("name", self.name, LINE, needed=True),
            checks.iri("identifier", self.identifier),
            checks.known("country", self.country, COUNTRIES, _COUNTRY),
            checks.email("email", self.email),
            checks.web("page", self.page),
        )


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to ask: a function rather than a person, where possible."""

    name: str
    email: str = ""
    page: str = ""

    def __post_init__(self) -> None:
        checks.refuse(
            "A contact",
            checks.text("name", self.name, LINE, needed=True),
            checks.email("email", self.email),
            checks.web("page", self.page),
            () if self.email or self.page else ("email or page is missing",),
        )


@dataclass(frozen=True, slots=True)
class Variable:
    """A column of a dataset, or an input of a model.

    concepts : codes that say what it is, as IRIs or ``system:code`` such as ``SNOMED:73211009``.
    """

    name: str
    kind: Kind
    title: str = ""
    description: str = ""
    unit: str = ""
    concepts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "concepts", tuple(sorted(set(self.concepts))))
        # A title that only repeats the name says nothing, nor does a description that repeats either.
        object.__setattr__(self, "title", "" if self.title == self.name else self.title)
        object.__setattr__(self, "description", "" if self.description in (self.name, self.title) else self.description)
        checks.refuse(
            "A variable",
            checks.text("name", self.name, LINE, needed=True),
            checks.text("title", self.title, LINE),
            checks.text("description", self.description, 4_000, lines=True),
            checks.text("unit", self.unit, SHORT),
            checks.several("concepts", self.concepts, 100),
            *(checks.text("a concept", one, LINE, needed=True) for one in self.concepts),
        )


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is covered in time and place, and who.

    starts, ends : first and last day; None where open.
    countries    : ISO 3166-1, two letters; place : more closely, in words.
    youngest, oldest : typical ages in years.
    """

    starts: date | None = None
    ends: date | None = None
    countries: tuple[str, ...] = ()
    place: str = ""
    population: str = ""
    youngest: int | None = None
    oldest: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "countries", tuple(sorted(set(self.countries))))
        turned = self.starts is not None and self.ends is not None and self.starts > self.ends
        ages = self.youngest is not None and self.oldest is not None and self.youngest > self.oldest
        checks.refuse(
            "Coverage",
            ("it starts after it ends",) if turned else (),
            ("youngest is older than oldest",) if ages else (),
            *(checks.known("countries", one, COUNTRIES, _COUNTRY) for one in self.countries),
            checks.text("place", self.place, LINE),
            checks.text("population", self.population, 4_000, lines=True),
            checks.count("youngest", self.youngest, 150),
            checks.count("oldest", self.oldest, 150),
        )


ANYWHERE = Coverage()
"""Nothing is said of what is covered."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """A way to come by it; for what is not public, the address where access is applied for.

    media_type : such as text/csv; size : in bytes.
    """

    access: str
    title: str = ""
    description: str = ""
    download: str = ""
    media_type: str = ""
    licence: str = ""
    size: int | None = None

    def __post_init__(self) -> None:
        slash = self.media_type.count("/") == 1 and not any(one.isspace() for one in self.media_type)
        checks.refuse(
            "A distribution",
            checks.iri("access", self.access, needed=True),
            checks.web("access", self.access),
            checks.text("title", self.title, LINE),
            checks.text("description", self.description, 4_000, lines=True),
            checks.web("download", self.download),
            checks.text("media_type", self.media_type, SHORT),
            () if slash or not self.media_type else ("media_type must be like text/csv",),
            checks.iri("licence", self.licence),
            checks.count("size", self.size),
        )


@dataclass(frozen=True, slots=True)
class Aspect:
    """How many checks of one dimension of quality came out how."""

    dimension: Dimension
    passed: int
    warned: int
    failed: int

    def __post_init__(self) -> None:
        pairs = (("passed", self.passed), ("warned", self.warned), ("failed", self.failed))
        checks.refuse("Quality", *(checks.count(name, value) for name, value in pairs))

    @property
    def applied(self) -> int:
        """Checks that had something to look at."""
        return self.passed + self.warned + self.failed


@dataclass(frozen=True, slots=True)
class QualityLabel:
    """The data quality and utility label of Article 78, as far as it does not follow from the entry itself.

    aspects    : technical quality, point (b): how the checks came out.
    management : point (c): how quality is looked after; access : point (e): how soon data are added and provided.
    changes    : point (f): merging, linking and enrichment.
    """

    checked: date
    aspects: tuple[Aspect, ...]
    management: str = ""
    access: str = ""
    changes: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "aspects", tuple(sorted(self.aspects, key=lambda one: list(Dimension).index(one.dimension)))
        )
        names = [one.dimension for one in self.aspects]
        checks.refuse(
            "A quality label",
            ("a dimension stands twice",) if len(set(names)) < len(names) else (),
            checks.text("management", self.management, 4_000, lines=True),
            checks.text("access", self.access, 4_000, lines=True),
            checks.text("changes", self.changes, 4_000, lines=True),
        )

    @property
    def passed_share(self) -> float | None:
        """Share of the checks that applied and passed; None where none applied."""
        applied = sum(one.applied for one in self.aspects)
        return sum(one.passed for one in self.aspects) / applied if applied else None
