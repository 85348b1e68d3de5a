"""Do the values keep the rules of the schema, and are levels spelt in one way?"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cohortium.errors import NotApplicable
from cohortium.quality.columns import is_date, is_level, is_spelt
from cohortium.quality.findings import Dimension, Outcome, counted
from cohortium.quality.inspection import Inspection
from cohortium.quality.spellings import MOST_LEVELS, variants
from cohortium.records import Column, Constraint, FunctionalDependency, Inequality, Kind, Role
from cohortium.registry import check

# What UTF-8 read as Windows-1252 leaves behind, and the mark of a letter that could not be read at all.
_DAMAGED = "�|Ã[\u0080-¿]|â€|Â[\u0080-¿]"


@check(
    "unexpected_levels",
    asks=Dimension.CONFORMANCE,
    severity="fail",
    title="Levels are those that the schema lists",
    applies=is_level,
    fails_above=0.01,
    advice="Map these levels to listed ones, or add them to the schema if they are right.",
)
def unexpected_levels(inspection: Inspection, column: Column) -> Outcome:
    """Values whose level the schema does not list."""
    if not column.levels:
        raise NotApplicable("The schema lists no levels.")
    values = inspection.values(column)
    beyond = np.arange(len(column.levels), len(values.levels))
    failed = int(values.level_rows[len(column.levels) :].sum())
    named = inspection.named(values, beyond)
    note = f"{counted(len(beyond), 'level')} not listed{f', among them {named}' if named else ''}." if failed else ""
    return Outcome(failed, int(values.level_rows.sum()), note)


@check(
    "near_duplicate_levels",
    asks=Dimension.CONFORMANCE,
    severity="warn",
    title="Each level is spelt in one way",
    applies=is_level,
    advice="Map the spellings to one level before counting anything.",
)
def near_duplicate_levels(inspection: Inspection, column: Column) -> Outcome:
    """Levels that differ from a commoner one by case, spaces, accents or a single letter."""
    values = inspection.values(column)
    if np.count_nonzero(values.level_rows) > MOST_LEVELS:
        raise NotApplicable(f"There are more than {MOST_LEVELS:,} levels; spellings are compared up to that many.")
    found = np.array(variants(values.levels, values.level_rows), dtype=np.int64)
    named = inspection.named(values, found)
    note = f"{counted(len(found), 'rarer level')} with the spelling of another{f': {named}' if named else ''}."
    return Outcome(int(values.level_rows[found].sum()), int(values.level_rows.sum()), note if len(found) else "")


@check(
    "damaged_letters",
    asks=Dimension.CONFORMANCE,
    severity="fail",
    title="Letters were read in the right encoding",
    applies=is_spelt,
    fails_above=0.01,
    advice="Read the file again with its true encoding; damaged letters cannot be repaired with certainty.",
)
def damaged_letters(inspection: Inspection, column: Column) -> Outcome:
    """Values with letters that a wrong encoding leaves behind, such as 'Ã¼' in the place of 'ü'."""
    values = inspection.values(column)
    array = inspection.table.arrow.column(column.name)
    if column.kind.is_nominal:
        hits = np.asarray(pc.match_substring_regex(pa.array(values.levels, pa.string()), _DAMAGED), dtype=np.bool_)
        failed = int(values.level_rows[hits].sum()) if len(hits) else 0
    else:
        failed = int(pc.sum(pc.match_substring_regex(array, _DAMAGED)).as_py() or 0)
    return Outcome(failed, len(inspection) - values.missing_count)


@check(
    "broken_rule",
    asks=Dimension.CONFORMANCE,
    severity="fail",
    title="Rows keep the rules of the schema",
    over="rule",
    applies=lambda rule: not isinstance(rule, FunctionalDependency),
    fails_above=0.01,
    advice="Look the rows up at the source; or, if the rule is wrong, take it out of the schema.",
)
def broken_rule(inspection: Inspection, rule: Constraint) -> Outcome:
    """Rows that break an inequality, a sum or a list of allowed combinations."""
    columns = [inspection.schema[name] for name in rule.columns]
    if isinstance(rule, Inequality) and all(is_date(column) for column in columns):
        raise NotApplicable("A rule on dates is checked as the order of dates.")
    return _broken(inspection, rule)


@check(
    "broken_dependency",
    asks=Dimension.CONFORMANCE,
    severity="fail",
    title="A column that follows from another does so in every row",
    over="rule",
    applies=lambda rule: isinstance(rule, FunctionalDependency),
    fails_above=0.01,
    advice="Correct the rows that contradict the usual pairing; or take the dependency out of the schema.",
)
def broken_dependency(inspection: Inspection, rule: Constraint) -> Outcome:
    """Rows whose dependent value is not the usual one of their determinant."""
    return _broken(inspection, rule)


def _broken(inspection: Inspection, rule: Constraint) -> Outcome:
    known = np.ones(len(inspection), dtype=np.bool_)
    for name in rule.columns:
        known &= ~inspection.table.missing(name)
    return Outcome(int(rule.violated(inspection.table).sum()), int(known.sum()))


@check(
    "event_not_two_valued",
    asks=Dimension.CONFORMANCE,
    severity="fail",
    title="The event has two values",
    applies=lambda column: column.has_role(Role.EVENT),
    advice="Survival methods ask whether one event happened: choose which value counts, and treat the others as "
    "competing events or as censored.",
)
def event_not_two_valued(inspection: Inspection, column: Column) -> Outcome:
    """Rows whose event value is not one of the two commonest."""
    values = inspection.values(column)
    if column.kind is Kind.BOOLEAN or column.kind.is_nominal:
        rows = values.level_rows[values.level_rows > 0]
    else:
        rows = values.distinct[1]
    if not len(rows):
        raise NotApplicable("The column is empty.")
    failed = int(np.sort(rows)[:-2].sum())
    note = f"It takes {len(rows)} values." if len(rows) != 2 else ""
    return Outcome(int(rows.sum()) if len(rows) == 1 else failed, int(rows.sum()), note)
