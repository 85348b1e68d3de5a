"""Do some values stand for 'missing'?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cohortium.errors import TooFewRecords
from cohortium.quality.columns import is_date, is_level, is_number
from cohortium.quality.counting import distinct
from cohortium.quality.findings import Dimension, Outcome
from cohortium.quality.inspection import Inspection
from cohortium.quality.windows import LEAST_PERSONS
from cohortium.records import Column, Kind
from cohortium.registry import check
from cohortium.sources.inference.quantities import is_never_zero

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NINES = (88, 98, 99, 777, 888, 998, 999, 7777, 8888, 9998, 9999, 99_999, 999_999, 9_999_999)
_DEFAULTS = np.array([0, -1, -2, -7, -8, 9.99, 99.9, 99.99, 999.9, *_NINES, -9, *(-code for code in _NINES)])
_DEFAULT_DATES = (
    "1753-01-01", "1800-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1900-01-02", "1901-01-01", "1904-01-01",
    "1911-11-11", "1960-01-01", "1970-01-01", "1980-01-01", "2000-01-01", "2099-12-31", "2100-01-01", "2199-12-31",
    "2999-12-31", "3000-01-01", "9999-12-31",
)  # fmt: skip
_DEFAULT_DAYS = np.array(_DEFAULT_DATES, dtype="datetime64[D]").astype(np.int64).astype(np.float64)
_TEXTS = (
    "|-|--|---|.|..|?|??|???|*|#|/|n/a|#n/a|n.a.|na|n.k.|nan|nil|null|unk|unkn|unknown|not known|not recorded|missing|"
    "not available|not applicable|no data|undefined|unspecified|tbd|test|dummy|xx|xxx|xxxx|9999|-9|-99|-999|#ref!|"
    "#value!|unbekannt|keine angabe|k.a.|k. a.|fehlt|inconnu|non renseigné|nr|desconocido|no consta|sconosciuto|"
    "non noto|onbekend|ukjent|okänd|desconhecido|nieznany"
)
_DEFAULT_TEXTS = tuple(_TEXTS.split("|"))


@check(
    "suspicious_numbers",
    asks=Dimension.PLAUSIBILITY,
    severity="warn",
    title="No number stands for 'missing'",
    applies=is_number,
    advice="If the number means 'unknown' or 'not measured', add it to the column's missing codes in the schema.",
)
def suspicious_numbers(inspection: Inspection, column: Column) -> Outcome:
    """Numbers such as 0, 999 or -9 that recur, far away from all the others."""
    different, rows = inspection.values(column).distinct
    usual = ~np.isin(different, _DEFAULTS)
    if rows[usual].sum() < LEAST_PERSONS:
        raise TooFewRecords(f"{LEAST_PERSONS} values besides the usual defaults are needed to compare with.")
    others = np.repeat(different[usual], rows[usual])
    spread = float(np.subtract(*np.quantile(others, (0.75, 0.25))))
    gaps = np.maximum(others[0] - different, different - others[-1])
    # A zero often is a true one ("none given"), so it has to stand further apart unless the name rules it out.
    asked = np.where((different == 0) & ~np.bool_(is_never_zero(column.name)), 1.5, 0.5) * spread
    found = ~usual & (rows >= 3) & (gaps > np.maximum(asked, 0)) & (spread > 0)
    return Outcome(int(rows[found].sum()), int(rows.sum()), _named_numbers(inspection, column, different[found]))


def _named_numbers(inspection: Inspection, column: Column, found: NDArray[np.float64]) -> str:
    numbers = inspection.values(column).numbers
    named = [f"{value:g}" for value in found if inspection.persons_in(numbers == value) >= LEAST_PERSONS]
    if not len(found):
        return ""
    return f"{', '.join(named)} far from all other values." if named else "In fewer than 10 persons each."


@check(
    "suspicious_dates",
    asks=Dimension.PLAUSIBILITY,
    severity="warn",
    title="No date stands for 'missing'",
    applies=is_date,
    advice="If the date means 'unknown', add it to the column's missing codes in the schema.",
)
def suspicious_dates(inspection: Inspection, column: Column) -> Outcome:
    """Dates such as 1900-01-01 or 2099-12-31 that occur far more often than the days around them."""
    days = inspection.values(column).days
    days = days[~np.isnan(days)]
    failed, named = 0, []
    for text, day in zip(_DEFAULT_DATES, _DEFAULT_DAYS, strict=True):
        rows = int((days == day).sum())
        if not rows:
            continue
        around = days[(np.abs(days - day) <= 365) & (days != day)]
        usual = len(around) / max(len(distinct(around.astype(np.int64))), 1)
        if rows >= max(5, 10 * usual) or not len(around):
            failed += rows
            named += [text] if inspection.persons_in(inspection.values(column).days == day) >= LEAST_PERSONS else []
    return Outcome(failed, len(days), f"{', '.join(named)}." if named else "")


@check(
    "suspicious_texts",
    asks=Dimension.PLAUSIBILITY,
    severity="warn",
    title="No text stands for 'missing'",
    applies=lambda column: is_level(column) or column.kind is Kind.TEXT,
    advice="If the text means 'unknown', add it to the column's missing codes in the schema.",
)
def suspicious_texts(inspection: Inspection, column: Column) -> Outcome:
    """Texts such as 'unknown', '?' or '-9' where a value is expected."""
    values = inspection.values(column)
    considered = len(inspection) - values.missing_count
    if not column.kind.is_nominal:
        folded = pc.utf8_lower(pc.utf8_trim_whitespace(inspection.table.arrow.column(column.name)))
        found = pc.sum(pc.is_in(folded, value_set=pa.array(_DEFAULT_TEXTS))).as_py() or 0
        return Outcome(int(found), considered)
    suspects = [place for place, level in enumerate(values.levels) if level.strip().casefold() in _DEFAULT_TEXTS]
    codes = np.array(suspects, dtype=np.int64)
    return Outcome(int(values.level_rows[codes].sum()), considered, inspection.named(values, codes))
