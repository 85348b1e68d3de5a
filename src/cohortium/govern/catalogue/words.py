"""Words of a text as the search knows them: without accents, capitals and ligatures, in every writing alike."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from cohortium.errors import InvalidRequest

_WORD = re.compile(r"[^\W_]+")
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"})
LONGEST = 60
MOST_TERMS = 16
_QUERY = re.compile(r'(?P<minus>-)?(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+))')


def folded(text: str) -> str:
    """The text without accents and capitals: "Ménière" and "MENIERE" are both "meniere", "Größe" is "grosse"."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in apart if not unicodedata.combining(one)).translate(_LETTERS)


def words(text: str) -> list[str]:
    """Its words, folded; very long ones cut, so that they fit into every index."""
    return [one[:LONGEST] for one in _WORD.findall(folded(text))]


def places(text: str) -> Iterator[tuple[str, int, int]]:
    """Each folded word with where it begins and ends in the text as it is written."""
    for match in _WORD.finditer(unicodedata.normalize("NFC", text)):
        for part in words(match.group()):
            yield part, match.start(), match.end()


@dataclass(frozen=True, slots=True)
class Term:
    """What is looked for: words one after the other, the last perhaps only begun, or texts without them."""

    words: tuple[str, ...]
    is_begun: bool = False
    is_excluded: bool = False


def terms(text: str) -> tuple[Term, ...]:
    """What a person typed: all words must occur; "in quotes" together, begun* for a beginning, -without for none.

    Raises : InvalidRequest for more terms than anybody types; what is no word is passed over.
    """
    found = []
    for match in _QUERY.finditer(text[:1_000]):
        written = match.group("phrase") if match.group("word") is None else match.group("word")
        inside = tuple(words(written))
        if inside:
            is_begun = match.group("word") is not None and written.endswith("*") and len(inside[-1]) >= 2
            found.append(Term(inside, is_begun, match.group("minus") is not None))
    if len(found) > MOST_TERMS:
        raise InvalidRequest(f"A search has at most {MOST_TERMS} words or phrases; this has {len(found)}.")
    return tuple(dict.fromkeys(found))


def highlighted(text: str, sought: tuple[Term, ...], most: int = 0) -> tuple[tuple[str, bool], ...]:
    """The text in pieces, each with whether it was looked for; a page escapes each piece and marks some.

    most : how many characters to show, around the first that was looked for; 0 for all.
    """
    written = unicodedata.normalize("NFC", text)
    whole = {one for term in sought if not term.is_excluded for one in term.words}
    begun = tuple(term.words[-1] for term in sought if term.is_begun and not term.is_excluded)
    found = places(written) if whole or begun else ()
    marks = [(start, end) for word, start, end in found if word in whole or (begun and word.startswith(begun))]
    first, last = _window(written, marks, most)
    pieces: list[tuple[str, bool]] = [("…", False)] if first else []
    at = first
    for start, end in marks:
        if start < at or end > last:
            continue
        pieces += [(written[at:start], False), (written[start:end], True)]
        at = end
    pieces += [(written[at:last], False)] + ([("…", False)] if last < len(written) else [])
    return tuple(piece for piece in pieces if piece[0])


def _window(text: str, marks: list[tuple[int, int]], most: int) -> tuple[int, int]:
    if not most or len(text) <= most:
        return 0, len(text)
    first = max(0, (marks[0][0] if marks else 0) - most // 4)
    first = 0 if first == 0 else text.find(" ", first) + 1 or first
    last = min(len(text), first + most)
    end = text.rfind(" ", first + most // 2, last) if last < len(text) else last
    return first, end if end > 0 else last
