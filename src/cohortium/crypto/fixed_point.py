"""Named arrays as one vector of 64-bit words that may be added modulo 2^64 by whoever cannot read them, and back.

Three ways to hold a value, chosen per array by what its layout says; n is the number of parties that add.

int64        one word, two's complement. Exact. Refused where |x| > (2^63 - 1) / n, so that no sum wraps.
float64      with a bound B, |x| <= B at every party: one word, round(x 2^f), where f is the largest whole number with
             n ceil(B 2^f) < 2^63. Proof that no sum wraps: rounding to the nearest whole number is monotonic and
             keeps whole numbers, so |round(x 2^f)| <= ceil(B 2^f), and n of them stay below 2^63.
             Each party errs by at most 2^-(f + 1), hence the sum by at most n 2^-(f + 1); f >= 62 - log2(n B) roughly,
             so that a sum is known to about 2^-63 n of its largest possible value.
float64      without a bound: two words, floor(x) and the fraction in units of 2^-f, f = 62 or less where 4 < n:
             n 2^f <= 2^64. Proof that no carry is lost: every party's fraction is below 2^f units, so n of them
             stay below 2^64; carries into the whole part are taken from that sum on decoding. The whole part is
             refused where |x| > 2^62 / n; the sum then stays within 2^62 + n. Errs by at most n 2^-(f + 1).

Decoding rounds once more, to float64: by at most two units in the last place of the sum.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.errors import InvalidRequest, ProtocolViolation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Words = NDArray[np.uint64]

Layout = tuple[tuple[str, str, tuple[int, ...], float | None], ...]
"""Name, dtype, shape and bound (None where there is none) of every array, in order."""

MOST_PARTIES = 1 << 20
_FRACTION_BITS = 62
_WHOLE_LIMIT = 1 << 62


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the arrays of one layout become words, agreed on by all parties beforehand.

    layout  : what every party's arrays look like; names are unique, dtypes ``<i8`` or ``<f8``.
    parties : the largest number of vectors that may be added.
    Raises  : InvalidRequest where the layout cannot be encoded.
    """

    layout: Layout
    parties: int

    def __post_init__(self) -> None:
        if not 1 <= self.parties <= MOST_PARTIES:
            raise InvalidRequest(f"A secure sum has 1 to {MOST_PARTIES:,} parties, not {self.parties:,}.")
        names = [name for name, *_ in self.layout]
        if len(set(names)) != len(names):
            raise InvalidRequest("The arrays of a secure sum need different names.")
        for name, kind, _shape, bound in self.layout:
            if np.dtype(kind) not in (np.dtype("<i8"), np.dtype("<f8")):
                raise InvalidRequest(f"'{name}' is of type {kind}; a secure sum takes int64 and float64.")
            if bound is not None and not 0 <= bound < math.inf:
                raise InvalidRequest(f"The bound of '{name}' must be a finite number, 0 or more.")

    @property
    def words(self) -> int:
        """Length of the vector."""
        return sum(_words_of(kind, bound) * math.prod(shape) for _, kind, shape, bound in self.layout)

    @property
    def error(self) -> dict[str, float]:
        """Name -> largest error of an entry of the decoded sum, before the rounding to float64; 0 where exact."""
        return {
            name: 0.0 if _is_whole(kind) or bound == 0 else math.ldexp(self.parties, -(self._bits(bound) + 1))
            for name, kind, _, bound in self.layout
        }

    def encode(self, arrays: Mapping[str, NDArray[Any]]) -> Words:
        """One party's arrays as words, shape (words,).

        Raises : ProtocolViolation where an array is missing, looks other than the layout says, is not finite, or
                 passes its bound or what the sum can hold; nothing is ever clipped or wrapped.
        """
        if set(arrays) != {name for name, *_ in self.layout}:
            raise ProtocolViolation("The arrays to be summed are not those of the agreed layout.")
        vector = np.empty(self.words, dtype="<u8")
        for place, (name, kind, shape, bound) in self._places():
            array = np.asarray(arrays[name])
            if array.shape != tuple(shape) or array.dtype != np.dtype(kind):
                raise ProtocolViolation(
                    f"'{name}' should be {kind} of shape {tuple(shape)}; it is {array.dtype} of shape {array.shape}."
                )
            vector[place] = self._encoder(kind, bound)(name, array.ravel(), bound)
        return vector

    def decode(self, total: Words) -> dict[str, NDArray[Any]]:
        """The sum over the parties, from the sum of their words modulo 2^64.

        Raises : ProtocolViolation where the vector has another length or type.
        """
        if total.shape != (self.words,) or total.dtype != np.uint64:
            raise ProtocolViolation(
                f"A total of {self.words:,} words (uint64) was expected; {total.shape} of {total.dtype} came."
            )
        found: dict[str, NDArray[Any]] = {}
        for place, (name, kind, shape, bound) in self._places():
            words = total[place]
            if _is_whole(kind):
                values: NDArray[Any] = words.view(np.int64).copy()
            elif bound is None:
                values = self._sum_of_pairs(words)
            else:
                values = np.ldexp(words.view(np.int64).astype(np.float64), -self._bits(bound))
            found[name] = values.reshape(shape)
        return found

    def _places(self) -> Iterator[tuple[slice, tuple[str, str, tuple[int, ...], float | None]]]:
        ends = [0]
        for _, kind, shape, bound in self.layout:
            ends.append(ends[-1] + _words_of(kind, bound) * math.prod(shape))
        return zip((slice(*ends_of) for ends_of in pairwise(ends)), self.layout, strict=True)

    def _bits(self, bound: float | None) -> int:
        if bound is None:
            return min(_FRACTION_BITS, 64 - (self.parties - 1).bit_length())
        return _scale_bits(bound, self.parties)

    def _encoder(self, kind: str, bound: float | None) -> Callable[[str, NDArray[Any], float | None], Words]:
        if _is_whole(kind):
            return self._whole
        return self._pairs if bound is None else self._scaled

    def _whole(self, name: str, values: NDArray[Any], bound: float | None) -> Words:
        limit = ((1 << 63) - 1) // self.parties
        limit = limit if bound is None else min(limit, math.floor(bound))
        # Not abs(): the smallest int64 has no absolute value.
        if values.size and (values.max() > limit or values.min() < -limit):
            raise ProtocolViolation(f"'{name}' has an entry beyond {limit:,}, the most that its sum can hold.")
        words: Words = values.astype(np.int64, copy=False).view(np.uint64)
        return words

    def _scaled(self, name: str, values: NDArray[Any], bound: float | None) -> Words:
        limit = 0.0 if bound is None else bound
        if not (np.abs(values) <= limit).all():  # so put, NaN is refused too
            raise ProtocolViolation(f"'{name}' has an entry that is not a number, or beyond its bound of {limit:g}.")
        words: Words = np.rint(np.ldexp(values, self._bits(bound))).astype(np.int64).view(np.uint64)
        return words

    def _pairs(self, name: str, values: NDArray[Any], bound: float | None) -> Words:
        limit = _WHOLE_LIMIT / self.parties
        if not (np.abs(values) <= limit).all():
            raise ProtocolViolation(
                f"'{name}' has an entry that is not a number, or beyond {limit:.3g}; give the array a bound."
            )
        bits = self._bits(bound)
        whole = np.trunc(values)
        units = np.rint(np.ldexp(values - whole, bits)).astype(np.int64)  # the difference is exact
        pairs = np.empty((2, values.size), dtype=np.int64)
        pairs[0] = whole.astype(np.int64) + (units >> bits)  # -1 below zero; 1 where rounding reached the next whole
        pairs[1] = units & ((1 << bits) - 1)
        return pairs.view(np.uint64).ravel()

    def _sum_of_pairs(self, words: Words) -> NDArray[np.float64]:
        bits = self._bits(None)
        high, low = words.reshape(2, -1)
        whole = high.view(np.int64) + (low >> np.uint64(bits)).astype(np.int64)
        units = (low & np.uint64((1 << bits) - 1)).astype(np.int64)
        # Counted from the nearest whole number: small sums below zero would lose their digits beside -1.
        upper = units >> (bits - 1)
        return (whole + upper).astype(np.float64) + np.ldexp((units - (upper << bits)).astype(np.float64), -bits)


def _is_whole(kind: str) -> bool:
    return np.dtype(kind) == np.dtype("<i8")


def _words_of(kind: str, bound: float | None) -> int:
    return 2 if bound is None and not _is_whole(kind) else 1


def _scale_bits(bound: float, parties: int) -> int:
    """The largest f with parties * ceil(bound * 2^f) < 2^63; 0 for a bound of zero, where every f would do."""
    if bound == 0:
        return 0
    exact = Fraction(bound)
    bits = 64 - (math.frexp(bound)[1] - 1) - (parties.bit_length() - 1)  # one or two more than fit
    while parties * math.ceil(exact * Fraction(2) ** bits) >= 1 << 63:
        bits -= 1
    return bits
