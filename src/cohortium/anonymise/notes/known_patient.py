"""What the structured record knows of a patient, found again in the patient's notes.

Names count in any case, with or without accents, in any order, as initials beside another name, joined or apart, and
with one letter wrong in words of five or more; numbers with any marks between; dates in any written form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from cohortium.anonymise.notes.eponyms import is_eponym
from cohortium.anonymise.notes.folding import WORD, folded
from cohortium.anonymise.notes.language import language
from cohortium.anonymise.notes.near_words import NearWords
from cohortium.anonymise.notes.recognisers.dates import read_date
from cohortium.anonymise.notes.span import Span
from cohortium.anonymise.notes.vocabulary import Type

CERTAIN = 1.0
SHORTEST_NUMBER = 4


@dataclass(frozen=True)
class KnownPatient:
    """Identifiers of one patient, from the structured record.

    names     : given names, surnames, names of next of kin; each as the record has it.
    numbers   : record, insurance and telephone numbers, postcodes; compared by letters and digits alone.
    dates     : of birth, admission and others.
    addresses : streets, with or without a number; towns.
    mails     : e-mail addresses.
    """

    names: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    dates: tuple[date, ...] = ()
    addresses: tuple[str, ...] = ()
    mails: tuple[str, ...] = ()
    _cache: dict[str, NearWords] = field(default_factory=dict, repr=False, compare=False)

    def find(self, text: str, code: str, written_dates: Iterable[Span]) -> Iterator[Span]:
        """Every place where ``text`` names one of the identifiers.

        written_dates : what the date recogniser found, of whatever score; those of known days are returned.
        """
        plain = folded(text)
        yield from self._found_names(text, plain, code)
        for pattern, kind, rule in self._patterns:
            for match in pattern.finditer(plain):
                yield Span(match.start(), match.end(), kind, CERTAIN, rule)
        if self.dates:
            for span in written_dates:
                if _days(text[span.start : span.end], code) & set(self.dates):
                    yield Span(span.start, span.end, Type.DATE, CERTAIN, "known date")

    def _found_names(self, text: str, plain: str, code: str) -> Iterator[Span]:
        near = self._near(code)
        hits = [
            match.span()
            for match in WORD.finditer(plain)
            if near.has(match.group(), text[match.start() : match.end()])
            and not is_eponym(text, match.start(), match.end(), titled=True)
        ]
        for start, end in _with_initials(text, _joined(text, hits, language(code).particles), near.initials):
            yield Span(start, end, Type.PATIENT, CERTAIN, "known name")
        for match in near.dotted.finditer(text) if near.dotted else ():
            yield Span(match.start(), match.end(), Type.PATIENT, CERTAIN, "known initials")

    def _near(self, code: str) -> NearWords:
        if code not in self._cache:
            words = language(code)
            self._cache[code] = NearWords.of(self.names, ordinary=words.ordinary, particles=words.particles)
        return self._cache[code]

    @cached_property
    def _patterns(self) -> tuple[tuple[re.Pattern[str], Type, str], ...]:
        found = [
            (_number(value), Type.PATIENT_ID, "known number")
            for value in self.numbers
            if len(_signs(value)) >= SHORTEST_NUMBER
        ]
        found += [(_words(value), Type.STREET if any(c.isdigit() for c in value) else Type.PLACE, "known address")
                  for value in self.addresses if len(_signs(value)) >= SHORTEST_NUMBER]  # fmt: skip
        found += [(_street(value), Type.STREET, "known address") for value in self.addresses if _street_words(value)]
        found += [(re.compile(re.escape(folded(value))), Type.EMAIL, "known e-mail") for value in self.mails if value]
        found += [(_in_numbers(day), Type.DATE, "known date") for day in self.dates]
        return tuple(found)


def _in_numbers(day: date) -> re.Pattern[str]:
    """The day in numbers with any marks or blanks between, in any order, whatever else the text may mean by them."""
    d, m, y = rf"0?{day.day}", rf"0?{day.month}", rf"(?:{day.year}|{day.year % 100:02d})"
    mark = r"\s?[\s/.\-|]\s?"
    orders = (f"{d}{mark}{m}{mark}{y}", f"{m}{mark}{d}{mark}{y}", f"{day.year}{mark}{m}{mark}{d}")
    close = f"{day.day:02d}{day.month:02d}{day.year}|{day.year}{day.month:02d}{day.day:02d}"
    return re.compile(rf"(?<!\d)(?:{'|'.join(orders)}|{close})(?!\d)")


def _signs(value: str) -> str:
    return "".join(c for c in folded(value) if c.isalnum())


def _number(value: str) -> re.Pattern[str]:
    """The number's letters and digits with any marks between; of a telephone number also without its country."""
    signs = _signs(value)
    wholes = {signs, signs.lstrip("0")} | (
        {signs[-9:]} if value.strip().startswith(("+", "00")) and len(signs) > 10 else set()
    )
    spaced = "|".join(
        r"[\s.\-/()]{0,2}".join(map(re.escape, whole))
        for whole in sorted(wholes, key=len, reverse=True)
        if len(whole) >= SHORTEST_NUMBER
    )
    return re.compile(rf"(?<![a-z0-9])0?(?:{spaced or re.escape(signs)})(?![a-z0-9])")


def _words(value: str) -> re.Pattern[str]:
    parts = re.findall(r"[^\W\d_]+|\d+", folded(value))
    return re.compile(r"(?<!\w)" + r"[\W_]{0,3}".join(map(re.escape, parts)) + r"(?!\w)")


_STREET_KINDS = frozenset(
    folded(word).rstrip(".")
    for code in ("en", "es", "de", "fr", "it", "nl")
    for words in (language(code).streets_before, language(code).streets_after, language(code).particles)
    for word in words
)


def _street_words(value: str) -> list[str]:
    words = [word for word in re.findall(r"[^\W\d_]+", folded(value)) if word not in _STREET_KINDS and len(word) > 2]
    return words if any(len(word) >= 5 for word in words) and any(c.isdigit() for c in value) else []


def _street(value: str) -> re.Pattern[str]:
    """The street by the words that set it apart, whatever it is called ("C/", "calle"), with a number after it."""
    return re.compile(
        r"(?<!\w)"
        + r"[\W_]+(?:\w{1,3}[\W_]+)?".join(map(re.escape, _street_words(value)))
        + r"(?!\w)(?:,?\s*(?:n\S{0,2}\s*)?\d{1,4}\w?)?"
    )


def _days(text: str, code: str) -> set[date]:
    """The days that a written date may be, day and month in either order."""
    written = read_date(text, code)
    if written is None or written.year is None or written.month is None or written.day is None:
        return set()
    found = set()
    for month, day in ((written.month, written.day), (written.day, written.month)):
        for year in (written.year, written.year - 100, written.year + 100):
            try:
                found.add(date(year, month, day))
            except ValueError:
                continue
    return found


def _joined(text: str, hits: list[tuple[int, int]], particles: tuple[str, ...]) -> list[tuple[int, int]]:
    """Names that stand side by side, or with particles between ("García de la Torre"), as one."""
    whole: list[tuple[int, int]] = []
    for start, end in hits:
        if whole:
            words = folded(text[whole[-1][1] : start]).replace("-", " ").replace(",", " ").split()
            if (
                start - whole[-1][1] <= 12
                and "\n" not in text[whole[-1][1] : start]
                and all(word in particles for word in words)
            ):
                whole[-1] = (whole[-1][0], end)
                continue
        whole.append((start, end))
    return whole


def _with_initials(text: str, hits: list[tuple[int, int]], initials: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Each name, with the patient's initials that stand right before or after it."""
    for start, end in hits:
        before = re.search(r"(?<![^\W\d_])(?:[^\W\d_]\.?[ \-]?){1,3}$", text[max(0, start - 9) : start])
        first = start
        if (
            before
            and all(folded(letter) in initials for letter in before.group() if letter.isalpha())
            and "." in before.group() + text[start - 1 : start] + "."
        ):
            first = start - len(before.group())
        after = re.match(r",?[ ](?:[^\W\d_]\.[ ]?){1,3}", text[end : end + 10])
        last = (
            end + len(after.group().rstrip(" "))
            if after and all(folded(letter) in initials for letter in after.group() if letter.isalpha())
            else end
        )
        yield first, last
