"""Sums: named arrays that add up over sites, the only thing that leaves one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.errors import ProtocolViolation
from cohortium.records.parcel import pack, unpack

if TYPE_CHECKING:
    from numpy.typing import NDArray

PERSONS = "persons"
"""Every sum carries the number of persons behind it under this name; the disclosure rules ask for it."""

Layout = tuple[tuple[str, str, tuple[int, ...], float | None], ...]


class Sums(Mapping[str, "NDArray[Any]"]):
    """Named float64 or int64 arrays that add up over sites: the only thing that leaves one.

    arrays : among them ``persons`` (scalar, int64), the persons whose records are in the sums.
    bounds : name -> largest absolute value that one site's entries may take; known to all beforehand (a function of the
             state, never of records). Lets a secure sum use one machine word a value instead of two.
    noise  : name -> standard deviation of the noise in each entry of a total that was formed in mode "dp"; empty where
             the sums are exact, as a site's own always are. It does not travel.
    Names, shapes, types and bounds follow from the state alone, so every site's sums are alike, an empty site's too.
    """

    __slots__ = ("_arrays", "bounds", "noise")

    def __init__(
        self,
        arrays: Mapping[str, Any],
        bounds: Mapping[str, float] | None = None,
        noise: Mapping[str, float] | None = None,
    ) -> None:
        found: dict[str, NDArray[Any]] = {}
        for name, values in arrays.items():
            array = np.asarray(values)
            whole = np.issubdtype(array.dtype, np.integer) or array.dtype == np.bool_
            found[name] = array.astype(np.int64 if whole else np.float64)
        if PERSONS not in found or found[PERSONS].shape != () or found[PERSONS].dtype != np.int64:
            raise ProtocolViolation("Sums must carry 'persons', the whole number of persons behind them.")
        self._arrays = MappingProxyType(dict(sorted(found.items())))
        self.bounds: Mapping[str, float] = MappingProxyType(dict(bounds or {}))
        self.noise: Mapping[str, float] = MappingProxyType(dict(noise or {}))

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    @property
    def persons(self) -> int:
        """Persons whose records are in the sums."""
        return int(self._arrays[PERSONS])

    @property
    def layout(self) -> Layout:
        """Name, type, shape and bound of every array, in order."""
        return tuple((n, a.dtype.str, a.shape, self.bounds.get(n)) for n, a in self._arrays.items())

    def __add__(self, other: Sums) -> Sums:
        """The sums over both; raises ProtocolViolation where they are not alike."""
        if self.layout != other.layout:
            raise ProtocolViolation("Sums of two sites differ in names, shapes or types; they cannot be added.")
        noisy = self.noise.keys() | other.noise.keys()
        noise = {name: math.hypot(self.noise.get(name, 0.0), other.noise.get(name, 0.0)) for name in noisy}
        return Sums({name: self[name] + other[name] for name in self}, self.bounds, noise)

    def __reduce__(self) -> tuple[type[Sums], tuple[dict[str, Any], dict[str, float], dict[str, float]]]:
        """As they go between the processes of one site."""
        return Sums, (dict(self._arrays), dict(self.bounds), dict(self.noise))

    def to_bytes(self) -> bytes:
        """As they travel."""
        return pack({"bounds": dict(self.bounds)}, self._arrays)

    @classmethod
    def from_bytes(cls, data: bytes) -> Sums:
        """What ``to_bytes`` made; raises ProtocolViolation."""
        parcel = unpack(data)
        return cls(parcel.arrays, parcel.facts.get("bounds", {}))
