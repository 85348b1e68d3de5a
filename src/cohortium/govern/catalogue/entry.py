"""An entry of the catalogue: what may be known of a dataset, twin, model or algorithm by those who have not seen it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from cohortium.govern.catalogue import checks
from cohortium.govern.catalogue.parts import (
    ANYWHERE,
    LINE,
    LONG,
    SHORT,
    Agent,
    Contact,
    Coverage,
    Distribution,
    QualityLabel,
    Variable,
)
from cohortium.govern.catalogue.vocabularies import EHDS, LANGUAGES, AccessRights, EntryKind, HealthCategory
from cohortium.govern.permits.permit import MODES

_LISTS = (
    "languages", "keywords", "themes", "categories", "modes", "derived_from", "legislation", "legal_basis",
    "coding_systems", "conforms_to",
)  # fmt: skip
_MOST_VARIABLES = 20_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. Lists in which order says nothing are kept sorted, each value once.

    identifier   : an IRI that never changes; name : under which studies and permits call it.
    version      : counts edits from 1; edition : the holder's own word for the state of the data, such as "2026-03".
    described_in : language of title and descriptions; languages : of the data; both ISO 639-1.
    themes       : IRIs of HealthDCAT-AP's themes; coding_systems, conforms_to : IRIs of terminologies and data models.
    persons, rows: rounded to multiples of ``rounded_to``; None where not said.
    access       : None only in what another catalogue left open.
    body         : health data access body that decides on applications.
    modes        : trust modes in which the node lets it be used: "plain", "secure", "dp".
    derived_from : identifiers of what it was made from: a twin's dataset, a model's training data.
    Reveals      : what its steward chose to tell; counts are rounded and levels of columns are not in it.
    """

    identifier: str
    kind: EntryKind
    title: str
    description: str
    publisher: Agent | None = None
    contact: Contact | None = None
    version: int = 1
    edition: str = ""
    name: str = ""
    described_in: str = "en"
    languages: tuple[str, ...] = ("en",)
    keywords: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    categories: tuple[HealthCategory, ...] = ()
    access: AccessRights | None = AccessRights.NON_PUBLIC
    modes: tuple[str, ...] = ()
    variables: tuple[Variable, ...] = ()
    persons: int | None = None
    rows: int | None = None
    rounded_to: int = 10
    coverage: Coverage = ANYWHERE
    distributions: tuple[Distribution, ...] = ()
    quality: QualityLabel | None = None
    legislation: tuple[str, ...] = (EHDS,)
    legal_basis: tuple[str, ...] = ()
    body: Agent | None = None
    provenance: str = ""
    derived_from: tuple[str, ...] = ()
    coding_systems: tuple[str, ...] = ()
    conforms_to: tuple[str, ...] = ()
    issued: date | None = None
    modified: date | None = None

    def __post_init__(self) -> None:
        for name in _LISTS:
            object.__setattr__(self, name, tuple(sorted(set(getattr(self, name)))))
        names = [one.name for one in self.variables]
        rounded = self.rounded_to >= 1
        checks.refuse(
            "An entry",
            checks.iri("identifier", self.identifier, needed=True),
            checks.text("title", self.title, LINE, needed=True),
            checks.text("description", self.description, LONG, needed=True, lines=True),
            checks.text("edition", self.edition, SHORT),
            checks.text("name", self.name, SHORT),
            checks.text("provenance", self.provenance, LONG, lines=True),
            () if self.version >= 1 else ("version must be at least 1",),
            () if rounded else ("rounded_to must be at least 1",),
            checks.known("described_in", self.described_in, LANGUAGES, "two letters, such as en"),
            *(checks.known("languages", one, LANGUAGES, "two letters, such as en") for one in self.languages),
            *(checks.text("a keyword", one, LINE, needed=True) for one in self.keywords),
            *(checks.text("a legal basis", one, 1_000, needed=True) for one in self.legal_basis),
            *(checks.known("modes", one, MODES, f"among {list(MODES)}") for one in self.modes),
            *(
                checks.iri(name, one, needed=True)
                for name in ("themes", "legislation", "derived_from", "coding_systems", "conforms_to")
                for one in getattr(self, name)
            ),
            *(checks.several(name, getattr(self, name), 500) for name in (*_LISTS, "distributions")),
            checks.several("variables", self.variables, _MOST_VARIABLES),
            ("two variables have one name",) if len(set(names)) < len(names) else (),
            *(self._rounded(name) for name in ("persons", "rows") if rounded),
        )

    def _rounded(self, name: str) -> tuple[str, ...]:
        value = getattr(self, name)
        wrong = tuple(checks.count(name, value))
        return wrong or (
            (f"{name} is not a multiple of {self.rounded_to}",) if value and value % self.rounded_to else ()
        )

    @property
    def countries(self) -> tuple[str, ...]:
        """Where the data are from; the publisher's country where that is not said."""
        own = (self.publisher.country,) if self.publisher and self.publisher.country else ()
        return self.coverage.countries or own
