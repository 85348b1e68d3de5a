"""Dates and times in the formats that files use, read without trusting the platform's ``strptime``.

The C library's ``strptime`` accepts 31/02/2020 as 2 March and knows month names only in the machine's language.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cohortium.errors import InvalidRequest
from cohortium.sources.cells.months import month_numbers

ISO = "%Y-%m-%d"
_ISO_PATTERN = (
    r"^(?P<Y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})"
    r"(?:[T ](?P<H>\d{2}):(?P<M>\d{2})(?::(?P<S>\d{2}(?:[.,]\d+)?))?)?\s?(?P<z>Z|z|[+-]\d{2}(?::?\d{2})?)?$"
)
_DIRECTIVES = {
    "Y": r"(?P<Y>\d{4})",
    "y": r"(?P<y>\d{2})",
    "m": r"(?P<m>\d{1,2})",
    "d": r"(?P<d>\d{1,2})",
    "H": r"(?P<H>\d{1,2})",
    "I": r"(?P<I>\d{1,2})",
    "M": r"(?P<M>\d{2})",
    "S": r"(?P<S>\d{2}(?:[.,]\d+)?)",
    "p": r"(?P<p>[AaPp]\.?[Mm]\.?)",
    "b": r"(?P<b>\pL{3,10}\.?)",
    "B": r"(?P<b>\pL{3,10}\.?)",
    "z": r"(?P<z>Z|z|[+-]\d{2}:?\d{2})",
}
_FIXED = {"m": r"(?P<m>\d{2})", "d": r"(?P<d>\d{2})", "H": r"(?P<H>\d{2})"}


@dataclass(frozen=True, slots=True)
class DateTexts:
    """What the texts say.

    microseconds : (n,) since 1970-01-01, zone-less times as they stand and zoned ones in UTC; 0 where unreadable.
    readable     : (n,) False where a text is not a date of the format, or no day of the calendar.
    """

    microseconds: NDArray[np.int64]
    readable: NDArray[np.bool_]

    @property
    def has_time(self) -> bool:
        """Whether any readable text names a time of day other than midnight."""
        return bool((self.microseconds[self.readable] % 86_400_000_000 != 0).any())


def read_dates(texts: pa.Array, date_format: str | None = None, *, latest_year: int = 2068) -> DateTexts:
    """Read ``texts`` in ``date_format``, strptime style; ISO 8601 with or without a time when None.

    date_format : several formats are separated by "|" and tried in turn.
    latest_year : a two-digit year is the latest one not after this.
    Raises      : InvalidRequest for a directive that is not known here.
    """
    alternatives = [_ISO_PATTERN] if date_format is None else [_pattern(part) for part in date_format.split("|")]
    microseconds = np.zeros(len(texts), dtype=np.int64)
    readable = np.zeros(len(texts), dtype=np.bool_)
    for pattern in alternatives:
        rest = np.flatnonzero(~readable)
        part = _read_one(texts.take(pa.array(rest)) if readable.any() else texts, pattern, latest_year)
        microseconds[rest] = part.microseconds
        readable[rest] = part.readable
    return DateTexts(microseconds, readable)


def _pattern(date_format: str) -> str:
    pieces = re.split(r"%(.)", date_format.strip())
    out = re.escape(pieces[0])
    if date_format.strip() in (ISO, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"):
        return _ISO_PATTERN
    for place, directive in enumerate(pieces[1::2]):
        literal = pieces[2 * place + 2]
        if directive not in _DIRECTIVES:
            known = " ".join(f"%{letter}" for letter in _DIRECTIVES)
            raise InvalidRequest(f"The date format '{date_format}' has '%{directive}'; known directives are {known}.")
        # Without a mark between two directives, as in %Y%m%d, only fixed widths can tell them apart.
        touches = (place > 0 and pieces[2 * place] == "") or (literal == "" and place < len(pieces) // 2 - 1)
        out += _FIXED.get(directive, _DIRECTIVES[directive]) if touches else _DIRECTIVES[directive]
        out += re.sub(r"(\\ )+", r"\\s+", re.escape(literal))
    return f"^{out}$"


def _read_one(texts: pa.Array, pattern: str, latest_year: int) -> DateTexts:
    parts = pc.extract_regex(texts, pattern=pattern)
    readable = ~np.asarray(parts.is_null())
    found = {field.name: pc.struct_field(parts, field.name) for field in parts.type}
    year = _whole(found["Y"]) if "Y" in found else _century(_whole(found["y"]), latest_year)
    month = month_numbers(found["b"]) if "b" in found else _whole(found["m"], 1)
    day = _whole(found["d"], 1) if "d" in found else np.ones(len(texts), dtype=np.int64)
    readable &= (month >= 1) & (month <= 12) & (year >= 1)
    months = ((year - 1970) * 12 + np.clip(month, 1, 12) - 1).astype("datetime64[M]")
    first = months.astype("datetime64[D]").astype(np.int64)
    length = (months + 1).astype("datetime64[D]").astype(np.int64) - first
    readable &= (day >= 1) & (day <= length)
    seconds, in_range = _seconds_of_day(found)
    readable &= in_range
    microseconds = (first + day - 1) * 86_400_000_000 + np.rint(seconds * 1e6).astype(np.int64)
    return DateTexts(np.where(readable, microseconds, 0), readable)


def _seconds_of_day(found: dict[str, pa.Array]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Seconds since midnight, less the zone's offset; and whether hour, minute and second exist."""
    size = len(next(iter(found.values())))
    hour = _whole(found["H"]) if "H" in found else np.zeros(size, dtype=np.int64)
    in_range = np.ones(size, dtype=np.bool_)
    if "I" in found:
        twelve = _whole(found["I"], 12)
        in_range &= (twelve >= 1) & (twelve <= 12)
        hour = twelve % 12
        if "p" in found:
            hour = hour + 12 * np.asarray(pc.match_substring_regex(found["p"], pattern="^[Pp]").fill_null(False))
    minute = _whole(found["M"]) if "M" in found else np.zeros(size, dtype=np.int64)
    seconds = np.zeros(size)
    if "S" in found:
        text = pc.replace_substring(found["S"], pattern=",", replacement=".")
        seconds = np.asarray(_blank_as(text, "0").cast(pa.float64()), dtype=np.float64)
    in_range &= (hour < 24) & (minute < 60) & (seconds < 60)
    total = hour * 3600 + minute * 60 + seconds
    if "z" in found:
        total = total - _offset_seconds(found["z"])
    return np.asarray(total, dtype=np.float64), in_range


def _offset_seconds(zones: pa.Array) -> NDArray[np.int64]:
    digits = pc.replace_substring_regex(zones, pattern=r"[^0-9]", replacement="")
    padded = pc.utf8_rpad(_blank_as(digits, "0"), width=4, padding="0")
    number = np.asarray(padded.cast(pa.int64()), dtype=np.int64)
    sign = np.where(np.asarray(pc.starts_with(zones, pattern="-").fill_null(False)), -1, 1)
    return np.asarray(sign * ((number // 100) * 3600 + (number % 100) * 60))


def _century(year: NDArray[np.int64], latest_year: int) -> NDArray[np.int64]:
    return np.asarray(latest_year - (latest_year - year) % 100)


def _whole(texts: pa.Array, when_blank: int = 0) -> NDArray[np.int64]:
    return np.array(_blank_as(texts, str(when_blank)).cast(pa.int64()), dtype=np.int64)


def _blank_as(texts: pa.Array, replacement: str) -> pa.Array:
    filled = texts.fill_null(replacement)
    return pc.if_else(pc.equal(filled, ""), replacement, filled)
