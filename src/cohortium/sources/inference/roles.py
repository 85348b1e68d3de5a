"""What a column is for: how far it identifies a person, whether it is sensitive, the outcome or the site."""

from __future__ import annotations

from cohortium.records import Kind, Role
from cohortium.sources.inference.draft import Draft
from cohortium.sources.inference.names import (
    AGE,
    BIRTH,
    ORIGIN,
    OUTCOME,
    PLACE,
    SENSITIVE,
    SEX,
    SITE,
    SOCIAL,
    says,
    words,
)

_IDENTIFYING = (
    (SEX, "sex"),
    (BIRTH, "birth"),
    (ORIGIN, "origin or language"),
    (SOCIAL, "family, schooling or work"),
)
# Ages of the person at some visit; the age at a first cigarette identifies far less.
_OF_AGE = frozenset(
    [
        "years",
        "year",
        "yrs",
        "yr",
        "y",
        "months",
        "month",
        "mo",
        "days",
        "group",
        "grp",
        "cat",
        "category",
        "band",
        "class",
        "range",
        "bin",
        "at",
        "in",
        "of",
        "now",
        "current",
        "baseline",
        "enrolment",
        "enrollment",
        "entry",
        "admission",
        "diagnosis",
        "dx",
        "biopsy",
        "visit",
        "inclusion",
        "sample",
        "recruitment",
        "randomisation",
        "surgery",
        "death",
        "scan",
        "exam",
        "test",
        "index",
        "patient",
        "subject",
        "participant",
    ]
)
_NOT_A_PLACE = frozenset(["code", "type", "concept", "tumor", "tumour", "source"])


_VAGUE = frozenset(["label", "class", "response", "y", "endpoint"])


def give_roles(drafts: list[Draft]) -> None:
    """Add quasi-identifier, sensitive, site and outcome by name and shape; each with its reason."""
    for draft in drafts:
        if draft.profile.declared is not None and draft.roles:
            continue
        if draft.kind is Kind.IDENTIFIER or not draft.filled:
            continue
        _identifying(draft)
        if says(draft.name, SENSITIVE):
            draft.roles.add(Role.SENSITIVE)
            draft.why("The name speaks of a matter that people keep private: sensitive.")
        if _is_site(draft):
            draft.roles.add(Role.SITE)
            draft.why("The name speaks of a hospital or study site.")
    if not any(Role.OUTCOME in draft.roles or Role.EVENT in draft.roles for draft in drafts):
        _outcome(drafts)


def _identifying(draft: Draft) -> None:
    reason = _why_identifying(draft)
    if reason and draft.distinct > 1:
        draft.roles.add(Role.QUASI_IDENTIFIER)
        draft.why(f"{reason} With other facts it can single a person out: quasi-identifier.")


def _why_identifying(draft: Draft) -> str | None:
    if draft.kind in (Kind.DATE, Kind.DATETIME):
        return "It is a date in a person's life."
    found = words(draft.name)
    if says(draft.name, AGE) and set(found) - AGE <= _OF_AGE:
        return "The name speaks of age."
    for vocabulary, what in _IDENTIFYING:
        if says(draft.name, vocabulary) and (draft.kind.is_nominal or vocabulary is BIRTH) and not _is_activity(found):
            return f"The name speaks of {what}."
    if says(draft.name, PLACE) and draft.kind.is_nominal and not (_NOT_A_PLACE & set(found)):
        return "The name speaks of a place."
    if draft.kind is Kind.INTEGER and found and found[-1] in ("year", "yr", "dxyr") and _are_years(draft):
        return "It is a year in a person's life."
    return None


def _is_activity(found: tuple[str, ...]) -> bool:
    """Words such as "sex" in SexAge or SexNumPartnLife that do not speak of the person's sex."""
    return bool({"ever", "partner", "partn", "num", "orientation", "same", "active"} & set(found))


def _are_years(draft: Draft) -> bool:
    if draft.numbers is None:
        return False
    values = draft.numbers[draft.present]
    return bool(values.min() >= 1850 and values.max() <= 2100)


def _is_site(draft: Draft) -> bool:
    return (
        says(draft.name, SITE)
        and (draft.kind is Kind.CATEGORICAL)
        and 2 <= draft.distinct <= max(20, draft.filled / 20)
        and not {"type", "tumor", "tumour", "primary", "lesion", "metastasis", "cat", "days"} & set(words(draft.name))
    )


def _outcome(drafts: list[Draft]) -> None:
    """The column that the name calls outcome, or the like; the last one where there are several."""
    named = [draft for draft in drafts if says(draft.name, OUTCOME) and draft.kind.is_nominal and draft.distinct > 1]
    sure = [
        draft
        for draft in named
        if words(draft.name)[-1] in OUTCOME - _VAGUE or len(words(draft.name)) == 1 or draft is drafts[-1]
    ]
    if sure:
        sure[-1].roles.add(Role.OUTCOME)
        sure[-1].why("The name speaks of an outcome.")
