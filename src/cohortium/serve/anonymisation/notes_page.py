"""The page about a release of notes: what was found, by what, how often; never any text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cohortium.serve.anonymisation.page import Account as Shown
from cohortium.serve.anonymisation.page import page_of

if TYPE_CHECKING:
    from cohortium.anonymise.notes import Account, KnownPatients
    from cohortium.privacy.release import Decision
    from cohortium.records import Evidence

LIMITS = (
    "No finder finds everything: what the record does not know, and no rule or tagger sees, still stands in the notes.",
    "Rare stories identify without any name: a first in a country, an accident in the news, an unusual profession.",
    "Surrogates hide what was missed among what was made up; masks do not.",
    "All dates of a patient move by the same number of days, so intervals stay true, and weekdays and seasons do not.",
    "Kin (“mother”), sex, countries, and ages of up to 89 years stay unless --also asks for them.",
)


def notes_page(evidence: Evidence, decision: Decision, account: Account, known: KnownPatients | None, mode: str) -> str:
    """HTML about a release; it holds no text of any note."""
    types = sorted(account.found, key=lambda name: -account.found[name])
    kinds = tuple(
        (name, account.found[name], account.replaced.get(name, 0), account.found[name] - account.replaced.get(name, 0))
        for name in types
    )
    rules = tuple(sorted(account.rules.items(), key=lambda pair: -pair[1]))
    accounts = [
        Shown(
            "Kinds of text",
            ("Kind", "Found", "Replaced", "Kept"),
            kinds,
            "How often each kind of identifying text was found, and what was done.",
        ),
        Shown(
            "What found it",
            ("Rule", "Replaced"),
            rules,
            "Rules by the form of the text, the tagger, and what the record knows.",
        ),
    ]
    if known is not None:
        columns = tuple((kind, ", ".join(names)) for kind, names in known.columns.items() if names)
        accounts.append(
            Shown("What the record knows", ("Read as", "Columns"), columns, "Columns of the table of known patients.")
        )
    facts = (
        ("Notes", f"{account.notes:,}"), ("Patients", f"{account.patients:,}"), ("Empty notes", f"{account.empty:,}"),
        ("Characters", f"{account.characters:,}"), ("Language", str(evidence.facts["language"])), ("Mode", mode),
        ("Decisions of people", f"{account.reviewed:,}"),
    )  # fmt: skip
    return page_of(
        "Clinical notes", "Anonymised notes", evidence, decision, facts=facts, accounts=accounts, limits=LIMITS
    )
