"""Dates in all their written forms: found, read, and written again in the same form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from cohortium.anonymise.notes.folding import folded
from cohortium.anonymise.notes.language import Language, language
from cohortium.anonymise.notes.span import Span
from cohortium.anonymise.notes.vocabulary import Type

CENTURY_TURN = 30
"""Two digits up to this are of the century that began in 2000."""
MONTH_FIRST = ("en",)
_YEAR = r"(?P<y>(?:1[89]|20)\d\d)"
_SHORT_YEAR = r"(?P<y>(?:1[89]|20)\d\d|['’]?\d\d)"
_DAY = r"(?P<d>0?[1-9]|[12]\d|3[01])"
_ORDINAL = r"(?:(?P<o>st|nd|rd|th|er)|º|°|\.)?"


@dataclass(frozen=True, slots=True)
class WrittenDate:
    """A date as it stands in a text; year, month or day is None where the text leaves it out.

    pieces : (first place, last place, what it is) within the text: "d", "m", "b" (month's name), "y",
             "w" (weekday), "o" ("st", "nd").
    """

    text: str
    year: int | None
    month: int | None
    day: int | None
    pieces: tuple[tuple[int, int, str], ...]

    def exact(self) -> date | None:
        """The day, where the text says which."""
        if self.year is None or self.month is None or self.day is None:
            return None
        return _valid(self.year, self.month, self.day)

    def shifted(self, days: int, code: str) -> str:
        """The text of the date ``days`` later, in the same form; a missing part counts as its middle."""
        middle_day = min(self.day or 15, 28) if self.exact() is None else self.day or 15
        start = _valid(self.year or 2001, self.month or 7, middle_day) or date(2001, 7, 15)
        try:
            moved = start + timedelta(days=days)
        except OverflowError:
            moved = start
        text = self.text
        for first, last, what in sorted(self.pieces, reverse=True):
            text = text[:first] + _rewritten(text[first:last], what, moved, language(code)) + text[last:]
        return text


def _valid(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _rewritten(old: str, what: str, moved: date, words: Language) -> str:
    if what == "y":
        digits = old.lstrip("'’")
        return old[: len(old) - len(digits)] + (f"{moved.year:04d}" if len(digits) == 4 else f"{moved.year % 100:02d}")
    if what in "dm":
        number = moved.day if what == "d" else moved.month
        return f"{number:02d}" if len(old) == 2 and (old[0] == "0" or number < 10) else str(number)
    if what == "o":
        return _ordinal(moved.day) if words.code == "en" else old if moved.day == 1 else ""
    if what == "w":
        return _cased(words.weekdays[moved.weekday()], old)
    forms = words.months[moved.month - 1].split()
    full = any(folded(old) == folded(month.split()[0]) for month in words.months)
    new = forms[0] if full else next((form for form in forms if len(form) <= 4), forms[-1])
    return _cased(new, old)


def _ordinal(day: int) -> str:
    return "th" if 10 < day % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def _cased(word: str, like: str) -> str:
    if like.isupper():
        return word.upper()
    return word.capitalize() if like[:1].isupper() else word.lower()


@cache
def _patterns(code: str) -> tuple[tuple[re.Pattern[str], float, str], ...]:
    words = language(code)
    names = "|".join(
        sorted((re.escape(form) for forms in words.months for form in forms.split()), key=len, reverse=True)
    )
    month = rf"(?P<b>(?:{names})(?![^\W\d_]))"
    week = rf"(?:(?P<w>{'|'.join(words.weekdays)})\s*,?\s+)?"
    between = "|".join([*words.date_links, r"[-/.,]"])
    links = rf"(?:\s*(?:{between})?\s*)"
    numeric = (
        r"(?<![\d/.,\-])(?P<a>\d{1,2})(?P<s>\s?[/.\-|]\s?)(?P<c>\d{1,2})(?P=s)" + _SHORT_YEAR + r"(?![\d/|]|[.,\-]\d)"
    )
    found = [
        (rf"(?<![\d/.,\-]){_YEAR}(?P<s>[-/.])(?P<m>0?[1-9]|1[0-2])(?P=s){_DAY}(?!\d)", 0.97, "date, year first"),
        (numeric, 0.94, "date in numbers"),
        (rf"\b{week}{_DAY}{_ORDINAL}{links}{month}\.?{links}{_SHORT_YEAR}(?!\d|\s?(?:mg|ml|%|h\b|:))",
         0.95, "date, written out"),
        (rf"\b{week}{month}\.?\s+{_DAY}(?P<o>st|nd|rd|th)?\s*,?\s+{_YEAR}\b", 0.95, "date, written out"),
        (rf"\b{month}\.?{links}['’]?{_YEAR}\b", 0.9, "month and year"),
        (rf"\b{week}{_DAY}{_ORDINAL}{links}{month}(?!\w)", 0.7, "day and month"),
        (rf"\b{week}{month}\.?\s+{_DAY}(?P<o>st|nd|rd|th)?\b(?![\d.,]*\s?(?:mg|ml|%))", 0.7, "day and month"),
        (rf"(?<![\d/.,\-])(?P<m>0?[1-9]|1[0-2])[/\-.]{_YEAR}(?![\d/])", 0.89, "month and year"),
        (r"(?<![\d/.,\-])(?P<a>\d{2})/(?P<c>\d{2})(?![\d/.,]|\s?(?:mm|%))", 0.35, "day and month"),
        (r"(?<!\d)(?P<d>0[1-9]|[12]\d|3[01])(?P<m>0[1-9]|1[0-2])(?P<y>(?:19|20)\d\d)(?!\d)",
         0.45, "date without marks"),
        (r"(?<!\d)(?P<y>(?:19|20)\d\d)(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])(?!\d)",
         0.45, "date without marks"),
        (rf"\b{month}", 0.3, "month"),
        (rf"(?<![\d/.,\-+]){_YEAR}(?![\d/%]|[.,]\d|\s?(?:mg|ml|g|kcal|UI|U)\b)", 0.3, "year"),
    ]  # fmt: skip
    return tuple((re.compile(pattern, re.IGNORECASE), score, rule) for pattern, score, rule in found)


def dates(text: str, code: str) -> Iterator[Span]:
    """Every date in ``text``; what could also be a measurement or a plain number has a low score."""
    for pattern, score, rule in _patterns(code):
        for match in pattern.finditer(text):
            if _read(match, code) is not None:
                yield Span(match.start(), match.end(), Type.DATE, score, rule)


def read_date(text: str, code: str) -> WrittenDate | None:
    """The date that ``text`` is, or that its beginning is; None where none of the known forms fits."""
    best: WrittenDate | None = None
    for pattern, _, _ in _patterns(code):
        match = pattern.search(text)
        found = None if match is None else _read(match, code, text)
        if found is not None and (best is None or len(found.pieces) > len(best.pieces)):
            best = found
    return best


def _read(match: re.Match[str], code: str, text: str | None = None) -> WrittenDate | None:
    groups = match.groupdict()
    day, month = groups.get("d"), groups.get("m")
    kinds = {"d": "d", "m": "m", "y": "y", "b": "b", "w": "w", "o": "o"}
    if groups.get("a"):
        first, second = int(groups["a"]), int(groups["c"])
        month_first = second > 12 or (code in MONTH_FIRST and first <= 12)
        kinds |= {"a": "m", "c": "d"} if month_first else {"a": "d", "c": "m"}
        day, month = (groups["c"], groups["a"]) if month_first else (groups["a"], groups["c"])
    number = language(code).month_forms().get(folded(groups["b"])) if groups.get("b") else int(month) if month else None
    if (number is not None and not 1 <= number <= 12) or (day and not 1 <= int(day) <= 31):
        return None
    shift = 0 if text is not None else match.start()
    pieces = tuple(
        (match.start(name) - shift, match.end(name) - shift, kind) for name, kind in kinds.items() if groups.get(name)
    )
    return WrittenDate(
        text if text is not None else match.group(), _year(groups.get("y")), number, int(day) if day else None, pieces
    )


def _year(digits: str | None) -> int | None:
    if not digits:
        return None
    bare = digits.lstrip("'’")
    if len(bare) == 4:
        return int(bare)
    return int(bare) + (2000 if int(bare) <= CENTURY_TURN else 1900)
