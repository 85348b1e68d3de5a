"""From a raw table to the schema that it most likely has, with a reason for every choice."""

from __future__ import annotations

import pyarrow as pa

from cohortium.errors import SourceUnreadable
from cohortium.records import Constraint, Schema
from cohortium.sources.cells import is_unreadable_type
from cohortium.sources.inference.context import Context
from cohortium.sources.inference.dependencies import functional_dependencies
from cohortium.sources.inference.draft import Draft
from cohortium.sources.inference.follow_up import take_follow_up
from cohortium.sources.inference.inequalities import inequalities
from cohortium.sources.inference.kinds import describe
from cohortium.sources.inference.order import settle_orders
from cohortium.sources.inference.persons import choose_person_key
from cohortium.sources.inference.pictures import with_pictures
from cohortium.sources.inference.profile import Profile
from cohortium.sources.inference.roles import give_roles
from cohortium.sources.inference.sums import sum_rules


def infer_schema(raw: pa.Table, title: str = "") -> Schema:
    """The schema of ``raw``: kinds, units, missing codes, roles and rules.

    Every column carries its reasons in plain sentences with counts; those that begin with "Unsure:" want a person's
    eye. The same table always gives the same schema.
    Raises : SourceUnreadable where a column holds lists, structures, or binary data that are no images.
    """
    nested = [field.name for field in raw.schema if is_unreadable_type(field.type)]
    if nested:
        raise SourceUnreadable(f"{nested} hold lists or structures; unnest or leave out these columns.")
    raw = with_pictures(raw)
    context = Context(delimiter=(raw.schema.metadata or {}).get(b"cohortium.delimiter", b"").decode())
    drafts, undecided = _drafts(raw, context)
    settle_orders(undecided, drafts)
    choose_person_key(drafts)
    give_roles(drafts)
    take_follow_up(drafts)
    rules: tuple[Constraint, ...] = (*functional_dependencies(drafts), *inequalities(drafts), *sum_rules(drafts))
    return Schema(tuple(draft.finished() for draft in drafts), rules, title)


def _drafts(raw: pa.Table, context: Context) -> tuple[list[Draft], list[Draft]]:
    """A draft per column, and those whose codes may have an order."""
    profiles = [Profile.of(raw, place) for place in range(raw.num_columns)]
    described = [describe(profile, context) for profile in profiles]
    if context.day_first is not None or context.comma is not None:
        # One column may have proved what another one, before it, could not tell.
        described = [
            describe(profile, context) if any(reason.startswith("Unsure") for reason in draft.reasons) else (draft, ask)
            for profile, (draft, ask) in zip(profiles, described, strict=True)
        ]
    return [draft for draft, _ in described], [draft for draft, ask in described if ask]
