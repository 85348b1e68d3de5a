"""All dates of a person moved by the same secret number of days: what lies between them stays as it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.pseudonyms import KeyRing
from cohortium.anonymise.pseudonyms.key_ring import DAYS
from cohortium.anonymise.tables.coded import distinct_texts
from cohortium.anonymise.tables.hierarchy import MISSING
from cohortium.anonymise.tables.transform.columns import check_names, widened, with_arrays, with_numbers
from cohortium.errors import InvalidRecords, InvalidRequest
from cohortium.records import Kind, Role, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

DAY_SECONDS = 86_400.0


def shift_dates(
    table: Table, columns: Sequence[str], keys: KeyRing, *, person: str | None = None, most: int = DAYS
) -> Table:
    """Each date moves by what ``keys`` say for its person, as in the person's notes, images and FHIR resources.

    person : column that names the person, as it was before pseudonyms; the person key of the schema where None.
    most   : days that a date may move, in either direction; the plausible range of a column grows by as much.
    Raises : InvalidRequest where a column holds no dates, or nothing names the person; InvalidRecords where rows name
             no person.
    """
    check_names(table, columns)
    wrong = [name for name in columns if table.schema[name].kind not in (Kind.DATE, Kind.DATETIME)]
    key = table.schema.only(Role.PERSON_KEY)
    whose = person or (key.name if key else None)
    if wrong or whose is None or whose not in table.schema:
        raise InvalidRequest(
            f"Dates, and a column that names the person whose they are, were expected. Without dates: {wrong}; "
            f"person: {whose}."
        )
    days = _days(table, whose, keys, most)
    numbers, meanings = {}, {}
    for name in columns:
        unit = 1.0 if table.schema[name].kind is Kind.DATE else DAY_SECONDS
        numbers[name] = table.numeric(name) + days * unit
        meanings[name] = widened(table.schema[name], most * unit)
    return with_arrays(with_numbers(table, numbers), {}, meanings)


def _days(table: Table, person: str, keys: KeyRing, most: int) -> NDArray[np.float64]:
    """How many days each row moves (n,)."""
    codes, persons = distinct_texts(table, person)
    if MISSING in persons and table.missing(person).any():
        raise InvalidRecords(f"Rows of '{person}' name no person, so their dates cannot be shifted. Fill or drop them.")
    return np.array([keys.shift_days(one, most) for one in persons], dtype=np.float64)[codes]
