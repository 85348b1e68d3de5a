"""Do the values show how they were written down: as defaults, as round numbers, in mixed units?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cohortium.errors import NotApplicable, TooFewRecords
from cohortium.quality import modes
from cohortium.quality.columns import is_date, is_level, is_number
from cohortium.quality.counting import distinct
from cohortium.quality.findings import Dimension, Outcome
from cohortium.quality.inspection import Inspection
from cohortium.quality.quantities import factors_of, quantity_of
from cohortium.quality.windows import LEAST_PERSONS
from cohortium.quality.wording import percent
from cohortium.records import Column, Kind, Role
from cohortium.registry import check
from cohortium.sources.inference.names import words
from cohortium.sources.inference.quantities import is_never_zero

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FEWEST, _NEARLY_ALL = 200, 0.98
_NINES = (88, 98, 99, 777, 888, 998, 999, 7777, 8888, 9998, 9999, 99_999, 999_999, 9_999_999)
_DEFAULTS = np.array([0, -1, -2, -7, -8, 9.99, 99.9, 99.99, 999.9, *_NINES, -9, *(-code for code in _NINES)])
_DEFAULT_DATES = (
    "1753-01-01", "1800-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1900-01-02", "1901-01-01", "1904-01-01",
    "1911-11-11", "1960-01-01", "1970-01-01", "1980-01-01", "2000-01-01", "2099-12-31", "2100-01-01", "2199-12-31",
    "2999-12-31", "3000-01-01",
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
    distinct, rows = inspection.values(column).distinct
    usual = ~np.isin(distinct, _DEFAULTS)
    if rows[usual].sum() < LEAST_PERSONS:
        raise TooFewRecords(f"{LEAST_PERSONS} values besides the usual defaults are needed to compare with.")
    others = np.repeat(distinct[usual], rows[usual])
    spread = float(np.subtract(*np.quantile(others, (0.75, 0.25))))
    gaps = np.maximum(others[0] - distinct, distinct - others[-1])
    # A zero often is a true one ("none given"), so it has to stand further apart unless the name rules it out.
    asked = np.where((distinct == 0) & ~np.bool_(is_never_zero(column.name)), 1.5, 0.5) * spread
    found = ~usual & (rows >= 3) & (gaps > np.maximum(asked, 0)) & (spread > 0)
    return Outcome(int(rows[found].sum()), int(rows.sum()), _named_numbers(inspection, column, distinct[found]))


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
    """Texts such as 'unknown', '?' or '999' where a value is expected."""
    values = inspection.values(column)
    considered = len(inspection) - values.missing_count
    if not column.kind.is_nominal:
        folded = pc.utf8_lower(pc.utf8_trim_whitespace(inspection.table.arrow.column(column.name)))
        found = pc.sum(pc.is_in(folded, value_set=pa.array(_DEFAULT_TEXTS))).as_py() or 0
        return Outcome(int(found), considered)
    suspects = [place for place, level in enumerate(values.levels) if level.strip().casefold() in _DEFAULT_TEXTS]
    codes = np.array(suspects, dtype=np.int64)
    return Outcome(int(values.level_rows[codes].sum()), considered, inspection.named(values, codes))


@check(
    "digit_preference",
    asks=Dimension.PLAUSIBILITY,
    severity="warn",
    title="Last digits are used evenly",
    applies=is_number,
    tolerates=0.2,
    advice="Values were rounded by hand or estimated; do not use cut-offs at round numbers, and expect heaps in plots.",
)
def digit_preference(inspection: Inspection, column: Column) -> Outcome:
    """Values rounded by hand: some last digits are far more frequent than chance would make them."""
    values = inspection.values(column).finite
    values = values[values != 0]
    if len(values) < _FEWEST:
        raise TooFewRecords(f"{_FEWEST} values other than zero are needed to judge last digits.")
    whole, decimals = _last_digits(values)
    if np.subtract(*np.quantile(whole, (0.75, 0.25))) < 20:
        raise NotApplicable("The values span too few steps of their last digit.")
    shares = np.bincount((whole % 10).astype(np.int64), minlength=10) / len(whole)
    excess = float(np.maximum(shares - 0.1, 0).sum())
    return Outcome(round(excess * len(whole)), len(whole), _preference(shares, decimals))


def _preference(shares: NDArray[np.float64], decimals: int) -> str:
    preferred = tuple(int(digit) for digit in np.flatnonzero(shares > 0.15))
    if not preferred:
        return ""
    # A step of ten last digits is 1 for a column with one digit after the point, 10 for one of whole numbers.
    step = {(0,): 10, (0, 5): 5, (0, 2, 4, 6, 8): 2}.get(preferred)
    which = f"are multiples of {step * 10.0**-decimals:g}" if step else f"end in {' or '.join(map(str, preferred))}"
    return f"{percent(shares[list(preferred)].sum())} {which}; by chance {percent(0.1 * len(preferred))} would."


def _last_digits(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], int]:
    """The values in steps of the last digit that nearly all of them carry, and that digit's place after the point.

    The place is negative where all end in zeros. Values with more digits than that are left out.
    """
    for decimals in range(-3, 5):
        scaled = np.abs(values) * 10.0**decimals
        rounded = np.round(scaled)
        fits = np.abs(scaled - rounded) < 1e-6 * np.maximum(1.0, 1e-6 * scaled)
        if fits.mean() >= _NEARLY_ALL:
            return rounded[fits], decimals
    raise NotApplicable("The values are not rounded to a fixed number of digits.")


@check(
    "date_preference",
    asks=Dimension.TIME,
    severity="warn",
    title="Days of the month are used evenly",
    applies=is_date,
    tolerates=0.05,
    advice="Days were filled in where only the month or year was known; do not count days between such dates.",
)
def date_preference(inspection: Inspection, column: Column) -> Outcome:
    """Dates put on the 1st or the 15th of a month far more often than chance would."""
    days = inspection.values(column).days
    days = days[~np.isnan(days)]
    if len(days) < _FEWEST or len(distinct(days.astype(np.int64))) < 60:
        raise TooFewRecords(f"{_FEWEST} dates or more, on 60 days or more, are needed to judge preferences.")
    dates = days.astype("datetime64[D]")
    of_month = (dates - dates.astype("datetime64[M]")).astype(np.int64) + 1
    shares = np.array([np.mean(of_month == day) for day in (1, 15)])
    excess = float(np.maximum(shares - 12 / 365.25, 0).sum())
    return Outcome(
        round(excess * len(days)), len(days), f"{percent(shares[0])} on the 1st, {percent(shares[1])} on the 15th."
    )


@check(
    "mixed_units",
    asks=Dimension.PLAUSIBILITY,
    severity="warn",
    title="The column is in one unit",
    applies=is_number,
    advice="Find out which site, device or period used another unit, and convert before anything else is done.",
)
def mixed_units(inspection: Inspection, column: Column) -> Outcome:
    """Two heaps of values of one shape whose medians differ by a known factor between units."""
    if column.has_role(Role.TIME) or not {"time", "tstart", "tstop"}.isdisjoint(words(column.name)):
        raise NotApplicable("Times come in heaps of their own.")
    factors = factors_of(column.name)
    if not factors:
        raise NotApplicable("The quantity is measured in one unit all over the world.")
    distinct, rows = inspection.values(column).distinct
    positive = distinct > 0
    values = np.repeat(distinct[positive], rows[positive])
    if len(values) < modes.FEWEST or len(values) < 0.9 * rows.sum():
        raise TooFewRecords(f"{modes.FEWEST} values above zero, and few others, are needed to see two heaps.")
    if positive.sum() < 30 or rows[positive].max() > 0.2 * len(values):
        raise NotApplicable("The values are too few or too often the same to tell heaps from single values.")
    # Where the name says nothing of the quantity, a small second heap is not enough to suspect a unit.
    least = 0.005 if quantity_of(column.name) else 0.1
    found = modes.split_by_factor(values, factors, least)
    if found is None:
        return Outcome(0, len(values))
    return Outcome(found[0], len(values), f"Two heaps, their medians apart by a factor near {found[1]:g}.")
