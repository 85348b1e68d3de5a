"""The data quality and utility label as people read it: the six points of Article 78(3), each with what is said."""

from __future__ import annotations

from dataclasses import dataclass

from cohortium.govern.catalogue.entry import Entry


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the label.

    letter : in Article 78(3); told : in words; empty where nothing is said.
    share  : 0 to 1 where it can be counted: documentation that is there, checks that passed.
    """

    letter: str
    title: str
    told: str
    share: float | None = None


def label_of(entry: Entry) -> tuple[Point, ...]:
    """The six points of an entry. A point that nothing is said of is shown as empty, not left out.

    Source : Regulation (EU) 2025/327, Article 78(3), points (a) to (f).
    """
    label, covered = entry.quality, entry.coverage
    there = {
        "description": bool(entry.description),
        "contact": entry.contact is not None,
        "data dictionary": bool(entry.variables),
        "codes of variables": any(one.concepts for one in entry.variables),
        "terminologies": bool(entry.coding_systems),
        "data model": bool(entry.conforms_to),
        "provenance": bool(entry.provenance),
        "legal basis": bool(entry.legal_basis),
    }
    missing = [name for name, given in there.items() if not given]
    documented = f"Missing: {', '.join(missing)}." if missing else "Everything that is asked for is there."
    aspects = (
        [] if label is None else [f"{one.dimension}: {one.passed} of {one.applied} checks" for one in label.aspects]
    )
    technical = f"Checked on {label.checked}. {'; '.join(aspects)}." if label and aspects else ""
    return (
        Point("a", "Documentation", documented, 1 - len(missing) / len(there)),
        Point("b", "Technical quality", technical, label.passed_share if label else None),
        Point("c", "How quality is looked after", label.management if label else ""),
        Point("d", "Coverage", _covered(entry) if covered else ""),
        Point("e", "How soon data are there", label.access if label else ""),
        Point("f", "Changes to the data", label.changes if label else ""),
    )


def _covered(entry: Entry) -> str:
    covered = entry.coverage
    told = []
    if covered.starts or covered.ends:
        told.append(f"{covered.starts or 'open'} to {covered.ends or 'today'}")
    if entry.countries:
        told.append(", ".join(entry.countries))
    if covered.place:
        told.append(covered.place)
    if covered.population:
        told.append(covered.population)
    if covered.youngest is not None or covered.oldest is not None:
        told.append(f"ages {covered.youngest if covered.youngest is not None else 'any'} to {covered.oldest or 'any'}")
    if entry.persons is not None:
        told.append(f"about {entry.persons:,} persons")
    return "; ".join(told)
