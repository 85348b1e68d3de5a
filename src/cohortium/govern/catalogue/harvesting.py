"""Taking in what another catalogue offers: its datasets with where they came from, never over one of ours."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cohortium.govern.catalogue import checks
from cohortium.govern.catalogue.catalogue import Catalogue
from cohortium.govern.catalogue.rdf import read


@dataclass(frozen=True, slots=True)
class Refused:
    """A dataset, or a part of one, that was not taken, and why."""

    identifier: str
    reason: str


@dataclass(frozen=True, slots=True)
class HarvestReport:
    """What came of a harvest, as identifiers.

    refused : not taken; left_out : parts of those that were taken.
    gone    : that came from there earlier and are no longer offered; they stay until a steward withdraws them.
    """

    source: str
    added: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: tuple[str, ...]
    refused: tuple[Refused, ...]
    left_out: tuple[Refused, ...]
    gone: tuple[str, ...]


def harvest(
    catalogue: Catalogue, data: bytes, content_type: str, source: str, by: str, language: str = "en"
) -> HarvestReport:
    """Take in the datasets of a document.

    source : the catalogue's address, kept as the origin of each entry; only it may change them later.
    Raises : InvalidRequest where the source is no address; SourceUnreadable, as ``rdf.read``.

    What another catalogue says of names and trust modes is dropped: only our nodes say what they allow.
    """
    checks.refuse("A source", checks.iri("address", source, needed=True))
    offered = read(data, content_type, language)
    entries = [replace(one.entry, name="", modes=()) for one in offered if one.entry is not None]
    outcomes = catalogue.take(entries, source, by)
    sorted_by = {
        outcome: tuple(one.identifier for one in outcomes if one.outcome == outcome)
        for outcome in ("added", "updated", "unchanged")
    }
    there = {one.identifier for one in offered}
    return HarvestReport(
        source,
        **sorted_by,
        refused=(
            *(Refused(one.identifier, one.refused) for one in offered if one.entry is None),
            *(Refused(one.identifier, one.reason) for one in outcomes if one.outcome == "refused"),
        ),
        left_out=tuple(Refused(one.identifier, remark) for one in offered if one.entry for remark in one.remarks),
        gone=tuple(
            one.identifier
            for one in catalogue.standings(source)
            if one.identifier not in there and not one.is_withdrawn
        ),
    )
