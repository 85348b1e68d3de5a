"""What the tagger says of each token: outside, or the beginning, inside, end or whole of a span of some type."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from cohortium.anonymise.notes.tokens import Tokens
from cohortium.anonymise.notes.vocabulary import Type

if TYPE_CHECKING:
    from numpy.typing import NDArray

OUTSIDE = 0
FORBIDDEN = np.float32(-1e4)


def label_names(types: Iterable[Type]) -> tuple[str, ...]:
    """ "O", then B, I, E and S of each type."""
    return ("O", *(f"{place}-{kind}" for kind in sorted(types) for place in "BIES"))


def encoded(tokens: Tokens, spans: Iterable[tuple[int, int, Type]], names: Sequence[str]) -> NDArray[np.int64]:
    """(n,) labels of tokens under spans of characters; a token that a span cuts counts as within."""
    number = {name: place for place, name in enumerate(names)}
    labels = np.zeros(len(tokens), np.int64)
    for start, end, kind in spans:
        first = int(np.searchsorted(tokens.ends, start, side="right"))
        last = int(np.searchsorted(tokens.starts, end, side="left")) - 1
        if last < first or f"S-{kind}" not in number:
            continue
        if last == first:
            labels[first] = number[f"S-{kind}"]
            continue
        labels[first] = number[f"B-{kind}"]
        labels[first + 1 : last] = number[f"I-{kind}"]
        labels[last] = number[f"E-{kind}"]
    return labels


def transitions(names: Sequence[str]) -> NDArray[np.float32]:
    """(L + 1, L + 1) zeros where one label may follow another, else FORBIDDEN; the last one is a line's edge."""
    n = len(names)
    table = np.zeros((n + 1, n + 1), np.float32)
    for before in range(n + 1):
        for after in range(n + 1):
            is_open = before < n and names[before][0] in "BI"
            goes_on = after < n and names[after][0] in "IE"
            same = before < n and after < n and names[before][2:] == names[after][2:]
            if is_open != goes_on or (is_open and not same):
                table[before, after] = FORBIDDEN
    return table


def decoded(path: NDArray[np.int64], names: Sequence[str]) -> list[tuple[int, int, Type]]:
    """(first token, last token, type) of every span in a path of labels."""
    found = []
    first = 0
    for place, label in enumerate(path):
        position = names[label][0]
        if position in "BS":
            first = place
        if position in "ES":
            found.append((first, place, Type(names[label][2:])))
    return found
