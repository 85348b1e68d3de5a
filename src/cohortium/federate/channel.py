"""How the hub reaches sites: bytes out, bytes back. NVIDIA FLARE is one channel, a call in the same process another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol


class Channel(Protocol):
    """A way to ask several sites at once."""

    def sites(self) -> tuple[str, ...]:
        """Names of the sites that are connected now."""
        ...

    def ask(self, requests: Mapping[str, bytes], timeout_s: float) -> dict[str, bytes | None]:
        """Each site's reply; None where none came in time. Whatever a site does, this returns."""
        ...


class InProcess:
    """Sites in this very process, through the same bytes: for simulation, rehearsal and tests.

    desks : name of a site -> what answers there.
    """

    def __init__(self, desks: Mapping[str, Callable[[bytes], bytes]]) -> None:
        self.desks = dict(desks)

    def sites(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(self.desks)

    def ask(self, requests: Mapping[str, bytes], timeout_s: float) -> dict[str, bytes | None]:
        """Replies, taken one site after the other's start; ``timeout_s`` plays no part here."""
        del timeout_s
        with ThreadPoolExecutor(max_workers=max(1, min(8, len(requests)))) as pool:
            replies = pool.map(lambda site: self.desks[site](requests[site]), requests)
            return dict(zip(requests, replies, strict=True))
