"""How many persons a cohort would have here: counted at the node, and told only as the disclosure rules allow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import numpy as np

from cohortium.anonymise.omop.reading import CdmSource, opened
from cohortium.errors import InvalidRequest, NotApplicable
from cohortium.govern.catalogue.feasibility.circe_cohort import CirceCohort
from cohortium.govern.catalogue.feasibility.circe_statements import circe_members
from cohortium.govern.catalogue.feasibility.cohort import Cohort
from cohortium.govern.catalogue.feasibility.statements import members
from cohortium.govern.catalogue.rounding import rounded
from cohortium.privacy.disclosure import DisclosureRules
from cohortium.records import Table, parse_condition

if TYPE_CHECKING:
    from numpy.typing import NDArray

Admit = Callable[["NDArray[np.int64]"], None]
"""Lets a question about these persons through or raises DisclosureRefused, as a node's ``QueryHistory`` does."""


@dataclass(frozen=True, slots=True)
class Count:
    """What leaves a site.

    persons : to the nearest ``rounded_to``; None where so few are there that it is not said.
    """

    persons: int | None
    rounded_to: int
    remarks: tuple[str, ...] = ()

    @property
    def is_suppressed(self) -> bool:
        """Whether the number is not said."""
        return self.persons is None


@dataclass(frozen=True, slots=True)
class Total:
    """What several sites have together.

    persons    : at the sites that said their number.
    suppressed : sites that have persons, too few to say how many; silent : that gave no answer.
    """

    persons: int
    sites: int
    suppressed: tuple[str, ...]
    silent: tuple[str, ...] = ()


@contextmanager
def cdm(source: Path, scratch: Path) -> Iterator[CdmSource]:
    """The CDM at a path for as long as the block lasts, as ``cohortium.anonymise.omop.reading.opened``."""
    with opened(source, scratch) as found:
        yield found


def count_in_cdm(
    found: CdmSource, cohort: Cohort | CirceCohort, rules: DisclosureRules, *, today: date, admit: Admit | None = None,
    rounded_to: int = 10,
) -> Count:  # fmt: skip
    """Persons of a CDM in the cohort.

    admit   : asked before the number leaves, with the persons' keys, which do not.
    Raises  : NotApplicable where the CDM lacks a table that the cohort needs.
    Reveals : one number, rounded; none below ``rules.cell``. Whoever asks for many cohorts that differ little can learn
              more, which ``admit`` is for.
    """
    tables = {name: frozenset(one.name for one in columns) for name, columns in found.tables.items()}
    if isinstance(cohort, Cohort):
        query, parameters = members(cohort, tables, today)
    else:
        query, parameters = circe_members(cohort, tables)
    try:
        result = found.connection.execute(query, parameters).fetchnumpy()
    except duckdb.Error as error:
        # DuckDB's own words can quote a cell.
        raise NotApplicable(f"The cohort cannot be counted in this CDM: {type(error).__name__}.") from None
    remarks = () if "concept_ancestor" in tables else ("Without concept_ancestor, concepts count by themselves.",)
    return _told(np.asarray(result["person_id"], dtype=np.int64), rules, admit, rounded_to, remarks)


def count_in_table(
    table: Table, text: str, rules: DisclosureRules, *, admit: Admit | None = None, rounded_to: int = 10
) -> Count:
    """Persons of a table with a row that meets a condition: ``persons with age >= 70 and sex = F``.

    The condition is that of ``cohortium.records.parse_condition``, on the table's columns.
    Raises, Reveals : as ``count_in_cdm``.
    """
    words = text.split(None, 2)
    if not words or words[0].lower() != "persons" or (len(words) > 1 and words[1].lower() not in ("with", "where")):
        raise InvalidRequest("A cohort is written 'persons with …'.")
    holds = np.ones(len(table), dtype=np.bool_)
    if len(words) > 1:
        holds = parse_condition(words[2] if len(words) > 2 else "", table.schema).holds(table)
    return _told(np.unique(table.persons()[holds]).astype(np.int64), rules, admit, rounded_to, ())


def _told(
    persons: NDArray[np.int64], rules: DisclosureRules, admit: Admit | None, rounded_to: int, remarks: tuple[str, ...]
) -> Count:
    if admit is not None:
        admit(persons)
    if rules.is_small(np.array([len(persons)]))[0]:
        return Count(None, rounded_to, remarks)
    return Count(rounded(len(persons), rounded_to), rounded_to, remarks)


def total(counts: Mapping[str, Count | None]) -> Total:
    """What sites say together; None is a site that gave no answer. A suppressed count adds nothing, not even a half."""
    told = [one.persons for one in counts.values() if one is not None and one.persons is not None]
    return Total(
        sum(told),
        len(told),
        tuple(sorted(site for site, one in counts.items() if one is not None and one.is_suppressed)),
        tuple(sorted(site for site, one in counts.items() if one is None)),
    )
